// Words of the command line are bytes and need not be UTF-8: a file name in Latin-1 must reach open(2) as it was typed.
// Here such bytes travel in a String as private-use characters, which are spelled out wherever text is shown.

/// U+10FF80…U+10FFFF: the byte is the low eight bits.
private let rawByteScalars: ClosedRange<UInt32> = 0x10FF80...0x10FFFF

/// A byte that is no part of a UTF-8 character becomes a character of its own; so does each byte of a character that
/// would be taken for one. `rawBytes` gives the same bytes back.
package func rawText(_ bytes: some Sequence<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    var pending = Array(bytes)[...]
    while let first = pending.first {
        var decoder = Unicode.UTF8.ForwardParser()
        var iterator = pending.makeIterator()
        if case .valid(let encoded) = decoder.parseScalar(from: &iterator) {
            let scalar = Unicode.UTF8.decode(encoded)
            if rawByteScalars.contains(scalar.value) {
                for byte in encoded { append(byte) }
            } else {
                text.append(scalar)
            }
            pending = pending.dropFirst(encoded.count)
        } else {
            append(first)
            pending = pending.dropFirst()
        }
    }
    return String(text)

    /// Only bytes from 0x80 on can be no ASCII.
    func append(_ byte: UInt8) {
        text.append(Unicode.Scalar(0x10FF00 + UInt32(byte)) ?? "\u{FFFD}")
    }
}

/// The bytes that `rawText` was made of; of any other text its UTF-8.
package func rawBytes(_ text: String) -> [UInt8] {
    text.unicodeScalars.flatMap { scalar in
        rawByte(scalar).map { [$0] } ?? Array(Unicode.UTF8.encode(scalar) ?? .init())
    }
}

/// The same with a NUL behind it, for C.
package func rawCString(_ text: String) -> [CChar] { rawBytes(text).map { CChar(bitPattern: $0) } + [0] }

/// The byte that this character stands for; nil: it stands for itself.
func rawByte(_ scalar: Unicode.Scalar) -> UInt8? {
    rawByteScalars.contains(scalar.value) ? UInt8(truncatingIfNeeded: scalar.value) : nil
}
