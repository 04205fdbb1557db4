// Jobs that update, in their order: it holds within a partition, so one that was pushed with another number of partitions
// waits until those before it have ended.

import FoundationEssentials
import Records

/// What a database knows of jobs that update and have not ended: enough to say of any other job whether one of them was pushed
/// with another number of partitions, not all of them.
struct OpenUpdates: Equatable {
    struct Job: Equatable {
        let id: JobID
        let partitions: Int
    }

    /// Of each of up to three numbers of partitions up to two jobs: one of them is neither the job itself nor has its number.
    var open: [Job] = []
    /// Of those that were asked for: of these the database does not know yet whether they are open.
    var unknown: Set<JobID> = []
}

/// Of one session; the polling thread's.
struct UpdateOrder {
    /// Beyond that they are asked for again.
    private static let most = 4_096

    /// Of a job's run: it is decided once for all its partitions. Sent again, it is another run.
    private struct Run: Hashable {
        let job: JobID
        let time: Date
    }

    private var decided: [Run: Bool] = [:]
    /// Those that did not wait.
    private var begun: [JobID: Int] = [:]
    /// The database's answer, with those begun since, by number of partitions.
    private var known: (open: [OpenUpdates.Job], unknown: [Int: Set<JobID>])?

    /// The answer of the database holds for messages that were there before it was asked for: those of one poll. A question for
    /// each job would look at all jobs each time.
    mutating func pollBegins() { known = nil }

    /// - Parameter ask: the database; given jobs that were begun in this session.
    mutating func mustWait(_ marker: StartMarker, ask: (_ begun: [JobID]) throws -> OpenUpdates) rethrows -> Bool {
        let run = Run(job: marker.job, time: marker.runAt)
        if let waits = decided[run] { return waits }
        let (open, unknown) = if let known { known } else { try look(ask) }
        let waits =
            open.contains { $0.id != marker.job && $0.partitions != marker.partitions }
            || unknown.contains { partitions, jobs in
                partitions != marker.partitions && jobs.count > (jobs.contains(marker.job) ? 1 : 0)
            }
        if decided.count >= Self.most { decided = [:] }
        decided[run] = waits
        if !waits {
            begun[marker.job] = marker.partitions
            known?.unknown[marker.partitions, default: []].insert(marker.job)
        }
        return waits
    }

    private mutating func look(
        _ ask: (_ begun: [JobID]) throws -> OpenUpdates
    ) rethrows -> (open: [OpenUpdates.Job], unknown: [Int: Set<JobID>]) {
        let answer = try ask(begun.keys.sorted())
        if begun.count >= Self.most { begun = begun.filter { answer.unknown.contains($0.key) } }
        var unknown: [Int: Set<JobID>] = [:]
        for job in answer.unknown {
            if let partitions = begun[job] { unknown[partitions, default: []].insert(job) }
        }
        known = (answer.open, unknown)
        return (answer.open, unknown)
    }
}
