// What a database knows about one job: a row of the view userload.job_status.

package import FoundationEssentials
package import Records

/// One word each, the same in psql and in `--json`.
package enum JobState: String, Codable, CaseIterable, Sendable {
    /// Nothing of it is in yet.
    case pending
    case processing
    /// The push died: nothing came for five minutes, and what was pushed later was read.
    case interrupted
    /// Messages were passed over; see `JobStatus.reason`.
    case stalled
    /// It can no longer be completed; see `JobStatus.reason`.
    case inconsistent
    /// Every line is accounted for.
    case completed
    /// Taken off the list of open jobs by hand, and nothing came since.
    case abandoned
    /// What it inserted was deleted again, by `userload undo`.
    case undone
}

/// Why a job is stalled or inconsistent.
package enum JobReason: String, Codable, Sendable {
    /// Stalled: messages between those applied and those seen are missing. `push --resend` mends it.
    case gap
    /// Stalled: pushed for another unique key than this database has.
    case key
    /// Stalled: an on-duplicate mode that this database does not have.
    case mode
    /// Stalled: it updates, and another such job with another number of partitions was open.
    case partitions
    /// Stalled: a newer wire version than the worker knew.
    case version
    /// Inconsistent: the file changed while it was pushed.
    case changed
    /// Inconsistent: other content was applied than was pushed.
    case content
    /// Inconsistent: rows vanished on their way into the table, as in a trigger.
    case sum
}

/// A reject as `status` shows it.
package struct RejectSummary: Codable, Equatable, Sendable {
    /// Of the file; no meaning for the job "-", which has `partition` and `kafkaOffset`.
    package let line: Int64
    package let partition: Int32
    package let kafkaOffset: Int64
    package let errors: [FieldError]
}

package struct JobStatus: Codable, Equatable, Sendable {
    package let id: JobID
    package var state: JobState
    package let reason: JobReason?
    package let label: String?
    /// As the pusher saw it, "-" for stdin; nil if no start marker came: then all that only it tells is nil.
    package let file: String?
    /// Bytes; nil for a stream.
    package let size: Int64?
    package let host: String?

    /// Records so far; when completed, the sum of the four below.
    package let lines: Int64
    package let inserted: Int64
    package let updated: Int64
    package let duplicates: Int64
    package let rejected: Int64
    /// Source bytes of the records so far, without line ends.
    package let bytes: Int64
    /// 0–100 of the file's bytes, 100 when completed only; nil for a stream under way.
    package let percent: Int?

    /// When push was started, by the pusher's clock; the rest by the database's.
    package let pushedAt: Date?
    /// The latest later run of push with this content.
    package let pushedAgainAt: Date?
    package let completedAt: Date?
    package let firstSeenAt: Date
    /// nil: nothing came yet.
    package let lastRecordAt: Date?
    /// Seconds since `lastRecordAt`, by the database's clock.
    package let lastRecordAge: Double?
    package let abandonedAt: Date?
    package let undoneAt: Date?

    /// Names as the start marker has them; a newer userload may know more than `KeyField`.
    package let keyFields: [String]?
    package let databaseKeyFields: [String]
    package let onDuplicate: String?
    package let wireVersion: Int
    package let format: String?
    package let delimiter: String?
    /// The CSV header row, as it came.
    package let header: Data?
    /// What to type after `userload push` to push it again.
    package let options: [String]?
    package let again: Bool
    package let contentHash: ContentHash?
    /// Partitions of the topic when it was pushed.
    package let partitions: Int?
    package let partitionsEnded: Int
    package let cluster: String?
    package let topic: String?
    /// What push took the file for; nil from a push that did not say.
    package let conclusion: String?

    /// The first few, in the order of the file.
    package let firstRejects: [RejectSummary]

    /// Of how many of its rejects a load has told a person.
    package var toldRejects: Int64 = 0
    /// How many of its rejects a fix file has brought again since, and they were loaded.
    package var fixed: Int64 = 0

    /// Of a job stalled for `partitions`: what it waits for, the first few; none: that has ended since.
    package var waitsFor: [OpenUpdate]?

    /// Rejects that nobody has corrected yet.
    package var unfixed: Int64 { max(0, rejected - fixed) }

    package var slug: String { id.slug }

    /// Work may still come or has to be done: not completed, abandoned or undone. The job "-" is never open, it has no end.
    package var isOpen: Bool { id != .foreign && ![.completed, .abandoned, .undone].contains(state) }
}
