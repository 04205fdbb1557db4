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
    /// It lies in a batch that cannot be read; the error says which.
    case unreadable(KafkaError)
}

/// One thread owns a reader.
package final class Reader {
    private let client: Client
    private let name: String
    private let header: StaticString
    private let reach: ReaderRound.Reach
    private var topic: OpaquePointer?

    /// - Parameters:
    ///   - header: the name of the header that copies carry.
    ///   - readsMany: many messages of a partition that lie close together, not one or two.
    ///   - isCancelled: looked at about every second of a wait; true ends it with `.interrupted`.
    package init(
        _ settings: ClientSettings, topic: String, header: StaticString, readsMany: Bool = false,
        overrides: [(String, String)] = [], isCancelled: @escaping () -> Bool = { false }
    ) throws {
        reach = readsMany ? .many : .few
        client = try Client(.reader, settings, overrides: reach.settings + overrides, isCancelled: isCancelled)
        name = topic
        self.header = header
        guard let topic = rd_kafka_topic_new(client.handle, topic, nil) else {
            throw KafkaError(code: KafkaErrorCode(rd_kafka_last_error()))
        }
        self.topic = topic
    }

    deinit { close() }

    /// A call of it has not returned: it answers no more, and is only good for closing.
    package var isStuck: Bool { client.isStuck }

    /// Reads the message at `offset`. Throws `.timedOut` when no answer came in time.
    package func read(partition: Int32, offset: Int64, timeout: Duration) throws(KafkaError) -> ReadResult {
        try read([(partition, offset)], timeout: timeout)[0]
    }

    /// Reads the messages at these places, all at once, and answers in their order (`rd_kafka_consume_start_queue`,
    /// `_consume_queue`, `_consume_stop`: 2.0.2 needs no group for these). Places of one partition that lie far apart take
    /// several rounds. Throws `.timedOut` when no further answer came in time.
    package func read(
        _ places: [(partition: Int32, offset: Int64)], timeout: Duration
    ) throws(KafkaError) -> [ReadResult] {
        var results = [ReadResult?](repeating: nil, count: places.count)
        while results.contains(where: { $0 == nil }) {
            let open = places.indices.filter { results[$0] == nil }
            var round = ReaderRound(open.map { ($0, places[$0].partition, places[$0].offset) }, reach)
            try perform(&round, timeout)
            for (index, result) in round.results { results[index] = result }
        }
        return results.compactMap { $0 }
    }

    private func perform(_ round: inout ReaderRound, _ timeout: Duration) throws(KafkaError) {
        guard let topic, let handle = client.handle, let queue = rd_kafka_queue_new(handle) else { throw closed }
        defer { rd_kafka_queue_destroy(queue) }
        guard !client.isStuck else {
            throw KafkaError(code: .timedOut, message: "librdkafka is stuck in an earlier call")
        }
        var started: [Int32] = []
        // Should one not be stopped in time, the next read says so.
        defer { try? stop(started, topic) }
        for (partition, offset) in round.starts {
            try start(partition, offset, topic, queue)
            started.append(partition)
        }
        // An answer takes a millisecond or two; but 2.0.2 now and then forgets to wake the broker's thread, which then
        // sleeps for up to 1 s. A request to the partitions' leaders wakes the right ones.
        let firstTurn: Int32 = 2
        var turn = firstTurn
        var end = ContinuousClock.now + timeout
        var answered = 0
        var nextCheck = ContinuousClock.now + .milliseconds(250)
        var nextStop = ContinuousClock.now + Self.stopInterval
        while !round.isComplete {
            // Of a batch above what is fetched at a time a broker gives one partition only in each answer: those that
            // have theirs would take that place for what lies behind.
            if ContinuousClock.now >= nextStop {
                let open = Set(round.open)
                try stop(started.filter { !open.contains($0) }, topic)
                started = started.filter(open.contains)
                nextStop = .now + Self.stopInterval
            }
            guard let message = rd_kafka_consume_queue(queue, min(turn, milliseconds(until: end))) else {
                try client.check(.timedOut, until: end)
                client.wakeLeaders(of: round.open, topic: name)
                turn = min(turn * 2, 100)
                if ContinuousClock.now >= nextCheck {
                    nextCheck = .now + .milliseconds(250)
                    try checkTopic(topic, round.open.max()!, until: end)
                }
                continue
            }
            defer { rd_kafka_message_destroy(message) }
            if let (partition, offset) = try take(message, &round, until: end) {
                try stop([partition], topic)
                try start(partition, offset, topic, queue)
            }
            guard round.results.count > answered else { continue }
            answered = round.results.count
            end = .now + timeout
            turn = firstTurn
        }
    }

    /// Asynchronous: only enqueues.
    private func start(
        _ partition: Int32, _ offset: Int64, _ topic: OpaquePointer, _ queue: OpaquePointer
    ) throws(KafkaError) {
        guard rd_kafka_consume_start_queue(topic, partition, offset, queue) == 0 else {
            throw KafkaError(code: KafkaErrorCode(rd_kafka_last_error()))
        }
    }

    private static let stopInterval = Duration.milliseconds(20)

    /// The answer comes from librdkafka's main thread.
    private func stop(_ partitions: [Int32], _ topic: OpaquePointer) throws(KafkaError) {
        guard !partitions.isEmpty else { return }
        try client.bounded("rd_kafka_consume_stop", limit: .seconds(1)) { _ in
            for partition in partitions { rd_kafka_consume_stop(topic, partition) }
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// Returns where a partition is to be read once more.
    private func take(
        _ message: UnsafeMutablePointer<rd_kafka_message_t>, _ round: inout ReaderRound,
        until end: ContinuousClock.Instant
    ) throws(KafkaError) -> (partition: Int32, offset: Int64)? {
        let partition = message.pointee.partition
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            let found = Message(pointer: message)
            guard let wanted = round.offset(partition), wanted <= found.offset else {
                round.passed(partition, bytes: Int(message.pointee.len))
                return nil
            }
            while let offset = round.offset(partition), offset <= found.offset {
                round.answer(
                    partition,
                    found.offset == offset
                        ? .message(MessageCopy(found, header: header)) : .absent(next: found.offset))
            }
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            guard let offset = round.offset(partition) else { return nil }
            // Only the leader answers this; it makes librdkafka look for the leader again if it is another one.
            let high = try watermarks(of: [partition], until: end)[0].high
            if round.asksAgain(partition, leadersEnd: high) { return (partition, offset) }
            while round.offset(partition) != nil { round.answer(partition, .absent(next: nil)) }
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
            guard let offset = round.offset(partition) else { return nil }
            let (low, high) = try watermarks(of: [partition], until: end)[0]
            if offset >= low, round.asksAgain(partition, leadersEnd: high) { return (partition, offset) }
            if offset >= low { round.answer(partition, .absent(next: nil)) }
            while let offset = round.offset(partition), offset < low {
                round.answer(partition, .belowStart(low: low))
            }
            // Further ones may lie in the log.
            round.leave(partition)
        default:
            let error = KafkaError(
                code: KafkaErrorCode(message.pointee.err),
                message: rd_kafka_message_errstr(message).map { String(cString: $0) },
                offset: message.pointee.offset < 0 ? nil : message.pointee.offset)
            guard error.isUnreadableBatch else { throw error }
            // Of a partition that has all its answers, it is a batch behind them.
            guard let offset = round.offset(partition) else { return nil }
            // One further on may lie behind the batch. Reading does not get past it, so that is for another round.
            if round.starts.contains(where: { $0 == (partition, offset) }) {
                round.answer(partition, .unreadable(error))
            }
            round.leave(partition)
        }
        return nil
    }

    /// The log's start and the offset up to which it may be read: its end, or the start of an open transaction.
    package func watermarks(partition: Int32, timeout: Duration) throws(KafkaError) -> (low: Int64, high: Int64) {
        try watermarks(of: [partition], timeout: timeout)[0]
    }

    /// The same of several partitions, in their order: two requests to each of their leaders.
    package func watermarks(
        of partitions: [Int32], timeout: Duration
    ) throws(KafkaError) -> [(low: Int64, high: Int64)] {
        try watermarks(of: partitions, until: .now + timeout)
    }

    private func watermarks(
        of partitions: [Int32], until end: ContinuousClock.Instant
    ) throws(KafkaError) -> [(low: Int64, high: Int64)] {
        let lows = try offsets(RD_KAFKA_OFFSET_BEGINNING, partitions, until: end)
        return Array(zip(lows, try offsets(RD_KAFKA_OFFSET_END, partitions, until: end)))
    }

    /// One end of each log (`rd_kafka_offsets_for_times`). Not `rd_kafka_query_watermark_offsets`: with a known leader
    /// that is away, 2.0.2 forgets its timeout and does not return.
    private func offsets(
        _ position: Int32, _ partitions: [Int32], until end: ContinuousClock.Instant
    ) throws(KafkaError) -> [Int64] {
        guard let topic, let handle = client.handle else { throw closed }
        guard !partitions.isEmpty else { return [] }
        while true {
            let list = rd_kafka_topic_partition_list_new(Int32(partitions.count))!
            defer { rd_kafka_topic_partition_list_destroy(list) }
            for partition in partitions {
                rd_kafka_topic_partition_list_add(list, name, partition).pointee.offset = Int64(position)
            }
            let code = rd_kafka_offsets_for_times(handle, list, min(1000, milliseconds(until: end)))
            let entries = UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt))
            let failed = entries.first { $0.err != RD_KAFKA_RESP_ERR_NO_ERROR }
            let reason = code == RD_KAFKA_RESP_ERR_NO_ERROR ? failed?.err ?? RD_KAFKA_RESP_ERR_NO_ERROR : code
            if reason == RD_KAFKA_RESP_ERR_NO_ERROR { return entries.map(\.offset) }
            // Of a topic just created, or while a partition moves.
            if reason == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE
                || reason == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION
            {
                if ContinuousClock.now >= end {
                    throw KafkaError(code: .timedOut, message: "\(name)/\(failed?.partition ?? 0) has no leader")
                }
                // Metadata, so that a new one is noticed.
                try checkTopic(topic, partitions.max()!, until: end)
                rd_kafka_poll(handle, 50)
                continue
            }
            // 2.0.2 says so of topics that are not there too.
            if reason == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION {
                try checkTopic(topic, partitions.max()!, until: end)
            }
            try client.check(KafkaErrorCode(reason), until: end)
        }
    }

    /// A topic that is not there, or that we may not know of, is otherwise waited for without a word.
    private func checkTopic(
        _ topic: OpaquePointer, _ partition: Int32, until end: ContinuousClock.Instant
    ) throws(KafkaError) {
        var code = RD_KAFKA_RESP_ERR_NO_ERROR
        try client.metadata(of: topic, until: end) { metadata in
            guard metadata.topic_cnt > 0 else { return }
            code = metadata.topics[0].err
            if code == RD_KAFKA_RESP_ERR_NO_ERROR && partition >= metadata.topics[0].partition_cnt {
                code = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION
            }
        }
        if let error = KafkaError(code) { throw error }
    }

    private var closed: KafkaError { KafkaError(code: .state, message: "the reader is closed") }

    /// How many partitions the topic has now; nil: there is no such topic. One request to a broker.
    package func partitions(timeout: Duration) throws(KafkaError) -> Int? {
        guard let topic else { throw closed }
        return try client.partitions(of: topic, until: .now + timeout)
    }

    /// Bounded by a second. Idempotent.
    package func close() {
        guard let topic else { return }
        self.topic = nil
        client.close { rd_kafka_topic_destroy(topic) }
    }
}
