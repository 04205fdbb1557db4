// The last job from each path: under --on-duplicate update its content alone is the same job once more, since what was
// pushed before it has been overwritten. The journal is read whole, once for all files of a push.

import FoundationEssentials
import Records

/// One thread owns it.
final class PathJobs {
    private let journal: Journal?
    private var last: [String: JournalEntry]?

    init(_ journal: Journal?) { self.journal = journal }

    /// Of one cluster and topic, always the same. nil: the journal does not know the path.
    func last(from path: String, cluster: String, topic: String) -> JournalEntry? {
        if last == nil {
            let all = journal?.entries(cluster: cluster, topic: topic) { $0.contentHash != nil } ?? []
            last = all.reduce(into: [:]) { last, entry in
                if (last[entry.path]?.runAt ?? .distantPast) <= entry.runAt { last[entry.path] = entry }
            }
        }
        guard let known = last?[path] else { return nil }
        // How far it is may have changed since.
        return ((try? journal?.entry(cluster: cluster, topic: topic, job: known.job)) ?? nil) ?? known
    }

    /// A job that begins now; written before anything of it is sent.
    func begin(_ entry: JournalEntry) throws(JournalError) {
        last?[entry.path] = entry
        try journal?.write([entry])
    }
}
