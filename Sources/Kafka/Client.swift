// One librdkafka handle and what its callbacks need: owner of `rd_kafka_t` for producer, consumer, reader and admin.

internal import CRdKafka
internal import Glibc
internal import Synchronization

/// A log line of librdkafka. `level` is syslog's: 3 error, 4 warning, 6 info, 7 debug.
package struct ClientLogLine: Sendable {
    package let level: Int32
    /// librdkafka's word for the part that speaks, such as FAIL.
    package let facility: String
    package let text: String
}

/// What callbacks reach through librdkafka's opaque pointer. `Client` keeps it until the handle is destroyed, and
/// destroying joins librdkafka's threads, so no callback outlives it.
final class ClientContext {
    /// On the polling thread: broker away, authentication failed, fatal errors.
    var problem: ((KafkaError) -> Void)?
    /// On the polling thread of a producer.
    var report: ((DeliveryReport) -> Void)?
    /// On the polling thread of a consumer.
    var rebalance: ((_ isAssign: Bool, _ partitions: [Int32]) -> Void)?
    /// Authentication failed: no use waiting for a timeout. On the polling thread.
    fileprivate(set) var refusal: KafkaError?
    /// On any thread.
    let log: (@Sendable (ClientLogLine) -> Void)?
    /// The latest error line of the log, written on any thread.
    fileprivate let lastError = Mutex<String?>(nil)

    init(log: (@Sendable (ClientLogLine) -> Void)?) { self.log = log }
}

final class Client {
    private(set) var handle: OpaquePointer?
    let context: ClientContext

    /// - Parameter configure: sets the callbacks of the role.
    init(
        _ role: ClientRole, _ settings: ClientSettings, group: String? = nil, overrides: [(String, String)] = [],
        configure: (OpaquePointer) -> Void = { _ in }
    ) throws(ConfigurationError) {
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

    deinit { destroy() }

    /// Idempotent. Joins librdkafka's threads; does not wait for a broker.
    func destroy() {
        guard let handle else { return }
        self.handle = nil
        rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    }

    /// Leaves the destroying to a thread of its own: for a consumer that 2.0.2 does not let go of while a commit waits
    /// for its coordinator (up to session.timeout.ms).
    func abandon() {
        guard let handle else { return }
        self.handle = nil
        let abandoned = Unmanaged.passRetained(Abandoned(handle: handle, context: context))
        var thread = pthread_t()
        guard pthread_create(&thread, nil, destroyAbandoned, abandoned.toOpaque()) == 0 else {
            // No thread to be had: then the handle lives on, and what its log callback needs with it.
            return
        }
        pthread_detach(thread)
    }

    /// Lets go of a handle that a call of ours never returns from: it lives as long as the process, and what its log
    /// callback needs with it.
    func leave() {
        guard handle != nil else { return }
        handle = nil
        _ = Unmanaged.passRetained(context)
    }

    /// The latest warning or error line of librdkafka: why a call timed out.
    var lastError: String? { context.lastError.withLock { $0 } }

    /// The error that stopped this handle for good, if one did.
    var fatalError: KafkaError? {
        guard let handle else { return nil }
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(handle, &text, text.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return KafkaError(code: KafkaErrorCode(code), message: string(text), isFatal: true)
    }
}

/// A handle on its way out, with the context that its log callback still reaches.
private final class Abandoned {
    let handle: OpaquePointer
    let context: ClientContext

    init(handle: OpaquePointer, context: ClientContext) {
        self.handle = handle
        self.context = context
    }
}

/// The whole life of the thread that `abandon` starts; owns what it is given.
private func destroyAbandoned(_ abandoned: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let abandoned = abandoned.map({ Unmanaged<Abandoned>.fromOpaque($0).takeRetainedValue() }) else { return nil }
    rd_kafka_destroy_flags(abandoned.handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    return nil
}

private func context(_ opaque: UnsafeMutableRawPointer?) -> ClientContext? {
    opaque.map { Unmanaged<ClientContext>.fromOpaque($0).takeUnretainedValue() }
}

/// `log_cb`: on any of librdkafka's threads and within any call; the strings live for this call.
private func clientDidLog(
    _ handle: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?
) {
    guard let handle, let facility, let text, let context = context(rd_kafka_opaque(handle)) else { return }
    let line = ClientLogLine(level: level, facility: String(cString: facility), text: String(cString: text))
    if level <= 4 { context.lastError.withLock { $0 = line.text } }
    context.log?(line)
}

/// `error_cb`: on the thread that polls the handle, within that call; the text lives for this call.
private func clientDidFail(
    _ handle: OpaquePointer?, _ code: Int32, _ text: UnsafePointer<CChar>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let context = context(opaque) else { return }
    var error = KafkaError(code: KafkaErrorCode(rawValue: code), message: text.map { String(cString: $0) })
    if error.code == .fatal, let handle {
        var cause = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(handle, &cause, cause.count)
        error = KafkaError(code: KafkaErrorCode(code), message: string(cause), isFatal: true)
    }
    if error.isAuthentication { context.refusal = error }
    context.problem?(error)
}

/// `dr_msg_cb`: within `rd_kafka_poll` on the producer's thread; the message lives for this call.
func producerDidReport(
    _ handle: OpaquePointer?, _ message: UnsafePointer<rd_kafka_message_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let message, let opaque else { return }
    let code = message.pointee.err
    let report = DeliveryReport(
        opaque: UInt(bitPattern: message.pointee._private), partition: message.pointee.partition,
        offset: message.pointee.offset, error: code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaErrorCode(code))
    // Once a message: the context is not counted up and down for it.
    Unmanaged<ClientContext>.fromOpaque(opaque)._withUnsafeGuaranteedRef { $0.report?(report) }
}

/// `rebalance_cb`: within the consumer's poll or close, on that thread; the list lives for this call.
func consumerDidRebalance(
    _ handle: OpaquePointer?, _ code: rd_kafka_resp_err_t,
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let rebalance = context(opaque)?.rebalance else { return }
    let partitions = list.map { list in (0..<Int(list.pointee.cnt)).map { list.pointee.elems[$0].partition } } ?? []
    rebalance(code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, partitions)
}
