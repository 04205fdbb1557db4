// Questions about cluster, topics and groups, and creating topics. Every call is bounded in time.

internal import CRdKafka

/// One thread owns an admin handle.
package final class Admin {
    private let client: Client

    /// - Parameter isCancelled: looked at about every second of a wait; true ends it with `.interrupted`.
    package init(_ settings: ClientSettings, isCancelled: @escaping () -> Bool = { false }) throws {
        client = try Client(.admin, settings, isCancelled: isCancelled)
    }

    /// Identifies the cluster (`rd_kafka_clusterid`); nil when the broker has no id.
    package func clusterID(timeout: Duration = .seconds(10)) throws(KafkaError) -> String? {
        let handle = try open
        // Known from the answer to any question about a topic.
        if let id = knownClusterID(handle, wait: 0) { return id }
        try client.metadata(of: nil, until: .now + timeout) { _ in }
        return knownClusterID(handle, wait: 1000)
    }

    private func knownClusterID(_ handle: OpaquePointer, wait milliseconds: Int32) -> String? {
        guard let id = rd_kafka_clusterid(handle, milliseconds) else { return nil }
        defer { rd_kafka_mem_free(handle, id) }
        return String(cString: id)
    }

    /// How many partitions the topic has; nil: there is no such topic, and asking does not create it.
    package func partitions(of topic: String, timeout: Duration = .seconds(10)) throws(KafkaError) -> Int? {
        guard let handle = rd_kafka_topic_new(try open, topic, nil) else {
            throw KafkaError(code: KafkaErrorCode(rd_kafka_last_error()))
        }
        defer { rd_kafka_topic_destroy(handle) }
        return try client.partitions(of: handle, until: .now + timeout)
    }

    /// How many members the group has, of any client (`rd_kafka_list_groups`); nil: it cannot be told.
    package func groupMembers(_ group: String, timeout: Duration = .seconds(5)) -> Int? {
        members(of: group, timeout: timeout)?.count
    }

    /// The same with who they are and what they were assigned.
    package func members(of group: String, timeout: Duration = .seconds(5)) -> [GroupMember]? {
        guard let client = client.handle else { return nil }
        var list: UnsafePointer<rd_kafka_group_list>?
        let code = rd_kafka_list_groups(client, group, &list, milliseconds(until: .now + timeout))
        guard let list else { return nil }
        defer { rd_kafka_group_list_destroy(list) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        // A group that nobody ever joined is not listed.
        guard list.pointee.group_cnt > 0 else { return [] }
        let group = list.pointee.groups[0]
        guard group.err == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return UnsafeBufferPointer(start: group.members, count: Int(group.member_cnt)).map { member in
            let bytes = UnsafeRawBufferPointer(
                start: member.member_assignment, count: Int(member.member_assignment_size))
            return GroupMember(
                client: text(member.client_id), host: text(member.client_host), assignment: Array(bytes))
        }
    }

    private func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
        pointer.map { String(cString: $0) } ?? ""
    }

    /// Bounded by a second. Idempotent.
    package func close() { client.close() }

    private var open: OpaquePointer {
        get throws(KafkaError) {
            guard let handle = client.handle else {
                throw KafkaError(code: .state, message: "the admin handle is closed")
            }
            return handle
        }
    }

    // MARK: - Requests with a result of their own

    /// Creates a topic (`rd_kafka_CreateTopics`). `.topicAlreadyExists` is an error like any other.
    /// - Parameter replication: -1: the broker's default.
    package func create(
        topic: String, partitions: Int, replication: Int = -1, configuration: [(String, String)],
        timeout: Duration = .seconds(10)
    ) throws(KafkaError) {
        var text = [CChar](repeating: 0, count: 512)
        guard
            let new = rd_kafka_NewTopic_new(topic, Int32(partitions), Int32(replication), &text, text.count)
        else { throw KafkaError(code: .invalidArgument, message: string(text)) }
        defer { rd_kafka_NewTopic_destroy(new) }
        for (key, value) in configuration {
            if let error = KafkaError(rd_kafka_NewTopic_set_config(new, key, value)) { throw error }
        }
        let event = try request(RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout) { options, queue in
            var topics: [OpaquePointer?] = [new]
            rd_kafka_CreateTopics(client.handle, &topics, 1, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        guard let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count),
            count > 0, let result = results[0]
        else { return }
        let message = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
        if let error = KafkaError(rd_kafka_topic_result_error(result), message: message) { throw error }
    }

    /// The topic's settings as they are in force (`rd_kafka_DescribeConfigs`); without those the broker hides.
    package func configuration(
        of topic: String, timeout: Duration = .seconds(10)
    ) throws(KafkaError) -> [String: String] {
        let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
        defer { rd_kafka_ConfigResource_destroy(resource) }
        let event = try request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout) { options, queue in
            var resources: [OpaquePointer?] = [resource]
            rd_kafka_DescribeConfigs(client.handle, &resources, 1, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        guard
            let results = rd_kafka_DescribeConfigs_result_resources(
                rd_kafka_event_DescribeConfigs_result(event), &count), count > 0, let result = results[0]
        else { return [:] }
        let message = rd_kafka_ConfigResource_error_string(result).map { String(cString: $0) }
        if let error = KafkaError(rd_kafka_ConfigResource_error(result), message: message) { throw error }
        let entries = rd_kafka_ConfigResource_configs(result, &count)
        var found: [String: String] = [:]
        for index in 0..<count {
            guard let entry = entries?[index], let value = rd_kafka_ConfigEntry_value(entry) else { continue }
            found[String(cString: rd_kafka_ConfigEntry_name(entry))] = String(cString: value)
        }
        return found
    }

    /// Sends one request and waits for its event, which the caller destroys.
    private func request(
        _ kind: rd_kafka_admin_op_t, _ timeout: Duration, send: (OpaquePointer?, OpaquePointer?) -> Void
    ) throws(KafkaError) -> OpaquePointer {
        let end = ContinuousClock.now + timeout
        let options = rd_kafka_AdminOptions_new(try open, kind)
        defer { rd_kafka_AdminOptions_destroy(options) }
        let limit = milliseconds(until: end)
        rd_kafka_AdminOptions_set_request_timeout(options, limit, nil, 0)
        let queue = rd_kafka_queue_new(client.handle)
        defer { rd_kafka_queue_destroy(queue) }
        send(options, queue)
        while true {
            guard let event = rd_kafka_queue_poll(queue, 100) else {
                try client.check(.timedOut, until: end)
                continue
            }
            guard rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR else { return event }
            defer { rd_kafka_event_destroy(event) }
            let error = KafkaError(
                code: KafkaErrorCode(rd_kafka_event_error(event)),
                message: rd_kafka_event_error_string(event).map { String(cString: $0) })
            if error.isConnection { try client.check(error.code, until: .now) }
            throw error
        }
    }
}
