// JSON objects in one array, or one after the other: found by structure alone, each with its own bytes.

/// Structure is that strings end, brackets pair and elements are separated. A break of it throws `InputError` with line
/// and byte: what follows cannot be told. An element that is not an object is a reject, like a line that is not.
final class JSONElementScanner: FormatScanner {
    private let window: InputWindow
    private let isArray: Bool
    private var nextLine: UInt64 = 1
    private var state = State.beforeFirst
    /// What is kept of an element that is too long.
    private let prefix = ByteBuffer(capacity: 16)

    private enum State { case beforeFirst, between, ended }

    /// - Parameter isArray: the window begins with blanks and an array's bracket.
    init(window: InputWindow, isArray: Bool) {
        self.window = window
        self.isArray = isArray
    }

    func next(_ record: inout ScannedRecord) throws -> Bool {
        guard try isArray ? findElement() : skipBlanks() else { return false }
        record.line = nextLine
        record.offset = window.offset
        switch window.first[0] {
        case UInt8(ascii: "{"), UInt8(ascii: "["): try takeContainer(&record)
        default: try takeScalar(&record)
        }
        state = .between
        return true
    }

    // MARK: Between elements

    /// Moves to the next element of the array; false behind its end.
    private func findElement() throws -> Bool {
        guard try skipBlanks() else {
            if state == .ended { return false }
            throw unclosed
        }
        switch state {
        case .ended: throw fault("there is more behind the end of the JSON array", at: 0)
        case .beforeFirst:
            guard window.first[0] == UInt8(ascii: "[") else { throw fault("a JSON array begins with [", at: 0) }
            window.consume(1)
            guard try skipBlanks() else { throw unclosed }
            guard window.first[0] == UInt8(ascii: "]") else { return true }
        case .between:
            if window.first[0] == UInt8(ascii: ",") {
                window.consume(1)
                guard try skipBlanks() else { throw unclosed }
                return true
            }
            guard window.first[0] == UInt8(ascii: "]") else {
                throw fault("a comma or ] is missing behind an element of the JSON array", at: 0)
            }
        }
        window.consume(1)
        state = .ended
        return try findElement()
    }

    /// False: nothing but blanks was left.
    private func skipBlanks() throws -> Bool {
        while try window.count > 0 || window.fill(1) {
            var count = 0
            while count < window.count, Self.isBlank(window.first[count]) {
                if window.first[count] == 0x0A { nextLine &+= 1 }
                count &+= 1
            }
            window.consume(count)
            if window.count > 0 { return true }
        }
        return false
    }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    // MARK: Elements

    private func takeContainer(_ record: inout ScannedRecord) throws {
        var structure = JSONStructure()
        while true {
            switch structure.advance(window.first, window.count) {
            case .complete(let length):
                finish(&record, length)
                nextLine &+= structure.lines
                return
            case .needsMore where window.count > Limits.valueBytes + 1:
                return try takeEndless(&record, &structure)
            case .needsMore:
                guard !window.isLast else { throw unfinished(record.line, structure) }
                try window.fillMore()
            case .mismatch(let at): throw mismatch(structure, at)
            case .tooDeep(let at): throw tooDeep(structure, at)
            }
        }
    }

    /// Of an element that is too long only the beginning is in memory.
    private func takeEndless(_ record: inout ScannedRecord, _ structure: inout JSONStructure) throws {
        record.truncate([.tooLong], from: window.first, window.count, into: prefix)
        while true {
            window.consume(structure.position)
            structure.drop(structure.position)
            guard try window.fill(window.count + 1) else { throw unfinished(record.line, structure) }
            switch structure.advance(window.first, window.count) {
            case .complete(let length):
                window.consume(length)
                record.length = window.offset - record.offset
                nextLine &+= structure.lines
                return
            case .needsMore: continue
            case .mismatch(let at): throw mismatch(structure, at)
            case .tooDeep(let at): throw tooDeep(structure, at)
            }
        }
    }

    /// A string, a number or any other run of bytes up to what separates elements.
    private func takeScalar(_ record: inout ScannedRecord) throws {
        var count = 0
        var lines: UInt64 = 0
        var isInString = false
        var isTruncated = false
        while true {
            if count == window.count {
                if count > Limits.valueBytes, !isTruncated {
                    record.truncate([.tooLong], from: window.first, count, into: prefix)
                    isTruncated = true
                }
                if isTruncated {
                    window.consume(count)
                    count = 0
                }
                guard try window.fill(count + 1) else {
                    if isInString {
                        throw fault("a JSON string is not closed", at: count, lines: lines, isUnfinished: true)
                    }
                    break
                }
            }
            let byte = window.first[count]
            if byte == UInt8(ascii: "\""), !isInString, count > 0 || isTruncated {
                throw fault("elements are not separated", at: count, lines: lines)
            }
            if isInString {
                if byte == UInt8(ascii: "\\") {
                    guard try window.fill(count + 2) else {
                        throw fault("a JSON string is not closed", at: count, lines: lines, isUnfinished: true)
                    }
                    count += 1
                    // A line end cannot be escaped, but is one.
                    if window.first[count] == 0x0A { lines += 1 }
                } else if byte == UInt8(ascii: "\"") {
                    count += 1
                    break
                } else if byte == 0x0A {
                    lines += 1
                }
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if Self.isBlank(byte) || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") {
                break
            } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "}") {
                throw fault("a bracket in the wrong place", at: count, lines: lines)
            }
            count += 1
        }
        // Nothing at all, or what is no element of a stream.
        let isEmpty = count == 0 && !isTruncated
        let hasSeparator = try !isArray && window.fill(count + 1) && !Self.isBlank(window.first[count])
        if isEmpty || hasSeparator { throw fault("an element is missing or not separated", at: count, lines: lines) }
        if isTruncated {
            window.consume(count)
            record.length = window.offset - record.offset
        } else {
            finish(&record, count)
        }
        nextLine &+= lines
    }

    @inline(__always)
    private func finish(_ record: inout ScannedRecord, _ length: Int) {
        let start = window.first
        record.length = UInt64(truncatingIfNeeded: length)
        window.consume(length)
        guard length <= Limits.valueBytes else {
            return record.truncate([.tooLong], from: start, length, into: prefix)
        }
        record.original = Bytes(start: start, count: length)
        record.accept(record.original)
    }

    // MARK: Breaks

    private func fault(_ words: String, at position: Int, lines: UInt64 = 0, isUnfinished: Bool = false) -> InputError {
        let message = "\(words) (line \(nextLine + lines), byte \(window.offset + UInt64(position)))"
        return isUnfinished ? InputError(unfinished: message) : InputError(message)
    }

    private var unclosed: InputError { fault("the JSON array is not closed", at: 0, isUnfinished: true) }

    private func mismatch(_ structure: JSONStructure, _ at: Int) -> InputError {
        fault("a bracket closes what was not opened", at: at, lines: structure.lines)
    }

    private func tooDeep(_ structure: JSONStructure, _ at: Int) -> InputError {
        fault(
            "more than \(JSONStructure.maximumDepth) objects and arrays inside each other", at: at,
            lines: structure.lines)
    }

    private func unfinished(_ line: UInt64, _ structure: JSONStructure) -> InputError {
        fault(
            "the JSON ends inside \(structure.endsInString ? "a string" : "an object or array") that began on line \(line)",
            at: window.count, lines: structure.lines, isUnfinished: true)
    }
}
