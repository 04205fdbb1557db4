// The version of librdkafka at run time, for `--version` and `doctor`.

internal import CRdKafka

package enum KafkaVersion {
    /// Such as "2.0.2" (`rd_kafka_version_str`).
    package static var text: String { String(cString: rd_kafka_version_str()) }

    /// It can log in to Kafka 4 with SCRAM: 2.6.1 and newer.
    package static var speaksSCRAM: Bool { rd_kafka_version() >= 0x0206_0100 }
}
