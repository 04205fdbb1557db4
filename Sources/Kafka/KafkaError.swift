// What went wrong in Kafka: a code to match on and a sentence to show. The one place that maps librdkafka's errors.

internal import CRdKafka

/// An error of the client or the broker. `catch KafkaErrorCode.topicAlreadyExists` matches by code.
package struct KafkaError: Error, Equatable, Sendable, CustomStringConvertible {
    package let code: KafkaErrorCode
    /// librdkafka's text, or ours; never with a password in it.
    package let message: String
    /// The handle it came from cannot be used any more (`rd_kafka_fatal_error`).
    package let isFatal: Bool
    /// What to set or to install, where the message does not say it.
    package let hint: String?
    /// Of what could not be read from a partition: where its batch begins, as its bytes say.
    package let offset: Int64?

    package init(
        code: KafkaErrorCode, message: String? = nil, isFatal: Bool = false, hint: String? = nil, offset: Int64? = nil
    ) {
        self.code = code
        self.message = message.map(plain) ?? code.sentence
        self.isFatal = isFatal
        self.hint = hint
        self.offset = offset
    }

    /// The broker gave a batch that cannot be unpacked, or whose bytes are not those that were sent: it will give the same
    /// one again.
    package var isUnreadableBatch: Bool { code == .badCompression || code == .badMessage }

    /// Who we are was not believed, or no TLS session came about: trying again changes nothing.
    package var isAuthentication: Bool {
        switch code {
        case .authentication, .ssl, .saslAuthenticationFailed, .unsupportedSaslMechanism: true
        default: false
        }
    }

    /// Who we are may not do this.
    package var isAuthorization: Bool {
        switch code {
        case .topicAuthorizationFailed, .groupAuthorizationFailed, .clusterAuthorizationFailed: true
        default: false
        }
    }

    /// The broker is away or does not answer: it may come back.
    package var isConnection: Bool {
        switch code {
        case .transport, .allBrokersDown, .resolve, .timedOut, .timedOutInQueue, .networkException,
            .brokerNotAvailable, .requestTimedOut:
            true
        default: false
        }
    }

    /// The connection broke in a way that librdkafka puts down to TLS or SASL on one side only. Only its words say so; a
    /// broker that is just starting, or a proxy without one, breaks it in the same way.
    package var suggestsOtherProtocol: Bool {
        // A plain listener ends a TLS connection with either of the last two, as the moment has it.
        isConnection
            && ["security.protocol", "SSL handshake failed", "SSL routines:"].contains { message.contains($0) }
    }

    package var description: String { "\(message) (\(code.name))" }

    /// Takes an `rd_kafka_error_t` over and destroys it; nil stays nil.
    init?(consuming error: OpaquePointer?) {
        guard let error else { return nil }
        defer { rd_kafka_error_destroy(error) }
        self.init(
            code: KafkaErrorCode(rd_kafka_error_code(error)), message: String(cString: rd_kafka_error_string(error)),
            isFatal: rd_kafka_error_is_fatal(error) != 0)
    }

    /// nil when the code says that nothing went wrong.
    init?(_ code: rd_kafka_resp_err_t, message: String? = nil) {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        self.init(code: KafkaErrorCode(code), message: message)
    }
}

/// librdkafka's text without the name of its thread in front and its remark on the connection's state behind.
private func plain(_ text: String) -> String {
    var text = text[...]
    if text.hasPrefix("[thrd:"), let end = text.firstRange(of: "]: ") { text = text[end.upperBound...] }
    guard let remark = text.firstRange(of: " (after ") else { return String(text) }
    let message = String(text[..<remark.lowerBound])
    // 2.0.2 says itself what that state suggests; 2.16 does not.
    let suggestion = "might be caused by incorrect security.protocol configuration"
    guard text[remark.upperBound...].contains("APIVERSION_QUERY"), message.contains("Disconnected"),
        !message.contains(suggestion)
    else { return message }
    return "\(message): \(suggestion)"
}

extension KafkaErrorCode {
    /// Lets `catch` and `case` match an error by its code.
    package static func ~= (code: KafkaErrorCode, error: any Error) -> Bool {
        (error as? KafkaError)?.code == code
    }
}
