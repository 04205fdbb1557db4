// A message as the consumer hands it out: a view of librdkafka's memory, and a copy that stays.

internal import CRdKafka

/// Views, valid only within the closure that was given the message.
package struct Message {
    let pointer: UnsafeMutablePointer<rd_kafka_message_t>

    package var partition: Int32 { pointer.pointee.partition }
    package var offset: Int64 { pointer.pointee.offset }

    /// Milliseconds since 1970; -1: none. With LogAppendTime, the broker's clock.
    package var timestamp: Int64 {
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        return rd_kafka_message_timestamp(pointer, &type)
    }

    /// nil: no key. An empty key is a buffer of no bytes.
    package var key: UnsafeBufferPointer<UInt8>? { bytes(pointer.pointee.key, pointer.pointee.key_len) }

    /// nil: a tombstone.
    package var value: UnsafeBufferPointer<UInt8>? { bytes(pointer.pointee.payload, pointer.pointee.len) }

    /// The last header of that name; nil when there is none. Parses the message's headers once.
    package func header(_ name: StaticString) -> UnsafeBufferPointer<UInt8>? {
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(pointer, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return nil }
        var start: UnsafeRawPointer?
        var size = 0
        guard rd_kafka_header_get_last(headers, cString(name), &start, &size) == RD_KAFKA_RESP_ERR_NO_ERROR
        else { return nil }
        // One without a value is there all the same.
        return bytes(start, size) ?? UnsafeBufferPointer(start: nil, count: 0)
    }

    private func bytes(_ start: UnsafeRawPointer?, _ count: Int) -> UnsafeBufferPointer<UInt8>? {
        start.map { UnsafeBufferPointer(start: $0.assumingMemoryBound(to: UInt8.self), count: count) }
    }
}

/// A message that outlives the call it came from.
package struct MessageCopy: Equatable, Sendable {
    package let offset: Int64
    /// Milliseconds since 1970; -1: none.
    package let timestamp: Int64
    package let key: [UInt8]?
    package let value: [UInt8]?
    /// The header the reader was made for.
    package let header: [UInt8]?

    package init(offset: Int64, timestamp: Int64, key: [UInt8]?, value: [UInt8]?, header: [UInt8]?) {
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.header = header
    }

    init(_ message: Message, header name: StaticString) {
        offset = message.offset
        timestamp = message.timestamp
        key = message.key.map(Array.init)
        value = message.value.map(Array.init)
        header = message.header(name).map(Array.init)
    }
}

/// What a poll of the consumer hands out, in the order of each partition's log.
package enum ConsumerEvent {
    case message(Message)
    /// Everything below `offset` was handed out: the partition's end at this moment, or the start of an open transaction.
    case endOfPartition(partition: Int32, offset: Int64)
    /// This partition is read no further, such as `.autoOffsetReset`: its offset is outside the log. nil: not of one
    /// partition (`.maxPollExceeded`, a topic that is not there).
    case failed(partition: Int32?, KafkaError)
}
