// What `doctor` finds out about Kafka: one question after the other, each with its limit, and none that could wait once no
// broker answers.

package import Foundation
package import Kafka
internal import Records

/// An answer, why there is none, or a question that made no sense after an earlier answer.
package enum DoctorAnswer<Value: Sendable>: Sendable {
    case value(Value)
    case failed(PipelineError)
    case notAsked

    package var value: Value? { if case .value(let value) = self { value } else { nil } }
}

package struct KafkaFacts: Sendable {
    package var brokers = ""
    package var topic = ""
    /// Of librdkafka.
    package var version = ""
    /// SASL with SCRAM is asked for.
    package var usesSCRAM = false
    package var cluster = DoctorAnswer<String>.notAsked
    /// 0: there is no topic.
    package var partitions = DoctorAnswer<Int>.notAsked
    /// Of the topic, names and values as the broker gives them; nil: the mock cluster, which cannot say.
    package var settings = DoctorAnswer<[String: String]?>.notAsked
    /// The time of a message at a log's end; nil: there is none, or none that could be read there.
    package var newestMessage = DoctorAnswer<Date?>.notAsked

    package init() {}

    /// Bounded: 5 s a question, and the first one that finds no broker is the last.
    package static func ask(
        _ settings: ClientSettings, topic: String, isCancelled: @escaping () -> Bool
    ) -> KafkaFacts {
        var facts = KafkaFacts()
        facts.brokers = settings.brokerNames
        facts.topic = topic
        facts.version = KafkaVersion.text
        facts.usesSCRAM = settings.usesSCRAM
        let timeout = Duration.seconds(5)
        let admin: Admin
        do {
            admin = try Admin(settings, isCancelled: isCancelled)
        } catch {
            facts.cluster = .failed(fatalFailure(error) ?? .kafka("\(error)"))
            return facts
        }
        defer { admin.close() }
        do {
            facts.partitions = .value(try admin.partitions(of: topic, timeout: timeout) ?? 0)
        } catch {
            if error.isAuthorization {
                facts.partitions = .failed(fatalFailure(error, topic: topic, to: .see) ?? .kafka(error.message))
                return facts
            }
            // No broker answered, or none let us in.
            facts.cluster = .failed(fatalFailure(error) ?? gaveUp(error, error.message))
            return facts
        }
        facts.cluster = answer(topic, .see) { try admin.clusterID(timeout: timeout) ?? noClusterID }
        guard let cluster = facts.cluster.value, let count = facts.partitions.value, count > 0 else { return facts }
        facts.settings = answer(topic, .see) {
            isMockCluster(cluster) ? nil : try admin.configuration(of: topic, timeout: timeout)
        }
        facts.newestMessage = answer(topic, .read) {
            let reader = try Reader(
                settings, topic: topic, header: WireHeader.name, overrides: [("isolation.level", "read_uncommitted")],
                isCancelled: isCancelled)
            defer { reader.close() }
            return try newestMessage(reader, Array(0..<Int32(clamping: count)), timeout)
        }
        return facts
    }

    /// Reads even an empty log at its end, which takes the right to read.
    private static func newestMessage(
        _ reader: Reader, _ partitions: [Int32], _ timeout: Duration
    ) throws -> Date? {
        let marks = try reader.watermarks(of: partitions, timeout: timeout)
        let place = zip(partitions, marks).first { $1.high > $1.low } ?? (partitions[0], marks[0])
        let offset = max(place.1.low, place.1.high - 1)
        guard case .message(let message) = try reader.read(partition: place.0, offset: offset, timeout: timeout),
            message.timestamp >= 0
        else { return nil }
        return Date(timeIntervalSince1970: Double(message.timestamp) / 1000)
    }

    private static func answer<Value>(
        _ topic: String, _ use: TopicUse, _ ask: () throws -> Value
    ) -> DoctorAnswer<Value> {
        do {
            return .value(try ask())
        } catch {
            return .failed(fatalFailure(error, topic: topic, to: use) ?? .kafka(sentence(error)))
        }
    }
}
