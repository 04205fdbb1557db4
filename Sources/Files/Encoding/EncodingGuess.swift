// What a text could be that is not UTF-8: only what can be told from its bytes, as a proposal for `--encoding`.

package struct EncodingGuess: Equatable, Sendable {
    /// What `--encoding` would be given.
    package let name: String
    private let encoding: TextEncoding

    private init(_ name: String, _ encoding: TextEncoding) {
        self.name = name
        self.encoding = encoding
    }

    /// windows-1252, if `window` is not ASCII, holds no character of UTF-8 of more than one byte, and is windows-1252
    /// as a whole; else nil.
    /// - Parameter window: the first bytes of a text, which may be cut within a character.
    package static func of(_ window: some Collection<UInt8>) -> EncodingGuess? {
        let bytes = Array(window)
        let guess = EncodingGuess("windows-1252", .windows1252)
        guard bytes.contains(where: { $0 >= 0x80 }), !holdsMultiByteCharacter(bytes[...]) else { return nil }
        return guess.text(bytes) == nil ? nil : guess
    }

    /// How bytes of the text would read; nil if they are not in this encoding.
    package func text(_ bytes: some Collection<UInt8>) -> String? {
        Iconv(from: encoding.name)?.convert(Array(bytes)[...]).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func holdsMultiByteCharacter(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while let index = rest.firstIndex(where: { $0 >= 0x80 }) {
            rest = rest[index...]
            var parser = Unicode.UTF8.ForwardParser()
            var iterator = rest.makeIterator()
            if case .valid = parser.parseScalar(from: &iterator) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}

/// A text with NUL bytes is not UTF-8; which of the two UTF-16 it may be.
struct UTF16Guess {
    /// The encoding that `--encoding` would name; nil if it is neither.
    let encoding: TextEncoding?

    /// - Parameter window: the first bytes of a text without a byte order mark.
    init(_ window: ArraySlice<UInt8>) {
        var zeros = [0, 0]  // at even and at odd positions
        for (index, byte) in window.enumerated() where byte == 0 { zeros[index & 1] += 1 }
        let candidate: TextEncoding? =
            switch (zeros[0], zeros[1]) {
            case (0, Self.enough...): .utf16LE
            case (Self.enough..., 0): .utf16BE
            default: nil
            }
        let whole = window.prefix(window.count & ~1)
        encoding = candidate.flatMap { Iconv(from: $0.name)?.convert(whole) == nil ? nil : $0 }
    }

    /// The digits, delimiters and line ends of any language have a zero byte each.
    private static let enough = 3
}
