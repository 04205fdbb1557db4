// The runs whose start markers are in a batch: each once, and each of their jobs once, however many partitions brought them.

package import Records

/// A value.
package struct BatchRuns {
    struct Entry {
        let run: PushRun
        /// The latest of its markers, in milliseconds since 1970.
        var sentAt: Int64
        /// Files of the run, by job.
        var copies: [JobID: Int] = [:]
    }

    private(set) var entries: [JobID: Entry] = [:]
    /// Of memory, about.
    private(set) var heldBytes = 0

    package init() {}

    /// - Parameter time: of the message, in milliseconds since 1970; −1: none.
    package mutating func add(_ run: PushRun, job: JobID, time: Int64) {
        let sentAt = time < 0 ? run.startedAt.milliseconds : time
        if entries[run.id] == nil {
            entries[run.id] = Entry(run: run, sentAt: sentAt)
            heldBytes += 256 + run.host.utf8.count + (run.label?.utf8.count ?? 0)
        }
        entries[run.id]?.sentAt.raise(to: sentAt)
        if entries[run.id]?.copies[job] == nil { heldBytes += 64 }
        entries[run.id]?.copies[job, default: 0].raise(to: run.copies)
    }
}

extension Comparable {
    fileprivate mutating func raise(to other: Self) { self = max(self, other) }
}
