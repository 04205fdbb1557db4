// JSON lines: what is a line, and what becomes of endless ones.

import TestSupport
import Testing

@testable import Records

@Suite struct LineTests {
    @Test func lines() throws {
        let records = try scan("\u{FEFF}{}\n\n \t\r\n  {\"a\":1} \r\n\u{B}\u{C}\nx\r\r\n{\r}", .jsonl)
        #expect(records.map(\.json) == ["{}", "  {\"a\":1} ", "x\r", "{\r}"])
        #expect(records.map(\.line) == [1, 4, 6, 7])
        #expect(records.map(\.offset) == [3, 11, 26, 30])
        #expect(records.map(\.length) == [2, 10, 2, 3])
        #expect(records.allSatisfy { $0.json.map { Array($0.utf8) } == $0.original && $0.errors == [] })
    }

    @Test(arguments: ["\n", " ", "\r\n \n\t"]) func onlyBlankLines(input: String) throws {
        #expect(try scan(input, .jsonl) == [])
    }

    @Test func empty() {
        #expect(throws: InputError("empty")) { try scan("", .jsonl) }
        #expect(throws: InputError("empty")) { try scan("\u{FEFF}", .jsonl) }
    }

    @Test(arguments: ["", "\n", "\r\n"]) func longestLine(end: String) throws {
        func records(_ count: Int) throws -> [Scanned] {
            let next = end.isEmpty ? "" : "{}"
            return try scan([UInt8](repeating: 0x62, count: count) + Array("\(end)\(next)".utf8), .jsonl)
        }
        let longest = try records(Limits.valueBytes)
        #expect(longest[0].json?.utf8.count == Limits.valueBytes)
        for count in [Limits.valueBytes + 1, Limits.valueBytes + 2, 5_000_000] {
            let longer = try records(count)
            #expect(
                longer[0].errors == [
                    FieldError(field: "", code: "too_long", message: "the record is longer than 1 MiB")
                ])
            #expect(longer[0].length == UInt64(count))
            #expect(longer[0].isTruncated)
            #expect(longer[0].original.count == Limits.truncatedBytes)
            if !end.isEmpty {
                #expect(longer[1].json == "{}")
                #expect(longer[1].line == 2)
                #expect(longer[1].offset == UInt64(count + end.utf8.count))
                #expect(!longer[1].isTruncated)
            }
        }
    }

    @Test func binaryGarbageIsRejectedLineByLine() throws {
        var random = SplitMix(state: 7)
        let garbage = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let lines = garbage.split(separator: 0x0A).filter { line in !line.allSatisfy(isWhitespace) }
        let messages = try sent(try stream(garbage, .jsonl))
        #expect(messages.count == lines.count)
        #expect(messages.allSatisfy { $0.kind == .raw })
    }

    struct Broken: Error {}

    @Test func readErrorsComeThrough() throws {
        var pieces: [[UInt8]] = [Array("{}\n{".utf8)]
        let scanner = RecordScanner { target in
            guard !pieces.isEmpty else { throw Broken() }
            let piece = pieces.removeFirst()
            target.copyBytes(from: piece)
            return piece.count
        }
        try scanner.begin(Conclusion(form: .jsonl))
        #expect(try scanner.next())
        #expect(throws: Broken.self) { try scanner.next() }
    }

    /// Of a pipe, a record is there as soon as its line is.
    @Test func linesOfAPipeAreNotHeldBack() throws {
        var pieces = ["{\"a\":1}\n{\"b\"", ":2}\n", "{\"c\":3}\n"].map { Array($0.utf8) }
        let scanner = RecordScanner { target in
            guard !pieces.isEmpty else { return 0 }
            let piece = pieces.removeFirst()
            target.copyBytes(from: piece)
            return piece.count
        }
        try scanner.begin(Conclusion(form: .jsonl))
        for left in [2, 1, 0] {
            #expect(try scanner.next())
            #expect(pieces.count == left)
        }
        #expect(try !scanner.next())
    }
}
