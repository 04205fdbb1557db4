// Strings inside JSON: escapes and UTF-8, checked as strictly as Postgres checks them, and undone.

extension JSONScanner {
    /// A string from the byte after its opening quote; returns its closing quote.
    @inline(__always)
    mutating func string(_ start: BytePointer) -> BytePointer? {
        var position = start
        while end - position >= ByteBlock.size {
            let block = ByteBlock(position)
            let hit = BlockHits(block.equal(UInt8(ascii: "\"")) .| block.equal(UInt8(ascii: "\\")) .| block.notPlain)
                .first
            position += hit
            guard hit < ByteBlock.size else { continue }
            if position.pointee == UInt8(ascii: "\"") { return position }
            guard let next = special(position) else { return nil }
            position = next
        }
        return lastBytes(position)
    }

    /// The same where fewer than 16 bytes are left.
    private mutating func lastBytes(_ start: BytePointer) -> BytePointer? {
        var position = start
        while position < end {
            let byte = position.pointee
            if byte == UInt8(ascii: "\"") { return position }
            if byte &- 0x20 < 0x60, byte != UInt8(ascii: "\\") {
                position += 1
            } else {
                guard let next = special(position) else { return nil }
                position = next
            }
        }
        return malformed(position)
    }

    /// A backslash, a control character, or bytes from 80.
    private mutating func special(_ start: BytePointer) -> BytePointer? {
        let byte = start.pointee
        if byte >= 0x80 { return multibyte(start) }
        if byte == UInt8(ascii: "\\") { return escape(start) }
        guard byte == 0 else { return malformed(start) }
        flaws.insert(.nul)
        return start + 1
    }

    /// Characters of two to four bytes, as many as there are; an invalid byte is a flaw and passed over alone.
    private mutating func multibyte(_ start: BytePointer) -> BytePointer {
        var position = start
        while position < end, position.pointee >= 0x80 {
            let length = UTF8Rules.length(position, end)
            if length == 0 { flaws.insert(.invalidUTF8) }
            position += max(length, 1)
        }
        return position
    }

    private mutating func escape(_ start: BytePointer) -> BytePointer? {
        sawEscape = true
        guard end - start >= 2 else { return malformed(end) }
        switch start[1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            guard let unit = JSONString.unit(start, end) else { return malformed(start) }
            if unit == 0 { flaws.insert(.nul) }
            if unit & 0xF800 == 0xD800 {
                if unit < 0xDC00, let low = JSONString.unit(start + 6, end), low & 0xFC00 == 0xDC00 {
                    return start + 12
                }
                flaws.insert(.loneSurrogate)
            }
            return start + 6
        default: return malformed(start)
        }
    }
}

/// RFC 3629.
enum UTF8Rules {
    /// Bytes of the character at `start`, whose first byte is from 80: 2–4, or 0 if it is not valid (cut off,
    /// overlong, a surrogate, beyond U+10FFFF).
    @inline(__always)
    static func length(_ start: BytePointer, _ end: BytePointer) -> Int {
        let count: Int
        let second: ClosedRange<UInt8>
        switch start.pointee {
        case 0xC2...0xDF: (count, second) = (2, 0x80...0xBF)
        case 0xE0: (count, second) = (3, 0xA0...0xBF)
        case 0xED: (count, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (count, second) = (3, 0x80...0xBF)
        case 0xF0: (count, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (count, second) = (4, 0x80...0xBF)
        case 0xF4: (count, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard end - start >= count, second.contains(start[1]) else { return 0 }
        var position = 2
        while position < count {
            guard start[position] & 0xC0 == 0x80 else { return 0 }
            position += 1
        }
        return count
    }

    static func isValid(_ bytes: Bytes) -> Bool {
        guard var position = bytes.baseAddress else { return true }
        let end = position + bytes.count
        while position < end {
            let length = position.pointee < 0x80 ? 1 : length(position, end)
            guard length > 0 else { return false }
            position += length
        }
        return true
    }
}

enum JSONString {
    /// `"key":`
    static func key(_ key: [UInt8]) -> [UInt8] {
        let text = ByteBuffer(capacity: key.count + 3)
        text.append(UInt8(ascii: "\""))
        for byte in key {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 {
                appendEscaped(byte, to: text)
            } else {
                text.append(byte)
            }
        }
        text.append("\":")
        return Array(text.bytes)
    }

    /// A quote, a backslash or a control character.
    static func appendEscaped(_ byte: UInt8, to target: ByteBuffer) {
        switch byte {
        case UInt8(ascii: "\""): target.append("\\\"")
        case UInt8(ascii: "\\"): target.append("\\\\")
        case 0x0A: target.append("\\n")
        case 0x0D: target.append("\\r")
        case 0x09: target.append("\\t")
        default:
            target.append("\\u00")
            for digit in Hex.text(UInt64(byte)).utf8.suffix(2) { target.append(digit) }
        }
    }

    /// The UTF-16 unit of `\uXXXX` at `start`; nil if there is no such thing.
    static func unit(_ start: BytePointer, _ end: BytePointer) -> UInt32? {
        guard end - start >= 6, start[0] == UInt8(ascii: "\\"), start[1] == UInt8(ascii: "u") else { return nil }
        var unit: UInt32 = 0
        for position in 2..<6 {
            guard let nibble = Hex.nibble(start[position]) else { return nil }
            unit = unit << 4 | UInt32(nibble)
        }
        return unit
    }

    /// Appends what a scanned string stands for; never more bytes than it has. Half a surrogate pair becomes its own
    /// three bytes, so that two of them stay different.
    static func unescape(_ start: BytePointer, _ end: BytePointer, into target: ByteBuffer) {
        target.reserve(end - start)
        var position = start
        while position < end {
            var run = position
            while run < end, run.pointee != UInt8(ascii: "\\") { run += 1 }
            target.append(Bytes(start: position, count: run - position))
            guard run < end else { return }
            position = run + 2
            switch run[1] {
            case UInt8(ascii: "b"): target.append(0x08)
            case UInt8(ascii: "f"): target.append(0x0C)
            case UInt8(ascii: "n"): target.append(0x0A)
            case UInt8(ascii: "r"): target.append(0x0D)
            case UInt8(ascii: "t"): target.append(0x09)
            case UInt8(ascii: "u"):
                guard var scalar = unit(run, end) else { return }
                position = run + 6
                if scalar & 0xFC00 == 0xD800, let low = unit(position, end), low & 0xFC00 == 0xDC00 {
                    scalar = 0x10000 + (scalar & 0x3FF) << 10 + low & 0x3FF
                    position += 6
                }
                append(scalar, to: target)
            default: target.append(run[1])
            }
        }
    }

    /// A scalar, or half a surrogate pair, in UTF-8.
    private static func append(_ scalar: UInt32, to target: ByteBuffer) {
        func continuation(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: scalar >> shift) & 0x3F }
        switch scalar {
        case ..<0x80: target.append(UInt8(scalar))
        case ..<0x800:
            target.append(0xC0 | UInt8(scalar >> 6))
            target.append(continuation(0))
        case ..<0x10000:
            target.append(0xE0 | UInt8(scalar >> 12))
            target.append(continuation(6))
            target.append(continuation(0))
        default:
            target.append(0xF0 | UInt8(scalar >> 18))
            target.append(continuation(12))
            target.append(continuation(6))
            target.append(continuation(0))
        }
    }
}
