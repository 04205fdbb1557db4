// What a topic must not be, asked in one place for push and work.

import Kafka

/// A topic with the cluster it is in.
struct TopicName: Equatable, Sendable {
    let name: String
    /// The cluster's id.
    let cluster: String

    /// librdkafka's mock cluster: it keeps 5 MB a partition and answers no questions about settings.
    var isMock: Bool { cluster.hasPrefix("mockCluster") }

    /// A compacted topic loses records in its middle, so that neither sequences nor anchors can be judged.
    /// - Throws: `KafkaError` when there was no answer. Without the right to read the settings nobody can tell: false.
    func isCompacted(_ admin: Admin) throws(KafkaError) -> Bool {
        if isMock { return false }
        do {
            return try admin.configuration(of: name)["cleanup.policy"]?.contains("compact") ?? false
        } catch {
            if error.isAuthorization { return false }
            throw error
        }
    }

    var compacted: PipelineError {
        .configuration(
            "topic \(name) is compacted (cleanup.policy): it loses records; set cleanup.policy=delete on it")
    }
}
