// How far a database is behind a topic: the decisions, apart from the asking.

package import Foundation

/// One partition, as database and log have it.
package struct PartitionLag: Equatable, Sendable {
    package let partition: Int32
    /// What is read next; nil: the partition was never read.
    package let position: Int64?
    /// The log's start and end.
    package let low: Int64
    package let end: Int64
    /// Messages to read: offsets, among which there may be marks that are no messages.
    package let behind: Int64
    /// When the oldest of them was written; nil: there is none, or it has no time.
    package let oldest: Date?

    /// - Parameter oldest: milliseconds since 1970 of the first message to read; −1: it has no time; nil: there is none.
    package init(partition: Int32, nextOffset: Int64?, low: Int64, end: Int64, oldest: Int64?) {
        self.partition = partition
        position = nextOffset.flatMap { $0 < 0 ? nil : $0 }
        self.low = low
        self.end = end
        let start = Self.start(nextOffset: nextOffset, low: low, end: end)
        // Behind the last message there may still be marks of transactions.
        behind = oldest == nil ? 0 : max(0, end - start)
        self.oldest = oldest.flatMap { $0 < 0 ? nil : Date(timeIntervalSince1970: Double($0) / 1000) }
    }

    /// Where a worker would read on: what retention has removed is not to be read any more, and a position behind the end
    /// is of another log, which is read from its start.
    package static func start(nextOffset: Int64?, low: Int64, end: Int64) -> Int64 {
        guard let nextOffset, nextOffset <= end else { return low }
        return max(nextOffset, low)
    }

    /// Offsets that retention removed before they were read; 0: none.
    package var expired: Int64 { position.map { $0 <= end ? max(0, low - $0) : 0 } ?? 0 }
}

/// All partitions of a topic at one moment.
package struct Lag: Equatable, Sendable {
    package let partitions: [PartitionLag]
    /// Of Kafka's consumer group for this database; nil: it cannot be told.
    package let members: [LagMember]?
    package let group: String

    package init(partitions: [PartitionLag], members: [LagMember]?, group: String) {
        self.partitions = partitions
        self.members = members
        self.group = group
    }

    package var behind: Int64 { partitions.reduce(0) { $0 &+ $1.behind } }
    package var oldest: Date? { partitions.compactMap(\.oldest).min() }
    package var expired: Int64 { partitions.reduce(0) { $0 &+ $1.expired } }

    /// Messages taken since an earlier look; partitions of which a new log is read count nothing.
    package func taken(since before: Lag) -> Int64 {
        let positions = Dictionary(before.partitions.map { ($0.partition, $0) }) { $1 }
        return partitions.reduce(0) { sum, now in
            guard let then = positions[now.partition], let position = now.position else { return sum }
            let start = PartitionLag.start(nextOffset: then.position, low: then.low, end: then.end)
            return sum &+ max(0, position - start)
        }
    }
}

/// A consumer in the group.
package struct LagMember: Equatable, Sendable {
    package let client: String
    package let host: String
    package let partitions: [Int32]

    package init(client: String, host: String, partitions: [Int32]) {
        self.client = client
        self.host = host
        self.partitions = partitions
    }
}
