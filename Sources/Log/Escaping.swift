// Makes text from files, Kafka and servers safe for a terminal: what could move the cursor, change colours or
// turn the direction of writing is spelled out instead of performed.

/// `text` with control characters and characters that hide or reorder text written as `\n`, `\t`, `\r`,
/// `\x1B` or `\u{202E}`. A backslash stays as it is: the result is for eyes, not for reading back.
package func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        if isUnsafe(scalar) {
            result.append(contentsOf: spelling(scalar).unicodeScalars)
        } else {
            result.append(scalar)
        }
    }
    return String(result)
}

/// The same for bytes that claim to be UTF-8; a byte that is no part of a character becomes `\xFF`.
package func escaped(bytes: some Sequence<UInt8>) -> String {
    var result = ""
    var decoder = Unicode.UTF8.ForwardParser()
    var pending = Array(bytes)[...]
    while let first = pending.first {
        var iterator = pending.makeIterator()
        switch decoder.parseScalar(from: &iterator) {
        case .valid(let encoded):
            result += escaped(String(Unicode.UTF8.decode(encoded)))
            pending = pending.dropFirst(encoded.count)
        case .error, .emptyInput:
            result += "\\x" + hexadecimal(UInt32(first))
            pending = pending.dropFirst()
        }
        decoder = Unicode.UTF8.ForwardParser()
    }
    return result
}

/// Controls (C0, DEL, C1), line and paragraph separators, and what Unicode's bidirectional algorithm obeys
/// (UAX #9), with the invisible characters used to hide text: zero-width no-break space and tags; and bytes that
/// `rawText` carries.
func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF,
        0xE0000...0xE007F, 0x10FF80...0x10FFFF:
        true
    default: false
    }
}

private func spelling(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    case _ where rawByte(scalar) != nil: "\\x" + hexadecimal(scalar.value & 0xFF)
    case _ where scalar.value < 0x100: "\\x" + hexadecimal(scalar.value)
    default: "\\u{" + hexadecimal(scalar.value) + "}"
    }
}

/// At least two upper-case digits.
private func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return digits.count < 2 ? "0" + digits : digits
}
