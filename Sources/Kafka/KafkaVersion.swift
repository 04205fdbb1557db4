// The version of librdkafka at run time, for `--version` and `doctor`.

internal import CRdKafka

package enum KafkaVersion {
    /// Such as "2.0.2" (`rd_kafka_version_str`).
    package static var text: String { String(cString: rd_kafka_version_str()) }
}
