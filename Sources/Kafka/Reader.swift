// Reads single messages of a topic at given offsets, beside the consumer and in no group: for anchors and journals.

internal import CRdKafka

package enum ReadResult: Equatable, Sendable {
    /// The message at exactly that offset.
    case message(MessageCopy)
    /// No message has that offset: a transaction marker, an aborted or compacted message, or the end of the log or
    /// beyond it. `next`: the offset of the first message after it, nil when the log has none.
    case absent(next: Int64?)
    /// The log begins above it.
    case belowStart(low: Int64)
}

/// One thread owns a reader.
package final class Reader {
    private let client: Client
    private let name: String
    private let header: StaticString
    private var topic: OpaquePointer?

    /// - Parameter header: the name of the header that copies carry.
    package init(
        _ settings: ClientSettings, topic: String, header: StaticString, overrides: [(String, String)] = []
    ) throws {
        client = try Client(.reader, settings, overrides: overrides)
        name = topic
        self.header = header
        guard let topic = rd_kafka_topic_new(client.handle, topic, nil) else {
            throw KafkaError(code: KafkaErrorCode(rd_kafka_last_error()))
        }
        self.topic = topic
    }

    deinit { close() }

    /// Reads the message at `offset` (`rd_kafka_consume_start`, `_consume`, `_consume_stop`: 2.0.2 needs no group
    /// for these). Throws `.timedOut` when no answer came in time.
    package func read(partition: Int32, offset: Int64, timeout: Duration) throws(KafkaError) -> ReadResult {
        guard rd_kafka_consume_start(topic, partition, offset) == 0 else {
            throw KafkaError(code: KafkaErrorCode(rd_kafka_last_error()))
        }
        defer { rd_kafka_consume_stop(topic, partition) }
        let end = ContinuousClock.now + timeout
        while true {
            guard let message = rd_kafka_consume(topic, partition, min(20, milliseconds(until: end))) else {
                guard ContinuousClock.now < end else { throw KafkaError(code: .timedOut, message: client.lastError) }
                // 2.0.2's broker thread can sleep for a second before it takes up a partition; a request wakes it.
                _ = try? watermarks(partition: partition, timeout: .milliseconds(100))
                continue
            }
            defer { rd_kafka_message_destroy(message) }
            switch message.pointee.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                let found = Message(pointer: message)
                if found.offset < offset { continue }
                return found.offset == offset
                    ? .message(MessageCopy(found, header: header)) : .absent(next: found.offset)
            case RD_KAFKA_RESP_ERR__PARTITION_EOF:
                return .absent(next: nil)
            case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
                let marks = try watermarks(partition: partition, timeout: timeout)
                return offset < marks.low ? .belowStart(low: marks.low) : .absent(next: nil)
            default:
                throw KafkaError(
                    code: KafkaErrorCode(message.pointee.err),
                    message: rd_kafka_message_errstr(message).map { String(cString: $0) })
            }
        }
    }

    /// The log's start and the offset its next message will have (`rd_kafka_query_watermark_offsets`).
    package func watermarks(partition: Int32, timeout: Duration) throws(KafkaError) -> (low: Int64, high: Int64) {
        var low: Int64 = 0
        var high: Int64 = 0
        let code = rd_kafka_query_watermark_offsets(
            client.handle, name, partition, &low, &high, milliseconds(until: .now + timeout))
        if let error = KafkaError(code) { throw error }
        return (low, high)
    }

    package func close() {
        if let topic { rd_kafka_topic_destroy(topic) }
        topic = nil
        client.destroy()
    }
}

/// What is left until `end`, in whole milliseconds, never below 0.
func milliseconds(until end: ContinuousClock.Instant) -> Int32 {
    let (seconds, attoseconds) = (end - .now).components
    return Int32(clamping: max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000))
}
