// The C functions that librdkafka calls, and what they reach through its opaque pointer.

internal import CRdKafka
internal import Synchronization

/// A log line of librdkafka. `level` is syslog's: 3 error, 4 warning, 6 info, 7 debug.
package struct ClientLogLine: Sendable {
    package let level: Int32
    /// librdkafka's word for the part that speaks, such as FAIL.
    package let facility: String
    package let text: String
}

/// What callbacks reach. `Client` keeps it, and then whoever closes the handle until that has ended: no callback
/// outlives it.
final class ClientContext {
    /// On the polling thread: broker away, authentication failed, fatal errors.
    var problem: ((KafkaError) -> Void)?
    /// On the polling thread of a producer.
    var report: ((DeliveryReport) -> Void)?
    /// On the polling thread of a consumer.
    var rebalance: ((_ isAssign: Bool, _ partitions: [Int32]) -> Void)?
    /// Authentication failed: waiting for a timeout would not help. On the polling thread.
    fileprivate(set) var refusal: KafkaError?
    /// On any thread.
    let log: (@Sendable (ClientLogLine) -> Void)?
    private let cause = Mutex<String?>(nil)

    init(log: (@Sendable (ClientLogLine) -> Void)?) { self.log = log }

    /// The latest warning or error line of librdkafka: why a call timed out. On any thread.
    fileprivate(set) var lastCause: String? {
        get { cause.withLock { $0 } }
        set { cause.withLock { $0 = newValue } }
    }

    /// Every callback but the log.
    func clear() {
        problem = nil
        report = nil
        rebalance = nil
    }
}

private func context(_ opaque: UnsafeMutableRawPointer?) -> ClientContext? {
    opaque.map { Unmanaged<ClientContext>.fromOpaque($0).takeUnretainedValue() }
}

/// `log_cb`: on any of librdkafka's threads and within any call; the strings live for this call.
func clientDidLog(
    _ handle: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?
) {
    guard let handle, let facility, let text, let context = context(rd_kafka_opaque(handle)) else { return }
    let line = ClientLogLine(level: level, facility: String(cString: facility), text: String(cString: text))
    // Some lost connections are only worth an info.
    if level <= 4 || line.facility == "FAIL" { context.lastCause = line.text }
    context.log?(line)
}

/// `error_cb`: on the thread that polls the handle, within that call; the text lives for this call.
func clientDidFail(
    _ handle: OpaquePointer?, _ code: Int32, _ text: UnsafePointer<CChar>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let context = context(opaque) else { return }
    var error = KafkaError(code: KafkaErrorCode(rawValue: code), message: text.map { String(cString: $0) })
    if error.code == .fatal, let handle, let cause = fatalErrorOf(handle) { error = cause }
    if error.code == .transport, isTLSRefusal(error.message) { error = KafkaError(code: .ssl, message: error.message) }
    // OpenSSL 3's word for a peer that has gone; one that speaks no TLS goes, too, but so does a broker that restarts.
    if error.code == .ssl, error.message.contains("unexpected eof") {
        error = KafkaError(code: .transport, message: error.message)
    }
    // "1/1 brokers are down" does not name a cause.
    if error.code == .allBrokersDown, let cause = context.lastCause {
        error = KafkaError(code: .allBrokersDown, message: cause)
    }
    if error.isAuthentication {
        let settings = handle.flatMap { rd_kafka_conf($0) }
        error = error.explained { key in settings.flatMap { setting(key, in: $0) } }
        context.refusal = error
    }
    context.problem?(error)
}

/// The error that stopped the handle for good (`rd_kafka_fatal_error`).
func fatalErrorOf(_ handle: OpaquePointer) -> KafkaError? {
    var text = [CChar](repeating: 0, count: 512)
    let code = rd_kafka_fatal_error(handle, &text, text.count)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return KafkaError(code: KafkaErrorCode(code), message: string(text), isFatal: true)
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
