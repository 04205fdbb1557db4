// How much of a stream is looked at: up to the end of its first record, however it comes in pieces.

package enum StreamWindow {
    /// Bytes up to the end of the first record; nil: it is not there as a whole yet.
    package static func length(_ bytes: Bytes, _ flags: InputFlags) -> Int? {
        guard let first = bytes.firstIndex(where: { !isWhitespace($0) }) else { return nil }
        // With zeros behind for the blocks that are loaded.
        let copy = ByteBuffer(capacity: bytes.count + ByteBlock.size)
        copy.append(bytes)
        for offset in 0..<ByteBlock.size { copy.base[copy.count + offset] = 0 }
        let isJSON = [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(bytes[first])
        return isJSON && flags.format != .csv || flags.format == .jsonl
            ? json(copy.bytes, first) : csv(copy.bytes, flags)
    }

    private static func json(_ bytes: Bytes, _ first: Int) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        var start = first
        if bytes[first] == UInt8(ascii: "[") {
            // The first element, or the end of an array without any.
            guard let element = bytes[(first + 1)...].firstIndex(where: { !isWhitespace($0) }) else { return nil }
            start = element
        }
        guard bytes[start] == UInt8(ascii: "{") || bytes[start] == UInt8(ascii: "[") else {
            return bytes[start...].firstIndex(of: 0x0A).map { $0 + 1 }
        }
        var structure = JSONStructure()
        switch structure.advance(base + start, bytes.count - start) {
        case .needsMore: return nil
        case .mismatch, .tooDeep: return bytes.count
        case .complete(let length):
            // What stands behind the first object on its line tells lines from objects one after the other.
            guard let next = bytes[(start + length)...].firstIndex(where: { $0 == 0x0A || !isWhitespace($0) }) else {
                return nil
            }
            return next + 1
        }
    }

    /// Lines that are skipped, the header, and one row more.
    private static func csv(_ bytes: Bytes, _ flags: InputFlags) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        var position = 0
        var skipped = flags.skipLines
        if skipped == 0, bytes.count >= 4, bytes.prefix(5).contains(UInt8(ascii: "=")),
            (bytes.prefix(3).map { $0 | 0x20 }) == Array("sep".utf8)
        {
            skipped = 1
        }
        for _ in 0..<skipped {
            guard let end = LineEnds.first(base + position, bytes.count - position, isLast: false) else { return nil }
            position += end.next
        }
        for _ in 0..<(flags.columns == nil ? 2 : 1) {
            guard let next = row(bytes, from: position) else { return nil }
            position = next
        }
        return position
    }

    /// Behind the first row that is not blank; a quote that is open keeps a row open.
    private static func row(_ bytes: Bytes, from start: Int) -> Int? {
        var position = start
        var isQuoted = false
        var isBlank = true
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            guard !isQuoted, byte == 0x0A || byte == 0x0D else {
                isBlank = false
                continue
            }
            if byte == 0x0D {
                guard position < bytes.count else { return nil }
                if bytes[position] == 0x0A { position += 1 }
            }
            if !isBlank { return position }
        }
        return nil
    }
}
