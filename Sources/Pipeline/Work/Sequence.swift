// The sequence rule of the protocol: of each job and partition, only last + 1 is applied (Design.md, "Exactly once" 2).

package import Records

/// What happens to a message of ours.
package enum SequenceDecision: Equatable, Sendable {
    /// It is the next one: it counts.
    case apply
    /// It was counted before, or stands outside what the job still expects.
    case drop
    /// Something before it is missing: not counted, and remembered as seen.
    case passOver
}

/// How far one job has come in one partition: the database's row, and what this worker has taken since.
///
/// Used by the thread that polls, by nobody else.
package final class JobProgress {
    package let job: JobID
    package let partition: Int32
    /// The last sequence number applied; −1 nothing, 0 the start marker.
    package private(set) var last: Int64
    /// The highest sequence number passed over; −1 none.
    package private(set) var passedOver: Int64
    /// Chained over the values of the records applied.
    package private(set) var digest: UInt64
    package private(set) var ended: Bool
    /// Whether the database has a row of it, or a batch on its way will have made one.
    package var exists: Bool
    /// The job has another key or mode than this database: all of it is passed over.
    package var otherKey: JobKey?
    /// Batches that moved it and have not been answered.
    var uncommittedSteps = 0

    /// The batch that last touched it, its place there, and what it has brought there: records, their source bytes.
    var batchSerial: UInt64 = 0
    var stepIndex = 0
    var records = 0
    var bytes: Int64 = 0
    /// Something of it was taken in this run.
    var isTouched = false

    package init(job: JobID, partition: Int32, _ progress: Progress) {
        self.job = job
        self.partition = partition
        last = progress.last
        passedOver = progress.passedOver
        digest = progress.digest
        ended = progress.ended
        exists = progress.exists
    }

    /// The batch that holds a step of it was answered, or thrown away.
    func stepAnswered() { uncommittedSteps -= 1 }

    /// What the rule says of a message. Markers count like records; `broken` stands outside the sequence.
    package func decide(_ kind: MessageKind, _ seq: Int64) -> SequenceDecision {
        switch kind {
        case .broken: return .apply
        case .start: if seq != 0 { return .drop }
        case .record, .raw, .truncated, .end: if seq == 0 { return .drop }
        }
        if seq <= last || ended { return .drop }
        return seq == last + 1 || Torture.has(.highWaterMark) ? .apply : .passOver
    }

    /// Counts a message whose decision was `apply`.
    @inline(__always)
    package func apply(_ kind: MessageKind, _ seq: Int64, value: Bytes) {
        switch kind {
        case .record, .raw, .truncated: digest = Digest.extend(digest, value)
        case .end: ended = true
        case .broken: return
        case .start: break
        }
        last = seq
    }

    /// A record of the batch at hand.
    @inline(__always)
    func count(bytes: Int64) {
        records += 1
        self.bytes = self.bytes.addingSaturated(bytes)
    }

    package func passOver(_ seq: Int64) { passedOver = max(passedOver, seq) }
}
