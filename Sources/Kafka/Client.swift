// One librdkafka handle and what its callbacks need: owner of `rd_kafka_t` for producer, consumer, reader and admin.

internal import CRdKafka

final class Client {
    private(set) var handle: OpaquePointer?
    let context: ClientContext
    /// Looked at in every turn of a wait.
    let isCancelled: () -> Bool
    /// Calls that have not returned within their limit.
    private var unreturned: [DetachedCall] = []

    /// - Parameters:
    ///   - isCancelled: whether to end a wait with `.interrupted`.
    ///   - configure: sets the callbacks of the role.
    /// - Throws: `ConfigurationError`, or a fatal `KafkaError` when too many closed clients have not ended.
    init(
        _ role: ClientRole, _ settings: ClientSettings, group: String? = nil, overrides: [(String, String)] = [],
        isCancelled: @escaping () -> Bool = { false }, configure: (OpaquePointer) -> Void = { _ in }
    ) throws {
        try ClosingClient.refuseIfTooManyLinger()
        self.isCancelled = isCancelled
        context = ClientContext(log: settings.log)
        let conf = try settings.configuration(for: role, group: group, overrides: overrides)
        rd_kafka_conf_set_opaque(conf, Unmanaged.passUnretained(context).toOpaque())
        rd_kafka_conf_set_log_cb(conf, clientDidLog)
        rd_kafka_conf_set_error_cb(conf, clientDidFail)
        configure(conf)
        var text = [CChar](repeating: 0, count: 512)
        let type = role == .consumer || role == .reader ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER
        guard let handle = rd_kafka_new(type, conf, &text, text.count) else {
            // Only on failure does the configuration stay ours.
            rd_kafka_conf_destroy(conf)
            throw ConfigurationError("\(settings.file.map { "\($0): " } ?? "")\(string(text))")
        }
        self.handle = handle
    }

    /// Does not wait.
    deinit { close(limit: .zero) }

    /// Ends the handle; idempotent. No callback but the log is called from here on.
    /// - Parameters:
    ///   - limit: how long to wait for its end.
    ///   - release: gives back what hangs on the handle, before it ends.
    /// - Returns: the client, if it has not ended within the limit.
    @discardableResult
    func close(limit: Duration = .seconds(1), release: @escaping () -> Void = {}) -> ClosingClient? {
        guard let handle else { return nil }
        self.handle = nil
        context.clear()
        return ClosingClient.close(handle, context, after: unreturned, limit: limit, release: release)
    }

    /// Some call has not returned within its limit: this client is only good for closing.
    var isStuck: Bool {
        unreturned.removeAll { $0.wait(.zero) }
        return !unreturned.isEmpty
    }

    /// Makes a call to which 2.0.2 gives no limit (`rd_kafka_op_req` with RD_POLL_INFINITE), on a thread of its own; what
    /// `call` captures is kept until it returns. Throws `.timedOut` when it does not in time: then the client is stuck.
    func bounded(
        _ name: StaticString, limit: Duration = .seconds(3),
        _ call: @escaping (OpaquePointer) -> rd_kafka_resp_err_t
    ) throws(KafkaError) {
        guard let handle else { throw KafkaError(code: .state, message: "the client is closed") }
        guard !isStuck else { throw KafkaError(code: .timedOut, message: "librdkafka is stuck in an earlier call") }
        let answer = Answer()
        // Nobody else touches what it captures.
        nonisolated(unsafe) let work = { answer.code = call(handle) }
        let detached = DetachedCall { work() }
        guard detached.wait(limit) else {
            unreturned.append(detached)
            throw KafkaError(code: .timedOut, message: "librdkafka did not return from \(name)")
        }
        if let error = KafkaError(answer.code) { throw error }
    }

    /// Makes such a call without waiting for it; closing waits until it has returned.
    func detach(_ call: @escaping (OpaquePointer) -> Void) {
        guard let handle else { return }
        // Nobody else touches what it captures.
        nonisolated(unsafe) let work = { call(handle) }
        unreturned.append(DetachedCall { work() })
    }

    /// The error that stopped this handle for good, if one did.
    var fatalError: KafkaError? { handle.flatMap(fatalErrorOf) }
}

/// Unchecked: written by the call's thread before it signals, read after that.
private final class Answer: @unchecked Sendable {
    var code = RD_KAFKA_RESP_ERR_NO_ERROR
}
