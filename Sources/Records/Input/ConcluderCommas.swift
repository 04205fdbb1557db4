// JSON objects with commas between them, but nothing around them: lines cut out of an array, mostly.

extension Concluder {
    /// Says so, with what makes JSON of it; nil: it is something else.
    func separatedByCommas(_ form: Form) -> Fault? {
        guard form == .jsonl || form == .objects, let base = bytes.baseAddress,
            let start = bytes.firstIndex(of: UInt8(ascii: "{"))
        else { return nil }
        var structure = JSONStructure()
        guard case .complete(let length) = structure.advance(base + start, bytes.count - start),
            let comma = bytes[(start + length)...].firstIndex(where: { !isWhitespace($0) }),
            bytes[comma] == UInt8(ascii: ",")
        else { return nil }
        var fault = Fault(
            "has commas behind its JSON objects, but no [ and ] around them: it is neither JSON lines nor an array")
        let isLast = comma + 1 == bytes.count || bytes[comma + 1] == 0x0A
        let lines = OtherProgram(
            words: ["sed", isLast ? "s/,$//" : "s/,[[:space:]]*$//"], output: withoutCommasAtLineEnds, isWhole: isWhole)
        let array = OtherProgram(
            words: ["sed", "1s/^/[/;$s/,*[[:space:]]*$/]/"], output: inBrackets, isWhole: isWhole)
        // A byte order mark would stand behind the bracket.
        fault.programs = linesEndInCommas ? [lines] : offset == 0 ? [array, lines] : []
        return fault
    }

    /// All but the last one, which the window may cut or which ends the list.
    private var linesEndInCommas: Bool {
        let lines = bytes.split(separator: 0x0A).filter { line in !line.allSatisfy(isWhitespace) }.dropLast()
        return !lines.isEmpty && lines.allSatisfy { line in line.last { !isWhitespace($0) } == UInt8(ascii: ",") }
    }

    private var withoutCommasAtLineEnds: [UInt8] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).flatMap { line in
            var end = line.endIndex
            while end > line.startIndex, isWhitespace(line[end - 1]) { end -= 1 }
            let hasComma = end > line.startIndex && line[end - 1] == UInt8(ascii: ",")
            return (hasComma ? line[..<(end - 1)] : line) + [0x0A]
        }
    }

    private var inBrackets: [UInt8] {
        guard isWhole else { return [UInt8(ascii: "[")] + bytes }
        // The last line is the one before the last line end.
        var end = bytes.last == 0x0A ? bytes.endIndex - 1 : bytes.endIndex
        let line = bytes[..<end].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        while end > line, isWhitespace(bytes[end - 1]) { end -= 1 }
        while end > line, bytes[end - 1] == UInt8(ascii: ",") { end -= 1 }
        return [UInt8(ascii: "[")] + bytes[..<end] + [UInt8(ascii: "]")]
    }
}
