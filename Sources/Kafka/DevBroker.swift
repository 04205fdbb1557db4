// A Kafka cluster inside this process, for trying things out: librdkafka's mock. It keeps nothing on disk, holds 5 MB a
// partition, drops the oldest beyond that without a word, and answers neither CreateTopics nor DescribeConfigs.

internal import CRdKafka

package final class DevBroker {
    private let client: Client
    private var cluster: OpaquePointer?
    package let bootstrapServers: String

    /// One broker on a free loopback port (2.0.2 cannot be told which) with one topic.
    package init(topic: String, partitions: Int) throws {
        client = try Client(.admin, ClientSettings(brokers: "127.0.0.1:0"))
        guard let cluster = rd_kafka_mock_cluster_new(client.handle, 1) else {
            throw KafkaError(code: .invalidArgument, message: "rd_kafka_mock_cluster_new failed")
        }
        self.cluster = cluster
        bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
        try create(topic: topic, partitions: partitions)
    }

    deinit { close() }

    package func create(topic: String, partitions: Int) throws(KafkaError) {
        if let error = KafkaError(rd_kafka_mock_topic_create(cluster, topic, Int32(partitions), 1)) { throw error }
    }

    /// Ends the cluster and all its connections. Idempotent.
    package func close() {
        guard let cluster else { return }
        self.cluster = nil
        // Waits for the cluster's own thread alone, which serves no other process.
        rd_kafka_mock_cluster_destroy(cluster)
        client.close()
    }

    /// The kinds of request that a test can make fail, by Kafka's API key.
    package struct Request: RawRepresentable, Sendable {
        package let rawValue: Int16
        package init(rawValue: Int16) { self.rawValue = rawValue }
        package static let produce = Request(rawValue: 0)
        package static let fetch = Request(rawValue: 1)
        package static let listOffsets = Request(rawValue: 2)
        package static let metadata = Request(rawValue: 3)
        package static let initProducerID = Request(rawValue: 22)
    }

    /// For tests: the next requests of this kind fail, one with each of these (`rd_kafka_mock_push_request_errors`).
    package func fail(_ request: Request, with codes: [KafkaErrorCode]) {
        var codes = codes.map(\.cValue)
        rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, codes.count, &codes)
    }

    /// For tests: nobody leads the partition any more, or the broker does again (`rd_kafka_mock_partition_set_leader`).
    package func setLeader(_ isThere: Bool, of topic: String, partition: Int32) {
        rd_kafka_mock_partition_set_leader(cluster, topic, partition, isThere ? 1 : -1)
    }

    /// For tests: the broker goes away, or comes back on the same port.
    package func setUp(_ isUp: Bool) {
        if isUp { rd_kafka_mock_broker_set_up(cluster, 1) } else { rd_kafka_mock_broker_set_down(cluster, 1) }
    }
}
