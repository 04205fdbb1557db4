// What one host remembers of one job in one topic: how far Kafka acknowledged it, and where in the log to look.

package import Foundation
package import Records

/// The content of a journal file. Nothing in it is believed before a look into the topic.
package struct JournalEntry: Codable, Equatable, Sendable {
    package enum State: String, Codable, Sendable {
        /// Being pushed, or interrupted.
        case open
        /// Every record and end marker was acknowledged.
        case pushed
        /// The input broke while it was pushed.
        case broken
    }

    package static let version = 1

    package var version = JournalEntry.version
    package var cluster: String
    package var topic: String
    package var job: JobID
    package var state = State.open
    /// Absolute; `-` for stdin.
    package var path: String
    package var label: String?
    /// nil for a stream.
    package var contentHash: ContentHash?
    package var size: UInt64?
    /// When the run began that pushed the job, or is pushing it.
    package var runAt: Date
    /// Of a job made by `--again`, or of a stream.
    package var nonce: [UInt8]?
    /// By partition; null: nothing is acknowledged.
    package var partitions: [Acknowledged?]
    /// By partition, once the whole input was read.
    package var ends: [EndMarker]?
    /// Bytes of the input up to which everything is acknowledged.
    package var position: UInt64 = 0
    /// Of the whole input; nil: not pushed yet, or by an older push.
    package var rejects: UInt64?
    /// How many of them a person was told of.
    package var toldRejects: UInt64?
    /// It is pushed with --on-duplicate update; nil: it is not, or an older push does not say.
    package var updates: Bool?

    package init(
        cluster: String, topic: String, job: JobID, path: String, label: String?, contentHash: ContentHash?,
        size: UInt64?, runAt: Date, nonce: [UInt8]?, partitions: Int
    ) {
        self.cluster = cluster
        self.topic = topic
        self.job = job
        self.path = path
        self.label = label
        self.contentHash = contentHash
        self.size = size
        self.runAt = runAt
        self.nonce = nonce
        self.partitions = Array(repeating: nil, count: partitions)
    }

    /// Whether it can be what this program wrote. A file can be torn or garbled and still be JSON; what is used as a number
    /// later is bounded here.
    package var isSound: Bool {
        guard version == Self.version, !partitions.isEmpty, (size ?? 0) <= Self.limit, (rejects ?? 0) <= Self.limit,
            (toldRejects ?? 0) <= Self.limit, position <= Self.limit,
            Self.times.contains(runAt), partitions.allSatisfy({ $0.map(Self.isSound) ?? true }),
            (ends ?? []).allSatisfy({ $0.lastSeq < Self.limit && $0.records <= Self.limit })
        else { return false }
        guard let ends else { return state != .pushed }
        guard ends.count == partitions.count else { return false }
        return state != .pushed || zip(ends, partitions).allSatisfy { $1?.last.seq == $0.lastSeq + 1 }
    }

    /// What a wire header may say (Design.md, "The wire").
    private static let limit: UInt64 = 1 << 53
    /// 1970 to 9999.
    private static let times = Date(timeIntervalSince1970: 0)...Date(timeIntervalSince1970: 253_402_300_799)

    private static func isSound(_ range: Acknowledged) -> Bool {
        range.first.offset >= 0 && range.first.offset <= range.last.offset && range.last.offset <= Int64(limit)
            && range.first.seq <= range.last.seq && range.last.seq <= limit
    }
}
