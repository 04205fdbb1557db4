// JSON lines: every line is a record; blank ones are none. A line's JSON is the line itself.

/// Lines end at LF; a CR before it belongs to the line end.
final class LineScanner: FormatScanner {
    private let window: InputWindow
    private var nextLine: UInt64 = 1
    /// What is kept of a line that is too long.
    private let prefix = ByteBuffer(capacity: 16)

    init(window: InputWindow) { self.window = window }

    func next(_ record: inout ScannedRecord) throws -> Bool {
        while try window.count > 0 || window.fill(1) {
            if let lineFeed = LineEnds.firstLineFeed(window.first, window.count) {
                if take(&record, lineFeed, consuming: lineFeed &+ 1) { return true }
            } else if window.count >= Limits.valueBytes + 2 {
                try takeEndless(&record)
                return true
            } else if window.isLast {
                if take(&record, window.count, consuming: window.count) { return true }
            } else {
                try window.fillMore()
            }
        }
        return false
    }

    /// A line of `count` bytes, perhaps with a CR, at the start of the window. False: it is blank.
    @inline(__always)
    private func take(_ record: inout ScannedRecord, _ count: Int, consuming consumed: Int) -> Bool {
        let start = window.first
        let length = count > 0 && start[count &- 1] == 0x0D ? count &- 1 : count
        record.line = nextLine
        record.offset = window.offset
        record.length = UInt64(truncatingIfNeeded: length)
        nextLine &+= 1
        window.consume(consumed)
        guard length <= Limits.valueBytes else {
            record.truncate([.tooLong], from: start, length, into: prefix)
            return true
        }
        record.original = Bytes(start: start, count: length)
        var text = start
        while text < start + length, isWhitespace(text.pointee) { text += 1 }
        guard text < start + length else { return false }
        record.accept(record.original)
        return true
    }

    /// A line that is too long and does not end in the window.
    private func takeEndless(_ record: inout ScannedRecord) throws {
        record.line = nextLine
        record.offset = window.offset
        record.truncate([.tooLong], from: window.first, window.count, into: prefix)
        nextLine += 1
        var length: UInt64 = 0
        var lastByte: UInt8 = 0
        var isOpen = true
        while isOpen, try window.fill(1) {
            let lineFeed = LineEnds.firstLineFeed(window.first, window.count)
            let count = lineFeed ?? window.count
            if count > 0 { lastByte = window.first[count - 1] }
            length += UInt64(count)
            window.consume(lineFeed == nil ? count : count + 1)
            isOpen = lineFeed == nil
        }
        record.length = lastByte == 0x0D ? length - 1 : length
    }
}
