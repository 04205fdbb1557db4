// What a lane hands to its loader next: rows, rejects, and the steps of positions and progress that go with them.

import Records

/// Why and when a batch ends. A value of each builder.
package struct BatchLimits: Sendable {
    /// 50,000 rows a transaction was the fastest measured.
    package static let most = 50_000
    /// A loader that has had nothing to do begins with fewer, so as not to wait for them while they are read.
    package static let fewest = 10_000
    package static let bytes = 16 << 20
    /// Jobs a batch may touch, in all its partitions: a topic may be full of files of one line.
    package static let jobs = 4_096
    /// A batch that has anything in it is loaded at the latest this long after its first message.
    package static let age = Duration.seconds(1)
    /// With nothing more to read, this long after the last message: while a push runs beside it, batches grow.
    package static let quiet = Duration.milliseconds(50)

    package private(set) var rows = BatchLimits.fewest

    package init() {}

    package func isFull(rows: Int, bytes: Int) -> Bool { rows >= self.rows || bytes >= Self.bytes }

    /// The batcher's decision. `quiet`: since the last message of any partition; nil while there is more to read.
    package func isDue(rows: Int, bytes: Int, age: Duration, quiet: Duration?) -> Bool {
        isFull(rows: rows, bytes: bytes) || age >= Self.age || quiet.map { $0 >= Self.quiet } ?? false
    }

    /// A batch ended: if it was full, the next may have twice as many rows.
    package mutating func ended(rows: Int, bytes: Int) {
        self.rows = isFull(rows: rows, bytes: bytes) ? min(2 * self.rows, Self.most) : Self.fewest
    }
}

/// Builds batches for one loader. Used by the polling thread only.
final class BatchBuilder {
    private(set) var batch: Batch
    private(set) var serial: UInt64 = 1
    private(set) var partitions: [PartitionState] = []
    private(set) var jobs: [JobProgress] = []
    private(set) var opened: ContinuousClock.Instant?
    private var limits = BatchLimits()

    init(_ batch: Batch) { self.batch = batch }

    var isEmpty: Bool { partitions.isEmpty }

    @inline(__always)
    var isFull: Bool {
        limits.isFull(rows: batch.rowCount, bytes: batch.byteCount) || jobs.count >= BatchLimits.jobs
    }

    func isDue(at now: ContinuousClock.Instant, quiet: Duration?) -> Bool {
        isFull
            || limits.isDue(
                rows: batch.rowCount, bytes: batch.byteCount, age: opened.map { now - $0 } ?? .zero, quiet: quiet)
    }

    /// The batch will move this partition's position.
    @inline(__always)
    func touch(_ state: PartitionState) {
        if state.batchSerial == serial { return }
        state.batchSerial = serial
        partitions.append(state)
        if opened == nil { opened = .now }
    }

    /// The place of a job's progress in this batch.
    @inline(__always)
    func step(_ progress: JobProgress) -> Int {
        if progress.batchSerial == serial { return progress.stepIndex }
        progress.batchSerial = serial
        progress.stepIndex = jobs.count
        progress.records = 0
        progress.bytes = 0
        jobs.append(progress)
        batch.progress.append(
            Batch.ProgressStep(
                job: progress.job, partition: progress.partition, isNew: !progress.exists,
                expectedLast: progress.last))
        progress.exists = true
        progress.uncommittedSteps += 1
        return progress.stepIndex
    }

    /// Ends the batch: fills in where each partition and job has come to.
    /// - Parameter next: the offset up to which a partition was taken.
    func finish(next: (Int32) -> Int64?) -> Batch {
        limits.ended(rows: batch.rowCount, bytes: batch.byteCount)
        for state in partitions {
            // An assignment that is gone was never handed over.
            guard let next = next(state.partition) else { continue }
            batch.partitions.append(state.handOver(next))
        }
        for (index, job) in jobs.enumerated() {
            batch.progress[index].last = job.last
            batch.progress[index].digest = job.digest
            batch.progress[index].passedOver = job.passedOver
            batch.progress[index].records = job.records
            batch.progress[index].bytes = job.bytes
        }
        return batch
    }

    /// Begins the next one in `batch`, which is empty.
    func begin(_ batch: Batch) {
        self.batch = batch
        serial += 1
        partitions.removeAll(keepingCapacity: true)
        jobs.removeAll(keepingCapacity: true)
        opened = nil
    }
}
