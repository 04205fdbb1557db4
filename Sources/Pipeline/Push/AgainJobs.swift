// Jobs that `--again` made, by their content: their ids have a nonce, so the journal has to be read whole to find them, once
// for all files of a push.

import Records

/// One thread owns it.
final class AgainJobs {
    private let journal: Journal?
    private var jobs: [ContentHash: [JobID]]?

    init(_ journal: Journal?) { self.journal = journal }

    /// Another push may have written others.
    func forget() { jobs = nil }

    /// As the journal has them now. Of one cluster and topic, always the same.
    func entries(of content: ContentHash, cluster: String, topic: String) -> [JournalEntry] {
        guard let journal else { return [] }
        if jobs == nil {
            let all = journal.entries(cluster: cluster, topic: topic) { $0.nonce != nil }
            jobs = all.reduce(into: [:]) { jobs, entry in
                if let content = entry.contentHash { jobs[content, default: []].append(entry.job) }
            }
        }
        return (jobs?[content] ?? []).compactMap { try? journal.entry(cluster: cluster, topic: topic, job: $0) }
    }
}
