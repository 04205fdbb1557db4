// File names and arguments as text: Linux allows any bytes in them, a String holds only Unicode. A byte that is no
// part of valid UTF-8 becomes a private-use scalar, so that nothing is lost on the way there and back.

/// The scalars that stand for single bytes: U+EF00 + byte, for bytes from 0x80 (the convention of MirBSD's OPTU-16).
private let escapes: ClosedRange<UInt32> = 0xEF80...0xEFFF

/// The byte that a scalar stands for; nil for an ordinary one.
package func escapedByte(_ scalar: Unicode.Scalar) -> UInt8? {
    escapes.contains(scalar.value) ? UInt8(truncatingIfNeeded: scalar.value) : nil
}

extension String {
    /// Different bytes give different strings: the UTF-8 of an escape itself is escaped byte by byte.
    package init(fileSystemBytes bytes: some Sequence<UInt8>) {
        var scalars = String.UnicodeScalarView()
        var rest = Array(bytes)[...]
        while let first = rest.first {
            var parser = Unicode.UTF8.ForwardParser()
            var iterator = rest.makeIterator()
            if case .valid(let encoded) = parser.parseScalar(from: &iterator),
                escapedByte(Unicode.UTF8.decode(encoded)) == nil
            {
                scalars.append(Unicode.UTF8.decode(encoded))
                rest = rest.dropFirst(encoded.count)
            } else {
                // An ASCII byte is always valid, so that this one is 0x80 or more.
                scalars.append(Unicode.Scalar(0xEF00 + UInt32(first)) ?? "\u{FFFD}")
                rest = rest.dropFirst()
            }
        }
        self.init(scalars)
    }

    /// The bytes that `init(fileSystemBytes:)` made this string of.
    package var fileSystemBytes: [UInt8] {
        unicodeScalars.flatMap { scalar in escapedByte(scalar).map { [$0] } ?? Array(UTF8.encode(scalar) ?? .init()) }
    }
}

/// Calls `body` with the file's name as C functions take it.
package func withFileName<Result>(_ name: String, _ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
    try body(name.fileSystemBytes.map { CChar(bitPattern: $0) } + [0])
}
