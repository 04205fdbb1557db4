// Asks Kafka and the database how far they are apart. Every question has its limit.

package import Kafka
package import Postgres
internal import Records

/// One thread owns it. The clients of Kafka are kept from one look to the next.
package final class LagProbe {
    private let settings: ClientSettings
    private let topic: String
    private let isCancelled: () -> Bool
    private var admin: Admin?
    private var reader: Reader?

    package init(_ settings: ClientSettings, topic: String, isCancelled: @escaping () -> Bool) {
        self.settings = settings
        self.topic = topic
        self.isCancelled = isCancelled
    }

    /// Idempotent; bounded by seconds.
    package func close() {
        admin?.close()
        reader?.close()
        admin = nil
        reader = nil
    }

    /// - Parameters:
    ///   - timeout: of each question to Kafka.
    ///   - asksGroup: the group's members, too.
    /// - Throws: `PipelineError` if there is no such topic; `KafkaError`, `PostgresError`.
    package func look(
        _ connection: Connection, _ info: DatabaseInfo, timeout: Duration = .seconds(5), asksGroup: Bool = true
    ) throws -> Lag {
        let admin = try self.admin ?? Admin(settings, isCancelled: isCancelled)
        self.admin = admin
        guard let count = try admin.partitions(of: topic, timeout: timeout) else {
            throw PipelineError.kafka(
                "there is no topic \(topic) on \(settings.brokerNames): `userload push` creates it")
        }
        let cluster = try admin.clusterID(timeout: timeout) ?? noClusterID
        let reader =
            try self.reader
            ?? Reader(
                settings, topic: topic, header: WireHeader.name, overrides: [("isolation.level", "read_uncommitted")],
                isCancelled: isCancelled)
        self.reader = reader
        let numbers = Array(0..<Int32(clamping: count))
        let positions = try PositionStore(connection, cluster: cluster, topic: topic).knownPositions(numbers)
        let known = Dictionary(positions.map { ($0.partition, $0.nextOffset) }) { $1 }
        let marks = try reader.watermarks(of: numbers, timeout: timeout)
        let oldest = try oldestUnread(known, marks, reader, timeout)
        let group = try SessionFacts.group(of: info, topic: topic, connection)
        return Lag(
            partitions: zip(numbers, marks).map { partition, mark in
                PartitionLag(
                    partition: partition, nextOffset: known[partition], low: mark.low, end: mark.high,
                    oldest: oldest[partition])
            },
            members: asksGroup ? admin.groupMembers(group, of: topic, timeout: timeout) : nil, group: group)
    }

    /// The time of the first message that is still to be read, of each partition that has one.
    private func oldestUnread(
        _ known: [Int32: Int64], _ marks: [(low: Int64, high: Int64)], _ reader: Reader, _ timeout: Duration
    ) throws(KafkaError) -> [Int32: Int64] {
        var wanted: [(partition: Int32, offset: Int64)] = []
        for (index, mark) in marks.enumerated() {
            let partition = Int32(clamping: index)
            let start = PartitionLag.start(nextOffset: known[partition], low: mark.low, end: mark.high)
            if start < mark.high { wanted.append((partition, start)) }
        }
        var found: [Int32: Int64] = [:]
        // An offset without a message names the next one, and a log may lose its start meanwhile.
        for _ in 0..<3 where !wanted.isEmpty {
            var again: [(partition: Int32, offset: Int64)] = []
            for (place, result) in zip(wanted, try reader.read(wanted, timeout: timeout)) {
                switch result {
                case .message(let message): found[place.partition] = message.timestamp
                case .absent(let next?): again.append((place.partition, next))
                case .absent(nil): break
                case .unreadable: found[place.partition] = -1
                case .belowStart(let low): again.append((place.partition, low))
                }
            }
            wanted = again
        }
        // Something is there, though its time was not found.
        for place in wanted { found[place.partition] = -1 }
        return found
    }
}

extension Admin {
    /// Consumers of the group with their partitions of the topic; nil: it cannot be told.
    package func groupMembers(_ group: String, of topic: String, timeout: Duration) -> [LagMember]? {
        members(of: group, timeout: timeout)?.map { member in
            LagMember(
                client: member.client, host: member.host,
                partitions: GroupAssignment.partitions(of: topic, in: member.assignment))
        }
    }
}
