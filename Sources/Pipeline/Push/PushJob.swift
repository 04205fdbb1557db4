// One file of a group that is sent together: its messages, what the journal knows of it, and what came of it.

import Records

/// One thread owns it.
final class PushJob {
    let identity: JobIdentity
    let input: JobInput
    /// About this file alone.
    let event: (PushEvent) -> Void
    /// All its start markers are acknowledged.
    var hasStarted = false
    /// The log has dropped what the journal says was pushed.
    var hasExpired = false
    /// What keeps it, and no other one, from being pushed.
    var failure: PipelineError?

    init(_ identity: JobIdentity, _ input: JobInput, event: @escaping (PushEvent) -> Void) {
        self.identity = identity
        self.input = input
        self.event = event
    }

    var id: JobID { identity.entry.job }
}

/// Jobs that are sent one behind the other in one producer session, with one proof and one sync of the journal.
struct PushGroup {
    /// More bytes wait for nobody: their file is better sent alone.
    static let smallFile: UInt64 = 1 << 20
    private static let bytes: UInt64 = 8 << 20
    private static let jobs = 256
    private static let lanes = 65_536

    private(set) var jobs: [PushJob] = []
    private var bytes: UInt64 = 0
    private let limit: Int

    /// - Parameters:
    ///   - descriptors: how many files may be open; each job has one and its lock, and one more while the journal is written.
    init(partitions: Int, descriptors: Int) {
        limit = max(1, min(Self.jobs, Self.lanes / partitions, (descriptors - 100) / 3))
    }

    /// Whether another small file has room.
    var takesMore: Bool { jobs.count < limit && bytes < Self.bytes && jobs.allSatisfy(isSmall) }

    func takes(_ job: PushJob) -> Bool { takesMore && isSmall(job) && bytes + size(job) <= Self.bytes }

    func job(_ id: JobID) -> PushJob? { jobs.first { $0.id == id } }

    mutating func append(_ job: PushJob) {
        job.input.number = jobs.count
        jobs.append(job)
        bytes += size(job)
    }

    private func isSmall(_ job: PushJob) -> Bool { job.input.source.isRegular && size(job) <= Self.smallFile }

    private func size(_ job: PushJob) -> UInt64 { job.identity.entry.size ?? 0 }
}
