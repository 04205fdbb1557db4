// Where a physical line ends: at LF, CRLF or a CR alone (CSV); JSON lines end at LF, and a CR before it is whitespace.

/// A line end that was found.
struct LineEnd {
    /// Bytes before it.
    let length: Int
    /// Bytes up to the next line.
    let next: Int
}

enum LineEnds {
    /// The first LF, CR or CRLF of `count` bytes at `start`. nil: there is none, or a CR stands last and what follows it
    /// is not known yet. Blocks are loaded beyond `count`.
    static func first(_ start: BytePointer, _ count: Int, isLast: Bool) -> LineEnd? {
        var position = 0
        while position < count {
            let block = ByteBlock(start + position)
            let hit = BlockHits(block.equal(0x0A) .| block.equal(0x0D)).first
            position += hit
            guard position < count else { return nil }
            guard hit < ByteBlock.size else { continue }
            if start[position] == 0x0A { return LineEnd(length: position, next: position + 1) }
            guard position + 1 < count else { return isLast ? LineEnd(length: position, next: position + 1) : nil }
            return LineEnd(length: position, next: position + (start[position + 1] == 0x0A ? 2 : 1))
        }
        return nil
    }

    /// The first LF of `count` bytes at `start`; nil if there is none. Blocks are loaded beyond `count`.
    @inline(__always)
    static func firstLineFeed(_ start: BytePointer, _ count: Int) -> Int? {
        var position = 0
        while position < count {
            let hit = BlockHits(ByteBlock(start + position).equal(0x0A)).first
            position &+= hit
            if hit < ByteBlock.size { return position < count ? position : nil }
        }
        return nil
    }

    /// How many lines end within `count` bytes at `start`, which do not end between a CR and its LF.
    static func count(_ start: BytePointer, _ count: Int) -> UInt64 {
        var lines: UInt64 = 0
        var position = 0
        while let end = first(start + position, count - position, isLast: true) {
            lines += 1
            position += end.next
        }
        return lines
    }
}
