// A broker that refuses our certificate after the handshake looks like a lost connection to librdkafka 2.0.2: only
// OpenSSL's error number, in the text, tells the two apart.

/// Whether the text holds a TLS alert by which the peer refuses who we are, or how we speak: trying again changes nothing.
func isTLSRefusal(_ text: String) -> Bool {
    // handshake failure, bad, unsupported, revoked, expired and unknown certificate, unknown CA, access denied,
    // protocol version, insufficient security, certificate required
    guard let alert = tlsAlert(in: text) else { return false }
    return [40, 42, 43, 44, 45, 46, 48, 49, 70, 71, 116].contains(alert)
}

/// The alert in `error:0A000412:SSL routines::…`: the number's low 23 bits are OpenSSL's reason, 1000 + the alert.
func tlsAlert(in text: String) -> Int? {
    guard let start = text.firstRange(of: "error:")?.upperBound, text.contains(":SSL routines:") else { return nil }
    let digits = text[start...].prefix { $0 != ":" }
    guard let number = UInt32(digits, radix: 16) else { return nil }
    let alert = Int(number & 0x7F_FFFF) - 1000
    return (0...255).contains(alert) ? alert : nil
}
