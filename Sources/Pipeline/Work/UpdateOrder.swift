// Jobs that update, in their order: it holds within a partition, so one that was pushed with another number of partitions
// waits until those before it have ended.

import FoundationEssentials
import Records

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
    private var partitions: [JobID: Int] = [:]

    /// - Parameter ask: the database; given jobs with another number of partitions that were seen in this session.
    mutating func mustWait(_ marker: StartMarker, ask: (_ seen: [JobID]) throws -> Bool) rethrows -> Bool {
        let run = Run(job: marker.job, time: marker.runAt)
        if let waits = decided[run] { return waits }
        let others = partitions.filter { $0.key != marker.job && $0.value != marker.partitions }
        let waits = try ask(others.keys.sorted())
        if decided.count >= Self.most {
            decided = [:]
            partitions = [:]
        }
        decided[run] = waits
        if !waits { partitions[marker.job] = marker.partitions }
        return waits
    }
}
