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

    /// Whether it can be what this program wrote. A file can be torn or garbled and still be JSON.
    package var isSound: Bool {
        let limit = UInt64(Int64.max)
        let positionsAreSound = partitions.allSatisfy { range in
            guard let range else { return true }
            return range.first.offset >= 0 && range.first.offset <= range.last.offset
                && range.first.seq <= range.last.seq && range.last.seq <= limit
        }
        guard version == Self.version, positionsAreSound else { return false }
        guard state == .pushed else { return true }
        guard let ends, ends.count == partitions.count else { return false }
        return zip(ends, partitions).allSatisfy { $1?.last.seq == $0.lastSeq + 1 }
    }
}
