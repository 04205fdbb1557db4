// What the database may say of a partition while batches are on their way, and what is known of its jobs. How far the
// partition has been taken is kept by `Assignment`, and nowhere else.

import Records

/// Used by the polling thread only; created whenever the position is read from the database.
final class PartitionState {
    /// Jobs remembered in one partition. Those that are not on their way to the database can be asked for again.
    static let jobLimit = Torture.has(.endedJobsForgotten) ? 2 : 1_024

    let partition: Int32
    /// The number of the lane that loads it.
    let lane: Int
    let generation: Int32
    /// next_offset as committed, then after each batch on its way, oldest first: what the row may say. Never empty.
    private(set) var offsets: [Int64]
    /// The anchor the database has, or will have.
    private(set) var anchor: Anchor?
    /// A message taken since the last look at the anchor; becomes the anchor when the next look finds all as it was.
    private(set) var candidate: Anchor?
    /// To be written with the next batch.
    private(set) var newAnchor: Anchor?
    /// Of the job whose messages come now: saves a look-up a message.
    private var current: JobProgress?
    private var jobs: [JobID: JobProgress] = [:]
    /// The batch that last touched it.
    var batchSerial: UInt64 = 0

    init(_ position: Position, lane: Int) {
        partition = position.partition
        self.lane = lane
        generation = position.generation
        offsets = [position.nextOffset]
        anchor = position.anchor
    }

    var expectation: PositionExpectation {
        PositionExpectation(generation: generation, offsets: offsets, candidate: candidate)
    }

    // MARK: Batches

    /// The step of a batch that takes the partition to `next`.
    func handOver(_ next: Int64) -> Batch.PartitionStep {
        let step = Batch.PartitionStep(
            partition: partition, generation: generation, expectedOffset: offsets[offsets.count - 1], nextOffset: next,
            anchor: newAnchor)
        offsets.append(next)
        if let newAnchor { anchor = newAnchor }
        newAnchor = nil
        return step
    }

    /// The oldest batch on its way was committed.
    func committed() {
        if offsets.count > 1 { offsets.removeFirst() }
    }

    /// Nothing of it is on its way.
    var isIdle: Bool { offsets.count == 1 }

    // MARK: Anchors

    /// Whether a message taken now has to be remembered by its hash.
    @inline(__always)
    var wantsAnchor: Bool { candidate == nil || (anchor == nil && newAnchor == nil) }

    /// A message that was taken. The first one of a generation is its first anchor.
    func remember(_ message: Anchor) {
        if anchor == nil && newAnchor == nil { newAnchor = message } else if candidate == nil { candidate = message }
    }

    /// The candidate becomes the anchor: with the next batch, or at once if it was written already.
    func promote(_ anchor: Anchor, isWritten: Bool) {
        candidate = nil
        if isWritten { self.anchor = anchor } else if newAnchor == nil { newAnchor = anchor }
    }

    // MARK: Jobs

    /// What is known of a job here.
    @inline(__always)
    func progress(of job: JobID) -> JobProgress? {
        if let current, current.job == job { return current }
        guard let known = jobs[job] else { return nil }
        current = known
        return known
    }

    func knows(_ job: JobID) -> Bool { jobs[job] != nil }

    /// - Returns: jobs that were forgotten to make room: never one whose steps are not committed, whose batch would lose
    ///   its swap for ever.
    func remember(_ progress: JobProgress) -> [JobID] {
        var forgotten: [JobID] = []
        if jobs.count >= Self.jobLimit {
            forgotten = evict { $0.ended }
            if jobs.count >= Self.jobLimit { forgotten += evict { _ in true } }
        }
        jobs[progress.job] = progress
        current = progress
        return forgotten
    }

    #if TORTURE
        func keepJobs(of other: PartitionState) { jobs = other.jobs }
    #endif

    private func evict(_ isChosen: (JobProgress) -> Bool) -> [JobID] {
        let chosen = jobs.values.filter {
            ($0.uncommittedSteps == 0 || Torture.has(.endedJobsForgotten)) && isChosen($0)
        }.map(\.job)
        for job in chosen { jobs[job] = nil }
        return chosen
    }
}
