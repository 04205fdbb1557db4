// A text without a byte order mark that has NUL bytes.

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
