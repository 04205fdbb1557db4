// Waiting for an answer: in short turns, so that a refused authentication ends it, and with the cause when time is up.

internal import CRdKafka

extension Client {
    /// Asks for the brokers and, if given, one topic (`rd_kafka_metadata`), without using a cache.
    func metadata(
        of topic: OpaquePointer?, until end: ContinuousClock.Instant, body: (rd_kafka_metadata) -> Void
    ) throws(KafkaError) {
        while true {
            var metadata: UnsafePointer<rd_kafka_metadata>?
            let code = rd_kafka_metadata(handle, 0, topic, &metadata, min(500, milliseconds(until: end)))
            if let metadata {
                defer { rd_kafka_metadata_destroy(metadata) }
                return body(metadata.pointee)
            }
            try check(KafkaErrorCode(code), until: end)
        }
    }

    /// How many partitions the topic has; nil: there is no such topic, and asking does not create it.
    func partitions(of topic: OpaquePointer, until end: ContinuousClock.Instant) throws(KafkaError) -> Int? {
        var found: (code: rd_kafka_resp_err_t, count: Int)?
        try metadata(of: topic, until: end) { metadata in
            if metadata.topic_cnt > 0 { found = (metadata.topics[0].err, Int(metadata.topics[0].partition_cnt)) }
        }
        guard let found else { return nil }
        switch found.code {
        // A topic on its way out may answer with none.
        case RD_KAFKA_RESP_ERR_NO_ERROR: return found.count > 0 ? found.count : nil
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: return nil
        default: throw KafkaError(code: KafkaErrorCode(found.code))
        }
    }

    /// Asks the partitions' leaders for their logs' ends, and waits for no answer: a request wakes a broker's thread, which
    /// in 2.0.2 may sleep for up to 1 s beside something to fetch.
    func wakeLeaders(of partitions: [Int32], topic: String) {
        guard let handle, let list = rd_kafka_topic_partition_list_new(Int32(partitions.count)) else { return }
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for partition in partitions {
            rd_kafka_topic_partition_list_add(list, topic, partition)?.pointee.offset = Int64(RD_KAFKA_OFFSET_END)
        }
        rd_kafka_offsets_for_times(handle, list, 0)
    }

    /// After a turn without an answer: throws when waiting longer is useless, or the time is up. Serves what the client
    /// has to tell; for a connection's failure its log has the cause.
    func check(_ code: KafkaErrorCode, until end: ContinuousClock.Instant) throws(KafkaError) {
        // Without waiting.
        rd_kafka_poll(handle, 0)
        if let refusal = context.refusal { throw refusal }
        if isCancelled() { throw KafkaError(code: .interrupted) }
        let error = KafkaError(code: code)
        guard error.isConnection else { throw error }
        if ContinuousClock.now >= end { throw KafkaError(code: code, message: context.lastCause) }
    }
}

/// What is left until `end`, in whole milliseconds, never below 0.
func milliseconds(until end: ContinuousClock.Instant) -> Int32 {
    let (seconds, attoseconds) = (end - .now).components
    guard seconds < Int64(Int32.max) / 1000 else { return Int32.max }
    return Int32(clamping: max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000))
}
