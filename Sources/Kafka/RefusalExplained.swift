// Refusals whose words send people the wrong way: what is meant is told by the settings that the client has.

extension KafkaError {
    /// The same refusal in words that say what to do, where the settings tell; else itself.
    /// - Parameters:
    ///   - speaksSCRAM: `KafkaVersion.speaksSCRAM`.
    ///   - setting: the client's value of a setting; nil or empty: it has none.
    func explained(
        speaksSCRAM: Bool = KafkaVersion.speaksSCRAM, by setting: (String) -> String?
    ) -> KafkaError {
        // To a client without a certificate Kafka says "bad certificate" (42), others say "certificate required" (116).
        if code == .ssl, let alert = tlsAlert(in: message), [42, 116].contains(alert),
            ["ssl.certificate.location", "ssl.certificate.pem", "ssl.keystore.location"]
                .allSatisfy({ setting($0)?.isEmpty != false })
        {
            return KafkaError(
                code: code, message: "the brokers want a client certificate, and none is set",
                hint: "set ssl.certificate.location and ssl.key.location in KAFKA_CONFIG")
        }
        // Kafka 4 says "invalid credentials" to an older library, whatever the password is.
        if [.authentication, .saslAuthenticationFailed].contains(code), !speaksSCRAM,
            setting("sasl.mechanisms")?.uppercased().hasPrefix("SCRAM-") == true
        {
            return KafkaError(
                code: code, message: message, isFatal: isFatal,
                hint: "librdkafka \(KafkaVersion.text) cannot log in to Kafka 4 with SCRAM, whatever the password is: "
                    + "install 2.6.1 or newer, or use another mechanism (PLAIN over TLS, a client certificate)")
        }
        return self
    }
}
