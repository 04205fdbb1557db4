// The topic of a push: asked for, made if it is not there, and refused if it would lose records.

import Kafka
import Records

/// What a push has to know of its topic.
package struct Topic: Equatable, Sendable {
    package let name: String
    /// The cluster's id.
    package let cluster: String
    package let partitions: Int

    /// librdkafka's mock cluster: it keeps 5 MB a partition and answers no questions about settings.
    package var isMock: Bool { cluster.hasPrefix("mockCluster") }
}

/// One use; on the calling thread.
struct TopicPreparation {
    let settings: ClientSettings
    let name: String
    let options: PushOptions
    let interrupt: Interrupt
    let notice: (_ sentence: String, _ isWarning: Bool) -> Void

    /// LEADER_NOT_AVAILABLE: so answer some brokers while a topic is being made.
    private static let leaderNotAvailable = KafkaErrorCode(rawValue: 5)

    /// Asks until Kafka answers, at most for the stall timeout.
    func prepare() throws(PipelineError) -> Topic {
        let admin: Admin
        do {
            admin = try Admin(settings)
        } catch {
            throw .configuration("\(error)")
        }
        defer { admin.close() }
        let cluster = try answer { timeout throws(KafkaError) in try admin.clusterID(timeout: timeout) } ?? "-"
        let found = try answer { timeout throws(KafkaError) in try admin.partitions(of: name, timeout: timeout) }
        if let found {
            let topic = Topic(name: name, cluster: cluster, partitions: found)
            if !topic.isMock { try check(admin) }
            if let wanted = options.partitions, wanted != found {
                notice("topic \(name) has \(found) partitions; --partitions is for a topic that has to be made", true)
            }
            return topic
        }
        return Topic(name: name, cluster: cluster, partitions: try make(admin))
    }

    /// How many partitions it was made with.
    private func make(_ admin: Admin) throws(PipelineError) -> Int {
        let partitions = options.partitions ?? 12
        let configuration = [
            ("cleanup.policy", "delete"), ("message.timestamp.type", "LogAppendTime"),
            ("max.message.bytes", String(Limits.messageBytes)),
            ("retention.ms", String(options.retention.components.seconds * 1000)),
        ]
        do {
            try admin.create(
                topic: name, partitions: partitions, replication: options.replication, configuration: configuration)
            let replication =
                options.replication == -1 ? "the broker's replication" : "replication \(options.replication)"
            notice(
                "made topic \(name): \(partitions) partitions, \(replication), kept for \(Self.spelled(options.retention))",
                false)
        } catch {
            if error.isAuthorization {
                throw .configuration("there is no topic \(name), and this user may not make it: \(error.message)")
            }
            // Another push may have made it just now.
            if error.code != .topicAlreadyExists {
                throw error.isConnection
                    ? .kafka("topic \(name) could not be made: \(error)")
                    : .configuration("topic \(name) could not be made: \(error)")
            }
        }
        // Brokers learn of a new topic one after another.
        let start = ContinuousClock.now
        while ContinuousClock.now - start < options.stallTimeout {
            let found = try answer { timeout throws(KafkaError) in try admin.partitions(of: name, timeout: timeout) }
            if let found, found > 0 { return found }
            if interrupt.isSet { throw .interrupted }
            pause(milliseconds: 50)
        }
        throw .kafka("topic \(name) was made, but no broker knows it")
    }

    /// Refuses a topic that drops messages for their keys, or takes none of our size.
    private func check(_ admin: Admin) throws(PipelineError) {
        let found: [String: String]
        do {
            found = try admin.configuration(of: name)
        } catch {
            notice("the settings of topic \(name) may not be read (\(error)); they were not checked", true)
            return
        }
        if found["cleanup.policy"]?.contains("compact") == true {
            throw .configuration("topic \(name) is compacted (cleanup.policy=compact): it would drop records")
        }
        if let limit = found["max.message.bytes"].flatMap({ Int($0) }), limit < Limits.messageBytes {
            throw .configuration(
                "topic \(name) takes messages of at most \(limit) bytes; set its max.message.bytes to \(Limits.messageBytes)"
            )
        }
    }

    /// Repeats a question while the broker is away.
    private func answer<Answer>(
        _ ask: (_ timeout: Duration) throws(KafkaError) -> Answer
    ) throws(PipelineError) -> Answer {
        let start = ContinuousClock.now
        var hasSaid = false
        while true {
            if interrupt.isSet { throw .interrupted }
            do throws(KafkaError) {
                return try ask(.seconds(1))
            } catch {
                let waited = ContinuousClock.now - start
                if error.isAuthentication { throw .configuration("Kafka refuses us: \(error.message)") }
                if error.isAuthorization { throw .configuration("topic \(name): \(error)") }
                guard error.isConnection || error.code == Self.leaderNotAvailable else {
                    throw .kafka(error.description)
                }
                guard waited < options.stallTimeout else {
                    throw .kafka("Kafka did not answer for \(Self.spelled(options.stallTimeout)): \(error.message)")
                }
                if !hasSaid {
                    notice(
                        "Kafka does not answer (\(error.message)); trying for \(Self.spelled(options.stallTimeout))",
                        true)
                    hasSaid = true
                }
            }
        }
    }

    /// Whole seconds in words: "7 days", "90 seconds".
    static func spelled(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        let units: [(String, Int64)] = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)]
        let (unit, size) = units.first { seconds >= $0.1 && seconds % $0.1 == 0 } ?? units[3]
        return "\(seconds / size) \(unit)\(seconds / size == 1 ? "" : "s")"
    }
}
