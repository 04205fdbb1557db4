// What push and work want to know of a topic's settings before they trust it with records.

package import Kafka

/// librdkafka's mock cluster: it keeps 5 MB a partition and answers no questions about settings.
package func isMockCluster(_ id: String) -> Bool { id.hasPrefix("mockCluster") }

/// Stands for the id of a cluster that has none, in journals and positions.
package let noClusterID = "-"

package struct TopicSettings: Equatable, Sendable {
    /// It drops records for their keys.
    package let isCompacted: Bool
    /// `max.message.bytes`; nil: the broker does not say.
    package let messageLimit: Int?

    /// - Parameter found: names and values as the broker gives them.
    package init(_ found: [String: String]) {
        isCompacted = found["cleanup.policy"]?.contains("compact") ?? false
        messageLimit = found["max.message.bytes"].flatMap { Int($0) }
    }

    /// Asks the broker; nil: the mock cluster, which cannot say. Throws `isAuthorization` where they may not be read.
    package static func ask(
        _ admin: Admin, of topic: String, cluster: String, timeout: Duration = .seconds(10)
    ) throws(KafkaError) -> TopicSettings? {
        if isMockCluster(cluster) { return nil }
        return TopicSettings(try admin.configuration(of: topic, timeout: timeout))
    }

    package static func refusal(ofCompacted topic: String) -> PipelineError {
        .configuration(
            "topic \(topic) is compacted (cleanup.policy): it loses records; set cleanup.policy=delete on it")
    }
}
