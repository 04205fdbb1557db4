// What one loader will be handed next: rows, rejects, and the steps of positions and progress that go with them.

import Records

/// Why and when a batch ends. A value of each builder.
package struct BatchLimits: Sendable {
    /// 50,000 rows a transaction was the fastest measured.
    package static let most = 50_000
    /// A loader that has had nothing to do begins with fewer, so as not to wait for them while they are read.
    package static let fewest = 10_000
    package static let bytes = 16 << 20
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

/// Where the worker stands in one partition, beyond what `Assignment` decides. Used by the polling thread only.
final class PartitionState {
    let partition: Int32
    let loader: Int
    let generation: Int32
    /// What the database holds once every batch handed over has been committed.
    var handedOver: Int64
    /// The offset after the last message (or end) taken into a batch.
    var taken: Int64
    /// next_offset of the committed state and of each batch in flight, oldest first: what the row may say.
    var expected: [Int64]
    /// The anchor the database has (or will have).
    var anchor: Anchor?
    /// A message taken since the last look at the anchor; becomes the anchor when the next look finds all well.
    var candidate: Anchor?
    /// To be written with the next batch.
    var newAnchor: Anchor?
    /// Of the job whose messages come now: saves a look-up a message.
    var current: JobProgress?
    var jobs: [JobID: JobProgress] = [:]
    var batchSerial: UInt64 = 0

    init(_ position: Position, loader: Int) {
        partition = position.partition
        self.loader = loader
        generation = position.generation
        handedOver = position.nextOffset
        taken = position.nextOffset
        expected = [position.nextOffset]
        anchor = position.anchor
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
    /// Of the batches built now; raised when all earlier ones are void.
    var epoch: UInt64 = 1
    /// Handed over and not answered.
    var inFlight = 0

    init(_ batch: Batch) { self.batch = batch }

    var isEmpty: Bool { partitions.isEmpty }

    @inline(__always)
    var isFull: Bool { limits.isFull(rows: batch.rowCount, bytes: batch.byteCount) }

    func isDue(at now: ContinuousClock.Instant, quiet: Duration?) -> Bool {
        limits.isDue(rows: batch.rowCount, bytes: batch.byteCount, age: opened.map { now - $0 } ?? .zero, quiet: quiet)
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
        return progress.stepIndex
    }

    /// Ends the batch: fills in where each partition and job has come to.
    func finish() -> Batch {
        limits.ended(rows: batch.rowCount, bytes: batch.byteCount)
        for state in partitions {
            batch.partitions.append(
                Batch.PartitionStep(
                    partition: state.partition, generation: state.generation, expectedOffset: state.handedOver,
                    nextOffset: state.taken, anchor: state.newAnchor))
            state.handedOver = state.taken
            state.expected.append(state.taken)
            if let anchor = state.newAnchor { state.anchor = anchor }
            state.newAnchor = nil
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
