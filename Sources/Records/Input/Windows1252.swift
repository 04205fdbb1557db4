// windows-1252, for an offer: what a file would read like in the encoding that most files have that are not UTF-8.

/// Nothing is loaded through this: iconv does that.
enum Windows1252 {
    static let name = "windows-1252"

    /// 80–9F; 0 where there is no character.
    private static let high: [UInt32] = [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
        0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E,
        0x0178,
    ]

    /// In UTF-8; nil if a byte has no character.
    static func decoded(_ bytes: some Collection<UInt8>) -> [UInt8]? {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        for byte in bytes {
            let code = (0x80...0x9F).contains(byte) ? high[Int(byte) - 0x80] : UInt32(byte)
            guard code > 0 || byte == 0, let scalar = Unicode.Scalar(code) else { return nil }
            text += Array(Character(scalar).utf8)
        }
        return text
    }
}

extension Concluder {
    /// What the input would say in windows-1252: only if nothing in it is UTF-8 beyond ASCII, and every byte has a
    /// character. nil: there is no such offer.
    func windows1252Offer(_ flags: InputFlags) -> (words: String, notice: Notice)? {
        // A byte order mark is UTF-8's, or UTF-16's.
        guard flags.encoding == nil, offset == 0, let base = bytes.baseAddress else { return nil }
        let end = base + bytes.count
        var position = base
        var first: Int?
        while position < end {
            guard position.pointee >= 0x80 else {
                position += 1
                continue
            }
            guard UTF8Rules.length(position, end) == 0 else { return nil }
            // A character that the window's end cuts.
            if !isWhole, end - position < 4 { break }
            first = first ?? position - base
            position += 1
        }
        guard let first, Windows1252.decoded(bytes) != nil else { return nil }
        // The word around the first byte.
        func isPart(_ byte: UInt8) -> Bool { byte >= 0x80 || FieldName.folded([byte]).count == 1 }
        var (start, stop) = (first, first)
        while start > 0, first - start < 20, isPart(bytes[start - 1]) { start -= 1 }
        while stop < bytes.count, stop - first < 20, isPart(bytes[stop]) { stop += 1 }
        guard let word = Windows1252.decoded(bytes[start..<stop]) else { return nil }
        let words =
            "in \(Windows1252.name) it would read \"\(String(decoding: word, as: UTF8.self))\": --encoding \(Windows1252.name)"
        let place = "not UTF-8 (\(place(first)))"
        return (
            words,
            Notice(
                text: "\(place); if it is \(Windows1252.name): --encoding \(Windows1252.name)",
                quoting: "\(place); \(words)")
        )
    }
}
