// JSON arrays and objects one after the other: places, rejects, breaks, and constant memory.

import TestSupport
import Testing

@testable import Records

@Suite struct JSONElementTests {
    static func scan(_ text: [UInt8], _ form: Form, chunk: Int = .max) throws -> [Scanned] {
        try scanElements(text, form, chunk: chunk)
    }

    static func scan(_ text: String, _ form: Form, chunk: Int = .max) throws -> [Scanned] {
        try scan(Array(text.utf8), form, chunk: chunk)
    }

    static let mixed =
        "\n[ {\"a\":\"]}\\\"\\\\\"},\r\n{\n\"b\":[{}]\n} , 5 ,\"x,]\\\"\n\",nonsense, [[1]],\nnull\n]\n\n"

    @Test func placesAndBytes() throws {
        for chunk in [1, 2, 3, 7, 16, 1_000] {
            let records = try Self.scan(Self.mixed, .array, chunk: chunk)
            #expect(
                records.map { String(decoding: $0.original, as: UTF8.self) } == [
                    "{\"a\":\"]}\\\"\\\\\"}", "{\n\"b\":[{}]\n}", "5", "\"x,]\\\"\n\"", "nonsense", "[[1]]", "null",
                ])
            #expect(records.map(\.line) == [2, 3, 5, 5, 6, 6, 7])
            let bytes = Array(Self.mixed.utf8)
            for record in records {
                #expect(Array(bytes[Int(record.offset)..<Int(record.offset + record.length)]) == record.original)
                #expect(record.json == String(decoding: record.original, as: UTF8.self))
            }
        }
    }

    @Test func objectsOneAfterTheOther() throws {
        for chunk in [1, 5, 1_000] {
            let records = try Self.scan("{\"a\":1}{\n}\n{} 7 \"x\" [1]\n", .objects, chunk: chunk)
            #expect(
                records.map { String(decoding: $0.original, as: UTF8.self) } == [
                    "{\"a\":1}", "{\n}", "{}", "7", "\"x\"", "[1]",
                ])
            #expect(records.map(\.line) == [1, 1, 3, 3, 3, 3])
        }
    }

    /// Found by fuzzing: a line end behind a backslash is a line end.
    @Test(arguments: [Form.array, .objects]) func escapedLineEnds(form: Form) throws {
        let (open, comma, close) = form == .array ? ("[", ",", "]") : ("", " ", "")
        for chunk in [1, 1_000] {
            let records = try Self.scan("\(open)\"a\\\nb\"\(comma){\"x\\\n\":1}\(comma){}\(close)", form, chunk: chunk)
            #expect(records.map(\.line) == [1, 2, 3])
        }
    }

    static let breaks: [(text: String, form: Form, message: String)] = [
        ("[", .array, "the JSON array is not closed (line 1, byte 1)"),
        ("[{}", .array, "the JSON array is not closed (line 1, byte 3)"),
        ("[{},", .array, "the JSON array is not closed (line 1, byte 4)"),
        ("[{}\n{}]", .array, "a comma or ] is missing behind an element of the JSON array (line 2, byte 4)"),
        ("[,{}]", .array, "an element is missing or not separated (line 1, byte 1)"),
        ("[{},,{}]", .array, "an element is missing or not separated (line 1, byte 4)"),
        ("[{},]", .array, "an element is missing or not separated (line 1, byte 4)"),
        ("[{}]]", .array, "there is more behind the end of the JSON array (line 1, byte 4)"),
        ("[{]", .array, "a bracket closes what was not opened (line 1, byte 2)"),
        ("[5}", .array, "a bracket in the wrong place (line 1, byte 2)"),
        ("[\n\n5 6]", .array, "a comma or ] is missing behind an element of the JSON array (line 3, byte 5)"),
        ("[\"a\"\"b\"]", .array, "a comma or ] is missing behind an element of the JSON array (line 1, byte 4)"),
        ("[\"a\n]", .array, "a JSON string is not closed (line 2, byte 5)"),
        ("[a\"b]", .array, "elements are not separated (line 1, byte 2)"),
        ("{\"a\":\n\"", .objects, "the JSON ends inside a string that began on line 1 (line 2, byte 7)"),
        ("{} {\n", .objects, "the JSON ends inside an object or array that began on line 1 (line 2, byte 5)"),
        ("{},{}", .objects, "an element is missing or not separated (line 1, byte 2)"),
        ("{}]", .objects, "an element is missing or not separated (line 1, byte 2)"),
        ("{}5{}", .objects, "a bracket in the wrong place (line 1, byte 3)"),
        ("{}\"a\"5", .objects, "an element is missing or not separated (line 1, byte 5)"),
    ]

    @Test func breaksOfTheStructure() {
        for (text, form, message) in Self.breaks {
            for chunk in [1, 1_000] {
                do {
                    let records = try Self.scan(text, form, chunk: chunk)
                    Issue.record("\(text): \(records.count) records")
                } catch {
                    #expect((error as? InputError)?.message == message, "\(text)")
                }
            }
        }
    }

    /// Longer than the window, nested deeper than the validator takes, with every piece cut anywhere.
    @Test func longAndDeepElements() throws {
        let long = "{\"a\":\"" + String(repeating: "x\\\"}\n", count: 500_000) + "\"}"
        let deep = String(repeating: "[", count: 1_000) + String(repeating: "]", count: 1_000)
        let string = "\"" + String(repeating: "y", count: 1_500_000) + "\""
        let text = "[\(long),\(deep),\(string),{}]"
        for chunk in [997, 65_536, .max] {
            let records = try Self.scan(text, .array, chunk: chunk)
            #expect(records.map(\.codes) == [["too_long"], [], ["too_long"], []])
            #expect(records.map(\.length) == [long, deep, string, "{}"].map { UInt64($0.utf8.count) })
            #expect(records.map(\.line) == [1, 500_001, 500_001, 500_001])
            #expect(records[0].original == Array(long.utf8.prefix(Limits.truncatedBytes)))
            #expect(records[2].original.count == Limits.truncatedBytes)
        }
        let codes = validate(#"{"name":"x","age":1,"x":\#(deep)}"#).codes
        #expect(codes == [": too_deep"])
    }

    @Test func endlessBrackets() {
        #expect(throws: InputError("more than 100000 objects and arrays inside each other (line 1, byte 100001)")) {
            try Self.scan([0x5B] + [UInt8](repeating: 0x5B, count: 3_000_000), .array)
        }
    }

    /// Memory follows the longest element only up to its limit.
    @Test func staysSmall() throws {
        let piece = Array(("{\"a\":\"" + String(repeating: "z", count: 3_000_000) + "\"},").utf8)
        var left = 8
        var position = 0
        let window = InputWindow { target in
            guard left > 0 else { return 0 }
            let count = min(target.count, piece.count - position)
            target.copyBytes(from: piece[position..<position + count])
            position = (position + count) % piece.count
            if position == 0 { left -= 1 }
            return count
        }
        let scanner = JSONElementScanner(window: window, isArray: false)
        var record = ScannedRecord()
        #expect(try scanner.next(&record))
        #expect(record.length == UInt64(piece.count - 1))
        #expect(window.capacity < 3_100_000)
    }

    /// Any bytes: records or an error, the same in pieces of any size, and never a trap.
    @Test func anyBytes() throws {
        var random = SplitMix(state: 7)
        let alphabet = Array("[]{},:\"\\ \n\ta1é\u{0}".utf8) + [0xFF, 0xC3]
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            for form in [Form.array, .objects] {
                let whole = Result { try Self.scan(text, form) }
                let pieces = Result { try Self.scan(text, form, chunk: 1) }
                switch (whole, pieces) {
                case (.success(let one), .success(let other)): #expect(one == other)
                case (.failure(let one), .failure(let other)):
                    #expect((one as? InputError)?.message == (other as? InputError)?.message)
                default: Issue.record("\(text): differs in pieces")
                }
            }
        }
    }
}

private func scanElements(_ text: [UInt8], _ form: Form, chunk: Int) throws -> [Scanned] {
    let scanner = RecordScanner(read: reader(text, chunk: chunk))
    try scanner.begin(Conclusion(form: form))
    return try scan(scanner)
}

@Suite struct HostileInputTests {
    static let csv = "name,age\n"

    /// Whatever the bytes are: a conclusion that scans to its end, or a refusal with words.
    @Test func anyBytesConclude() throws {
        var random = SplitMix(state: 11)
        let words = [
            "name", "age", "Age", "\"", ",", ";", "\t", "\n", "\r", "{", "}", "[", "]", ":", "3", "\u{0}", "\u{FEFF}",
            "é", "sep=;", ".", "=", "dob", "2020-01-01", "\\",
        ]
        for _ in 0..<500 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                bytes += words.randomElement(using: &random).map { Array($0.utf8) } ?? []
                if Int.random(in: 0..<30, using: &random) == 0 {
                    bytes.append(UInt8.random(in: 0...255, using: &random))
                }
            }
            var flags = InputFlags()
            flags.format = [nil, nil, .csv, .json, .jsonl].randomElement(using: &random) ?? nil
            flags.skipLines = [0, 0, 0, 1, 30].randomElement(using: &random) ?? 0
            if Bool.random(using: &random) { flags.ragged = true }
            for isWhole in [true, false] {
                do {
                    let conclusion = try conclude(bytes, flags, isWhole: isWhole)
                    do { _ = try sent(try stream(bytes, conclusion)) } catch is InputError {}
                    #expect(try conclude(bytes, flags, isWhole: isWhole) == conclusion)
                } catch let error as Refusal {
                    #expect(!error.notice.text.isEmpty)
                }
                _ = withBytes(bytes) { StreamWindow.length($0, flags) }
            }
        }
    }

    @Test func manyColumns() throws {
        let many = (0..<100_000).map { "c\($0)" }.joined(separator: ",")
        #expect(throws: Refusal.self) { try conclude(Array("\(many)\nx\n".utf8)) }
        // As many as a header row holds.
        let bytes = Array(
            ("name,age," + String(repeating: ",", count: 60_000) + "\nAnn,3" + String(repeating: ",", count: 60_001)
                + "\n").utf8)
        let messages = try sent(try stream(bytes, try conclude(bytes)))
        #expect(messages.map { String(decoding: $0.value, as: UTF8.self) } == [#"{"name":"Ann","age":3}"#])
    }

    @Test func endlessLines() throws {
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: 3_000_000)
        let message = "the header row is longer than 65536 bytes (line 1)"
        #expect(throws: Refusal(.input, Notice(text: message))) { try conclude(zeros) }
        let bytes = Array("name,age\nAnn,3\n".utf8) + zeros
        let messages = try sent(try stream(bytes, try conclude(bytes)))
        #expect(messages.map(\.kind) == [.record, .truncated])
        let object =
            Array(#"{"name":"Ann","age":3,"x":""#.utf8) + zeros + Array("\"}\n{\"name\":\"Bo\",\"age\":1}\n".utf8)
        let conclusion = try conclude(object)
        #expect(conclusion.form == .jsonl)
        #expect(try sent(try stream(object, conclusion)).map(\.kind) == [.truncated, .record])
    }

    @Test func byteOrderMarks() throws {
        // In the middle it is text; two of them are one and a character of the first name.
        let middle = Array("name,age\n\u{FEFF}Ann,3\n".utf8)
        #expect(try sent(try stream(middle, try conclude(middle))).map(\.key) == ["\u{FEFF}Ann\u{0}3"])
        let two = Array("\u{FEFF}\u{FEFF}name,age\nAnn,3\n".utf8)
        #expect(throws: Refusal(.input, Notice(text: "no column name (line 1: \u{FEFF}name, age)"))) {
            try conclude(two)
        }
        let other = Array("\u{FEFF}\u{FEFF}id,name,age\n1,Ann,3\n".utf8)
        #expect(try sent(try stream(other, try conclude(other))).map(\.key) == ["Ann\u{0}3"])
    }

    @Test func oneBadLineInAMillion() throws {
        let line = #"{"name":"Ann","age":3}"# + "\n"
        var bytes = Array(String(repeating: line, count: 20_000).utf8)
        bytes += Array(
            "{\"name\":\"\\ud800\",\"age\":3}\n{\"name\":\"Ann\",\"a\n{\"name\":\"a\u{0}\",\"age\":1}\n".utf8)
        bytes += Array("{\"name\":\"".utf8) + [0xFF] + Array("\",\"age\":1}\n".utf8)
        bytes += Array(String(repeating: line, count: 10).utf8)
        let messages = try sent(try stream(bytes, try conclude(bytes)))
        let rejects = messages.filter { $0.kind != .record }
        #expect(messages.count == 20_014 && rejects.count == 4)
        let codes = ["lone_surrogate", "malformed_json", "nul_character", "invalid_utf8"]
        for (reject, code) in zip(rejects.sorted { $0.header.lexicographicallyPrecedes($1.header) }, codes.sorted()) {
            #expect(codes.contains { reject.errors?.contains($0) == true }, "\(code)")
        }
        #expect(Set(rejects.compactMap(\.errors)).count == 4)
    }
}
