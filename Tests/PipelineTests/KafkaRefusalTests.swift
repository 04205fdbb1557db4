// Kafka's refusals in words: each sentence stands once, and says what to grant or to set.

import Kafka
import Pipeline
import TestSupport
import Testing

@Suite(.waiting) struct KafkaRefusalTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let error: KafkaError
        let use: TopicUse
        let expected: PipelineError?

        var testDescription: String { "\(error.code.name) to \(use)" }
    }

    private static let certificate = KafkaError(code: .ssl, message: "SSL handshake failed: certificate verify failed")

    @Test(arguments: [
        Row(
            error: KafkaError(code: .topicAuthorizationFailed), use: .write,
            expected: .configuration(
                "Kafka does not let this user write to topic users "
                    + "(ACL: WRITE on the topic, or IDEMPOTENT_WRITE on the cluster)")),
        Row(
            error: KafkaError(code: .clusterAuthorizationFailed, isFatal: true), use: .write,
            expected: .configuration(
                "Kafka does not let this user write to topic users "
                    + "(ACL: WRITE on the topic, or IDEMPOTENT_WRITE on the cluster)")),
        Row(
            error: KafkaError(code: .topicAuthorizationFailed), use: .read,
            expected: .configuration("Kafka does not let this user read topic users (ACL: READ on the topic)")),
        Row(
            error: KafkaError(code: .topicAuthorizationFailed), use: .see,
            expected: .configuration("Kafka does not let this user see topic users (ACL: DESCRIBE on the topic)")),
        Row(
            error: KafkaError(code: .clusterAuthorizationFailed), use: .create,
            expected: .configuration(
                "there is no topic users, and this user may not create it (ACL: CREATE on the topic)")),
        Row(
            error: KafkaError(code: .groupAuthorizationFailed), use: .read,
            expected: .configuration("Kafka does not let this user join the consumer group (ACL: READ on the group)")),
        Row(
            error: certificate, use: .write,
            expected: .configuration(
                "Kafka refused access: SSL handshake failed: certificate verify failed",
                hint: "KAFKA_CONFIG is where TLS and SASL are set")),
        Row(error: KafkaError(code: .interrupted), use: .see, expected: .interrupted),
        Row(
            error: KafkaError(code: .state, message: "9 closed connections", isFatal: true), use: .write,
            expected: .kafka("librdkafka gave up: 9 closed connections")),
        Row(error: KafkaError(code: .transport), use: .write, expected: nil),
        Row(error: KafkaError(code: .unknownTopicOrPartition), use: .write, expected: nil),
    ])
    func sentences(_ row: Row) {
        #expect(fatalFailure(row.error, topic: "users", to: row.use) == row.expected)
    }

    @Test func settingsThatContradictTheBrokersAreAMatterOfConfiguration() {
        let words = "Disconnected: might be caused by incorrect security.protocol configuration"
        #expect(gaveUp(KafkaError(code: .transport, message: words), "no answer").kind == .configuration)
        #expect(gaveUp(KafkaError(code: .transport, message: "Connection refused"), "no answer") == .kafka("no answer"))
        #expect(gaveUp(nil, "no answer") == .kafka("no answer"))
    }

    @Test(
        arguments: [
            ([:], false, nil), (["cleanup.policy": "delete", "max.message.bytes": "1064960"], false, 1_064_960),
            (["cleanup.policy": "compact,delete"], true, nil), (["max.message.bytes": "many"], false, nil),
        ] as [([String: String], Bool, Int?)])
    func topicSettings(found: [String: String], isCompacted: Bool, limit: Int?) {
        let settings = TopicSettings(found)
        #expect(settings.isCompacted == isCompacted && settings.messageLimit == limit)
        #expect(
            TopicSettings.refusal(ofCompacted: "users")
                == .configuration(
                    "topic users is compacted (cleanup.policy): it loses records; set cleanup.policy=delete on it"))
    }

    @Test func theMockClusterIsKnownByItsName() throws {
        let broker = try DevBroker(topic: "users", partitions: 1)
        let admin = try Admin(ClientSettings(brokers: broker.bootstrapServers))
        defer { admin.close() }
        let cluster = try #require(try admin.clusterID())
        #expect(isMockCluster(cluster) && !isMockCluster("5L6g3nShT-eMCtK--X86sw"))
        #expect(try TopicSettings.ask(admin, of: "users", cluster: cluster) == nil)
    }
}
