// A member of the group that reads one topic: explicit positions, one queue, rebalances answered on the polling thread.

internal import CRdKafka

/// What the consumer tells from within `poll` and `close`, on that thread.
package protocol ConsumerHandler: AnyObject {
    /// The group gave us these partitions: `assign` them, or `assign([])` until positions are known. A handler that
    /// calls neither gets the latter.
    func assigned(_ partitions: [Int32], by consumer: Consumer)
    /// The group takes them away: commit or roll back what is in flight before returning. `lost`: another member may
    /// have them already. All partitions are unassigned when this returns.
    func revoked(_ partitions: [Int32], lost: Bool, by consumer: Consumer)
    /// The connection, the group or the whole handle; see `isAuthentication`, `isFatal`, `isConnection`.
    func failed(_ error: KafkaError)
}

package final class Consumer {
    private let client: Client
    /// Told of rebalances and problems; not kept alive by the consumer.
    package weak var handler: (any ConsumerHandler)?
    private var queue: OpaquePointer?
    private var topic = ""
    private var messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
    private var capacity: Int
    /// Of `messages`: polled, and not handed out yet.
    private var upcoming = 0..<0
    private var isClosing = false
    private var assignmentCalls = 0
    private var assigned: [Int32] = []
    /// Of those, the ones of which nothing has come since they were assigned.
    private var silent: Set<Int32> = []
    /// Milliseconds before they are asked for.
    private var wakePause: Int32 = 2
    /// The longest the queue was since the last wake-up.
    private var queuePeak = 0

    package init(
        _ settings: ClientSettings, group: String, overrides: [(String, String)] = [],
        handler: (any ConsumerHandler)? = nil
    ) throws {
        capacity = 1024
        messages = .allocate(capacity: capacity)
        messages.initialize(repeating: nil, count: capacity)
        do {
            client = try Client(
                .consumer, settings, group: group, overrides: overrides,
                configure: { conf in
                    rd_kafka_conf_set_rebalance_cb(conf, consumerDidRebalance)
                })
        } catch {
            messages.deallocate()
            throw error
        }
        self.handler = handler
        // Everything arrives on one queue, so one call polls it all.
        rd_kafka_poll_set_consumer(client.handle)
        queue = rd_kafka_queue_get_consumer(client.handle)
        client.context.problem = { [unowned self] in self.handler?.failed($0) }
        client.context.rebalance = { [unowned self] in rebalance(isAssign: $0, $1) }
    }

    deinit {
        end(limit: .zero)
        messages.deallocate()
    }

    /// Joins the group for one topic; partitions come through the handler.
    package func subscribe(_ topic: String) throws(KafkaError) {
        guard client.handle != nil else { throw closed }
        self.topic = topic
        try client.bounded("rd_kafka_subscribe") { handle in
            let list = rd_kafka_topic_partition_list_new(1)
            defer { rd_kafka_topic_partition_list_destroy(list) }
            rd_kafka_topic_partition_list_add(list, topic, -1)
            return rd_kafka_subscribe(handle, list)
        }
    }

    /// Reads one topic without joining the group: what is read is what `assign` says, and no rebalance comes. Connects
    /// meanwhile.
    package func readByHand(_ topic: String) {
        self.topic = topic
        client.wakeLeaders(of: [0], topic: topic)
    }

    /// Hands out up to `maximum` events, waiting up to `milliseconds` for the first and for no further one
    /// (`rd_kafka_consume_batch_queue`). Rebalances and problems are served inside. Counts as a poll for
    /// max.poll.interval.ms. Returns how many events were handed out. An assignment made inside, by the handler or by
    /// `body`, drops what this call had taken under the one before.
    package func poll(maximum: Int, milliseconds: Int32, _ body: (ConsumerEvent) -> Void) throws(KafkaError) -> Int {
        guard let queue else { throw closed }
        reserve(maximum)
        // The call returns only when the array is full or time is up: first take what is there, then wait for one.
        var count = rd_kafka_consume_batch_queue(queue, 0, messages, maximum)
        if count == 0 && milliseconds > 0 {
            count = rd_kafka_consume_batch_queue(queue, silent.isEmpty ? milliseconds : wakePause, messages, 1)
        }
        guard count > 0 else {
            if !silent.isEmpty { wakeSilent(limit: milliseconds) }
            return 0
        }
        wakeFetcher(taken: count)
        // For the handler, librdkafka's barriers have done it; for `body`, this does.
        let calls = assignmentCalls
        var handedOut = 0
        for index in 0..<count {
            guard let message = messages[index] else { continue }
            upcoming = index + 1..<count
            if assignmentCalls == calls {
                if !silent.isEmpty { silent.remove(message.pointee.partition) }
                body(event(message))
                handedOut += 1
            }
            rd_kafka_message_destroy(message)
        }
        upcoming = 0..<0
        return handedOut
    }

    /// Where a partition's log ended when the broker last said so, open transactions included
    /// (`rd_kafka_get_watermark_offsets`: asks nobody); nil: not yet.
    package func knownEnd(of partition: Int32) -> Int64? {
        guard let handle = client.handle else { return nil }
        var low: Int64 = 0
        var high: Int64 = 0
        let code = rd_kafka_get_watermark_offsets(handle, topic, partition, &low, &high)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
    }

    /// What this call to `poll` hands out next, messages only. From within its `body`.
    package func forEachUpcoming(_ body: (Message) -> Void) {
        for index in upcoming {
            if let message = messages[index], message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                body(Message(pointer: message))
            }
        }
    }

    /// A full queue stops fetching, and 2.0.2 looks again only when something wakes the leader's thread, which sleeps for
    /// up to 1 s (`rd_kafka_broker_consumer_serve`). A request wakes it: the latest offsets, for whose answer nobody
    /// waits. Whenever the queue has halved, so that it never runs dry (it did: a third of the time of a backlog).
    private func wakeFetcher(taken: Int) {
        let length = Int(rd_kafka_queue_length(queue))
        queuePeak = max(queuePeak, length + taken)
        // Messages of 1 MiB fill it with 16.
        guard queuePeak >= 8, length <= queuePeak / 2, client.handle != nil, !assigned.isEmpty else { return }
        queuePeak = length
        client.wakeLeaders(of: assigned, topic: topic)
    }

    /// The same after an `assign`, until every partition has said something: 2.0.2 may look at a new one only when the
    /// broker's thread wakes.
    private func wakeSilent(limit: Int32) {
        wakePause = min(2 * wakePause, limit)
        client.wakeLeaders(of: Array(silent), topic: topic)
    }

    /// Starts reading at these offsets, and nowhere else; an empty list reads nothing and stays a member.
    package func assign(_ positions: [(partition: Int32, offset: Int64)]) throws(KafkaError) {
        guard client.handle != nil else { throw closed }
        assignmentCalls += 1
        let list = partitionList(positions)
        try client.bounded("rd_kafka_assign") { handle in
            defer { rd_kafka_topic_partition_list_destroy(list) }
            return rd_kafka_assign(handle, list)
        }
        assigned = positions.map(\.partition)
        silent = Set(assigned)
        wakePause = 2
        queuePeak = 0
    }

    /// Gives all partitions back; answers a revocation.
    package func unassign() throws(KafkaError) {
        guard client.handle != nil else { throw closed }
        assignmentCalls += 1
        assigned = []
        silent = []
        try client.bounded("rd_kafka_assign") { rd_kafka_assign($0, nil) }
    }

    /// Tells the broker how far we are, for lag tools; not waited for, not relied on.
    package func commit(_ positions: [(partition: Int32, offset: Int64)]) {
        guard let handle = client.handle, !positions.isEmpty else { return }
        let list = partitionList(positions)
        defer { rd_kafka_topic_partition_list_destroy(list) }
        // Asynchronous: only enqueues.
        rd_kafka_commit(handle, list, 1)
    }

    /// The group gave our partitions away without asking (`rd_kafka_assignment_lost`).
    package var assignmentLost: Bool { client.handle.map { rd_kafka_assignment_lost($0) != 0 } ?? false }

    /// Leaves the group; the handler's `revoked` is called from here. Bounded by `limit`, with the broker away too.
    package func close(limit: Duration = .seconds(3)) {
        guard let handle = client.handle, let closing = rd_kafka_queue_new(handle) else { return }
        let end = ContinuousClock.now + limit
        isClosing = true
        // Asynchronous; without a queue of ours it would wait for the group's end.
        if KafkaError(consuming: rd_kafka_consumer_close_queue(handle, closing)) == nil {
            while rd_kafka_consumer_closed(handle) == 0 && ContinuousClock.now < end { serve(closing) }
        }
        rd_kafka_queue_destroy(closing)
        // 2.0.2 does not let go of a consumer while a commit waits for its coordinator (up to session.timeout.ms).
        self.end(limit: rd_kafka_consumer_closed(handle) == 0 ? .zero : min(max(.zero, end - .now), .seconds(1)))
    }

    private func end(limit: Duration) {
        guard let queue else { return }
        self.queue = nil
        client.close(limit: limit) { rd_kafka_queue_destroy(queue) }
    }

    /// As events, since `rd_kafka_queue_poll_callback` of 2.0.2 ends the process on a message in the queue.
    private func serve(_ closing: OpaquePointer) {
        guard let event = rd_kafka_queue_poll(closing, 100) else { return }
        defer { rd_kafka_event_destroy(event) }
        guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE else { return }
        let code = rd_kafka_event_error(event)
        consumerDidRebalance(
            client.handle, code, rd_kafka_event_topic_partition_list(event),
            Unmanaged.passUnretained(client.context).toOpaque())
    }

    private var closed: KafkaError { KafkaError(code: .state, message: "the consumer is closed") }

    private func rebalance(isAssign: Bool, _ partitions: [Int32]) {
        if isClosing {
            // Whatever comes now is given back, without waiting: a group that ends just then drops the request, and the
            // call never returns.
            if !isAssign { handler?.revoked(partitions, lost: assignmentLost, by: self) }
            return client.detach { rd_kafka_assign($0, nil) }
        }
        let calls = assignmentCalls
        if isAssign {
            handler?.assigned(partitions, by: self)
            if assignmentCalls == calls { try? assign([]) }
        } else {
            handler?.revoked(partitions, lost: assignmentLost, by: self)
            try? unassign()
        }
    }

    private func event(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> ConsumerEvent {
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR: return .message(Message(pointer: message))
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            return .endOfPartition(partition: message.pointee.partition, offset: message.pointee.offset)
        default:
            // Of a client's error only the topic is empty; its partition may say 0.
            let partition = message.pointee.rkt == nil ? -1 : message.pointee.partition
            return .failed(
                partition: partition < 0 ? nil : partition,
                KafkaError(
                    code: KafkaErrorCode(message.pointee.err),
                    message: rd_kafka_message_errstr(message).map { String(cString: $0) },
                    offset: message.pointee.offset < 0 ? nil : message.pointee.offset))
        }
    }

    private func partitionList(
        _ positions: [(partition: Int32, offset: Int64)]
    ) -> UnsafeMutablePointer<rd_kafka_topic_partition_list_t>? {
        let list = rd_kafka_topic_partition_list_new(Int32(positions.count))
        for position in positions {
            rd_kafka_topic_partition_list_add(list, topic, position.partition)?.pointee.offset = position.offset
        }
        return list
    }

    private func reserve(_ maximum: Int) {
        guard maximum > capacity else { return }
        messages.deallocate()
        capacity = maximum
        messages = .allocate(capacity: maximum)
        messages.initialize(repeating: nil, count: maximum)
    }
}
