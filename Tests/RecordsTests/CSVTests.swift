// CSV: the header row, rows, quotes, line ends, and what becomes of rows that are none.

import Testing

@testable import Records

@Suite struct CSVHeaderTests {
    static func error(_ header: [UInt8], delimiter: Character = ",") -> String? {
        var flags = InputFlags()
        flags.format = .csv
        flags.delimiter = delimiter.asciiValue
        do {
            _ = try conclude(header, flags)
            return nil
        } catch {
            return error.notice.text
        }
    }

    static let refused: [(header: String, message: String)] = [
        ("", "empty"),
        ("\u{FEFF}", "empty"),
        ("\n\r\n\r", "nothing but blank lines"),
        ("\n \n", "nothing but blank lines"),
        ("name,alters,email\n", "no column age (line 1: name, alters, email)"),
        ("\n\nage\nx", "no column name (line 3: age)"),
        ("a,b\nx,y\n", "no columns name and age (line 1: a, b)"),
        ("name.firstName,age", "no column name.lastName (line 1: name.firstName, age)"),
        ("name.x,b", "no columns name and age (line 1: name.x, b)"),
        ("name,age,age", "column age is there twice (line 1: name, age, age)"),
        ("name,age,\" age \"", "column age is there twice (line 1: name, age, age)"),
        ("name,\"age\n1,2\n", "the header row has a quote that is never closed (line 1)"),
        ("name,a\"ge\n", "the header row has a stray quote in column 2 (line 1)"),
        ("name,\"age\"x\n", "the header row has a stray quote in column 2 (line 1)"),
        ("name;age;email\n", "no columns name and age (line 1: name;age;email); its delimiter looks like \";\""),
        ("name\tage\n", "no columns name and age (line 1: name\tage); its delimiter looks like \"tab\""),
        ("name|age\n", "no columns name and age (line 1: name|age); its delimiter looks like \"|\""),
        ("name;alters\n", "no columns name and age (line 1: name;alters); its delimiter looks like \";\""),
        (#"{"name":"x"}"#, "the header row has a stray quote in column 1 (line 1); it looks like JSON"),
    ]

    /// Headers that no record can have as they stand get a name that one can.
    static let renamed: [(header: String, paths: [[String]])] = [
        ("name,age,", [["name"], ["age"], ["column_3"]]), ("name,,age", [["name"], ["column_2"], ["age"]]),
        ("name,age, \t", [["name"], ["age"], ["column_3"]]), ("name,age,a..b", [["name"], ["age"], ["a..b"]]),
        ("name,age,.b,b.", [["name"], ["age"], [".b"], ["b."]]),
        ("name,age,a,a.b", [["name"], ["age"], ["a"], ["a.b"]]),
        ("a.b.c.d,name,age,a.b", [["a.b.c.d"], ["name"], ["age"], ["a", "b"]]),
        ("name,name.firstName,name.lastName,age", [["name"], ["name.firstName"], ["name.lastName"], ["age"]]),
        (
            "name.firstName,age,name.lastName,name.x",
            [["name", "firstName"], ["age"], ["name", "lastName"], ["name", "x"]]
        ),
        ("name,age,x.y,x.z", [["name"], ["age"], ["x", "y"], ["x", "z"]]),
    ]

    @Test func takenHeaders() throws {
        for (header, paths) in Self.renamed {
            let columns = try conclude(Array(header.utf8)).columns
            #expect(columns.map { $0.path.map { String(decoding: $0, as: UTF8.self) } } == paths)
        }
    }

    @Test func refusedHeaders() {
        for (header, message) in Self.refused {
            #expect(Self.error(Array(header.utf8)) == message)
        }
    }

    @Test func commaIsSuggestedToo() {
        let message = "no columns name and age (line 1: name,age); its delimiter looks like \",\""
        #expect(Self.error(Array("name,age\n".utf8), delimiter: ";") == message)
    }

    @Test func longestHeader() {
        let head = "name,age,"
        let longest = head + String(repeating: "x", count: Limits.headerRowBytes - 1 - head.utf8.count)
        #expect(Self.error(Array(longest.utf8)) == nil)
        #expect(Self.error(Array("\(longest)\n".utf8)) == nil)
        let message = "the header row is longer than 65536 bytes (line 1)"
        #expect(Self.error(Array("\(longest)xx".utf8)) == message)
        #expect(Self.error(Array("\(longest)xx\n".utf8)) == message)
        #expect(Self.error([UInt8](repeating: 0x61, count: 3_000_000)) == message)
        #expect(
            Self.error(Array("\"".utf8) + [UInt8](repeating: 0x61, count: 3_000_000))
                == "the header row has a quote that is never closed (line 1)")
    }

    @Test func manyColumnsAreNotAllListed() {
        let header = (1...30).map { "c\($0)" }
        #expect(
            Self.error(Array(header.joined(separator: ",").utf8))
                == "no columns name and age (line 1: \(header[..<20].joined(separator: ", ")), … 10 more)")
    }

    @Test func headerRowAsItStands() throws {
        for (input, header) in [
            ("name,age", "name,age"), ("\u{FEFF}name,age\r\n", "name,age"), ("\r\n\n \"name\" ,age\rx", nil),
            ("\r\n\n\"na\"\"me\",name , age\rx", "\"na\"\"me\",name , age"),
        ] {
            let conclusion = try? taken(Array(input.utf8), .csv)
            #expect((conclusion?.header).map { String(decoding: $0, as: UTF8.self) } == header)
        }
    }

    @Test func depthOfPaths() throws {
        let deepest = (1...64).map { "a\($0)" }.joined(separator: ".")
        #expect(Self.error(Array("name,age,\(deepest)".utf8)) == nil)
        let plain = try conclude(Array("name,age,\(deepest).x".utf8)).columns.map(\.path.count)
        #expect(plain == [1, 1, 1])
    }
}

@Suite struct CSVTests {
    static let header = "name,age,x\n"

    static func json(_ rows: String, header: String = header, delimiter: Character = ",") throws -> [String?] {
        try scan(header + rows, delimiter: delimiter).map(\.json)
    }

    static let cells: [(row: String, json: String)] = [
        ("a,1,b", #"{"name":"a","age":1,"x":"b"}"#),
        ("a,1,", #"{"name":"a","age":1}"#),
        (",,", "{}"),
        (#""","","""#, "{}"),
        (",,b", #"{"x":"b"}"#),
        (" a , 1 , ", #"{"name":" a ","age":" 1 ","x":" "}"#),
        (#""a,b","1","c""d""#, #"{"name":"a,b","age":1,"x":"c\"d"}"#),
        (#""""""","""a""",b"#, #"{"name":"\"\"","age":"\"a\"","x":"b"}"#),
        ("\"a\nb\",1,\"c\r\nd\re\"", #"{"name":"a\nb","age":1,"x":"c\r\nd\re"}"#),
        (#"a\b,1,\n"#, #"{"name":"a\\b","age":1,"x":"\\n"}"#),
        (
            "a\u{0}\u{1}\u{1F}\t\u{7F},1,é😀",
            "{\"name\":\"a\\u0000\\u0001\\u001f\\t\u{7F}\",\"age\":1,\"x\":\"é😀\"}"
        ),
        (
            "exactly 16 bytes,1,0123456789abcdef0123456789abcdef",
            #"{"name":"exactly 16 bytes","age":1,"x":"0123456789abcdef0123456789abcdef"}"#
        ),
        (
            #""0123456789abcde""0123456789abcdef",1,"""0123456789abcdef""""#,
            #"{"name":"0123456789abcde\"0123456789abcdef","age":1,"x":"\"0123456789abcdef\""}"#
        ),
        ("a,0,b", #"{"name":"a","age":0,"x":"b"}"#),
        ("a,007,1", #"{"name":"a","age":"007","x":"1"}"#),
        ("a,1.0,-1", #"{"name":"a","age":"1.0","x":"-1"}"#),
        ("a,-1,1", #"{"name":"a","age":"-1","x":"1"}"#),
        ("a,123456789012345678,1", #"{"name":"a","age":123456789012345678,"x":"1"}"#),
        ("a,1234567890123456789,1", #"{"name":"a","age":"1234567890123456789","x":"1"}"#),
    ]

    @Test func cellsBecomeJSON() throws {
        for (row, json) in Self.cells {
            for end in ["", "\n", "\r\n", "\r"] {
                #expect(try Self.json(row + end) == [json])
                #expect(try Self.json(row + end + (end.isEmpty ? "" : "z,2,y" + end)).first == json)
            }
        }
    }

    static let headers: [(header: String, row: String, json: String)] = [
        ("name.firstName,name.lastName,age", "A,B,1", #"{"name":{"firstName":"A","lastName":"B"},"age":1}"#),
        ("a.b.c,age,a.d,name,a.b.e", "1,2,3,n,4", #"{"a":{"b":{"c":"1","e":"4"},"d":"3"},"age":2,"name":"n"}"#),
        ("a.b.c,age,a.d,name,a.b.e", ",2,3,n,", #"{"a":{"d":"3"},"age":2,"name":"n"}"#),
        ("a.b.c,age,a.d,name,a.b.e", ",2,,n,", #"{"age":2,"name":"n"}"#),
        ("a.b.c,age,a.d,name,a.b.e", ",,,,", "{}"),
        ("name,age,x.age", "n,1,1", #"{"name":"n","age":1,"x":{"age":"1"}}"#),
        (#""a""""b""",name,age"#, "1,n,2", #"{"a\"\"b\"":"1","name":"n","age":2}"#),
        (#""na""me",name,age,a\b,"é.{""#, "1,n,2,3,4", #"{"na\"me":"1","name":"n","age":2,"a\\b":"3","é":{"{":"4"}}"#),
        (" name , age ", "n,1", #"{"name":"n","age":1}"#),
        ("\"x\ny\",name,age", "1,n,2", #"{"x\ny":"1","name":"n","age":2}"#),
        (
            "a long column name of more than sixteen bytes,name,age", "1,n,2",
            #"{"a long column name of more than sixteen bytes":"1","name":"n","age":2}"#
        ),
    ]

    @Test func dottedHeaders() throws {
        for (header, row, json) in Self.headers {
            #expect(try Self.json(row, header: header + "\n") == [json])
        }
    }

    @Test(arguments: [",", ";", "\t", "|"]) func delimiters(delimiter: String) throws {
        let text = "name,age,x\na,1,\"b,\"\n".split(separator: ",").joined(separator: delimiter)
        let escaped = delimiter == "\t" ? "\\t" : delimiter
        #expect(
            try scan(text, delimiter: Character(delimiter)).map(\.json)
                == [#"{"name":"a","age":1,"x":"b\#(escaped)"}"#])
    }

    @Test func linesAndOffsets() throws {
        let records = try scan("\u{FEFF}\nname,age,x\r\n\n\"a\nb\r\n\r\",1,\"\n\"\r\r\n\nc,2,\nd,3,é")
        #expect(records.map(\.line) == [4, 11, 12])
        #expect(records.map(\.offset) == [17, 35, 40])
        #expect(records.map(\.length) == [14, 4, 6])
        #expect(
            records.map { String(decoding: $0.original, as: UTF8.self) } == [
                "\"a\nb\r\n\r\",1,\"\n\"", "c,2,", "d,3,é",
            ])
    }

    @Test(arguments: ["name,age", "name,age\n", "name,age\r\n\r\n\n\r", "\u{FEFF}name,age\n"])
    func headerOnly(input: String) throws { #expect(try scan(input) == []) }

    static let rejects: [(row: String, errors: [FieldError])] = [
        ("a", [FieldError(field: "", code: "ragged_row", message: "the row has 1 cell, the header 3")]),
        ("a,1", [FieldError(field: "", code: "ragged_row", message: "the row has 2 cells, the header 3")]),
        ("a,1,b,c", [FieldError(field: "", code: "ragged_row", message: "the row has 4 cells, the header 3")]),
        (#"a,1,b," ""#, [FieldError(field: "", code: "ragged_row", message: "the row has 4 cells, the header 3")]),
        (#"a,1,b,"""""#, [FieldError(field: "", code: "ragged_row", message: "the row has 4 cells, the header 3")]),
        (" ", [FieldError(field: "", code: "ragged_row", message: "the row has 1 cell, the header 3")]),
        (#""""#, [FieldError(field: "", code: "ragged_row", message: "the row has 1 cell, the header 3")]),
        (#"a"b,1,c"#, [FieldError(field: "name", code: "stray_quote", message: "has a quote in the wrong place")]),
        (#"a,1,"b"c"#, [FieldError(field: "x", code: "stray_quote", message: "has a quote in the wrong place")]),
        (#"a,1,"b" "#, [FieldError(field: "x", code: "stray_quote", message: "has a quote in the wrong place")]),
        (#"a, "1",b"#, [FieldError(field: "age", code: "stray_quote", message: "has a quote in the wrong place")]),
        (
            #"a"b"c,"1"2"3",""x,d"e"#,
            [
                FieldError(field: "", code: "ragged_row", message: "the row has 4 cells, the header 3"),
                FieldError(field: "name", code: "stray_quote", message: "has a quote in the wrong place"),
                FieldError(field: "age", code: "stray_quote", message: "has a quote in the wrong place"),
                FieldError(field: "x", code: "stray_quote", message: "has a quote in the wrong place"),
                FieldError(field: "", code: "stray_quote", message: "a surplus cell has a quote in the wrong place"),
            ]
        ),
    ]

    @Test func rowsThatAreNone() throws {
        for (row, errors) in Self.rejects {
            let records = try scan("\(Self.header)a,1,b\n\(row)\r\nc,2,d\n")
            #expect(records.map(\.line) == [2, 3, 4])
            #expect(records.map { $0.json == nil } == [false, true, false])
            try #require(records.count == 3)
            #expect(records[1].errors == errors)
            #expect(records[1].original == Array(row.utf8))
            #expect(!records[1].isTruncated)
            #expect(records[2].errors == [])
        }
    }

    static let openQuote = FieldError(
        field: "", code: "unterminated_quote", message: "the record has a quote that is not closed")

    @Test func openQuoteAtTheEndCostsOneLine() throws {
        let records = try scan("\(Self.header)a,1,\"b\nc,2,d\r\n\ne,3,f\r")
        #expect(records.map(\.json) == [nil, #"{"name":"c","age":2,"x":"d"}"#, #"{"name":"e","age":3,"x":"f"}"#])
        #expect(records.map(\.line) == [2, 3, 5])
        #expect(records[0].errors == [Self.openQuote])
        #expect(records[0].original == Array("a,1,\"b".utf8))
        #expect(records[0].length == 6)
    }

    @Test func openQuoteOnTheLastLine() throws {
        for end in ["", "\n", "\r\n", "\r"] {
            let records = try scan("\(Self.header)a,1,\"b\"\"\(end)")
            #expect(records.map(\.errors) == [[Self.openQuote]])
            #expect(records.map(\.original) == [Array("a,1,\"b\"\"".utf8)])
        }
    }

    /// The quote of line 2 would swallow the file up to the next quote, 1 MiB later.
    @Test func openQuoteInALargeFileCostsOneLine() throws {
        let rows = (0..<150_000).map { "n\($0),1,x" }.joined(separator: "\n")
        let records = try scan("\(Self.header)a,1,\"b\n\(rows)\nc,2,\"d\"\n")
        #expect(records.count == 150_002)
        #expect(records[0].errors == [Self.openQuote])
        #expect(records[0].line == 2)
        #expect(records.dropFirst().allSatisfy { $0.json != nil })
        #expect(records.last?.line == 150_003)
    }

    /// Every line opens a quote that the next one closes: all scanned once more at the end, and not once per line.
    @Test func manyOpenQuotes() throws {
        let lines = String(repeating: "a,1,\"b\nc\"\"d\n", count: 2_000)
        let records = try scan("\(Self.header)\(lines)")
        #expect(records.allSatisfy { !$0.errors.isEmpty })
    }

    @Test func longestQuotedCell() throws {
        func codes(_ count: Int) throws -> [[String]] {
            try scan(
                Array("\(Self.header)a,1,\"\n".utf8) + [UInt8](repeating: 0x62, count: count - 1)
                    + Array("\"\nc,2,d\n".utf8)
            ).map(\.codes)
        }
        // From the opening quote to the closing one; the record is then longer than 1 MiB, as a whole.
        #expect(try codes(Limits.openQuoteBytes - 1) == [["too_long"], []])
        #expect(
            try codes(Limits.openQuoteBytes) == [["unterminated_quote"], ["stray_quote", "ragged_row"].reversed(), []])
    }

    @Test func longestRow() throws {
        func records(_ count: Int, _ end: String) throws -> [Scanned] {
            try scan(
                Array("\(Self.header)a,1,".utf8) + [UInt8](repeating: 0x62, count: count - 4)
                    + Array("\(end)c,2,d".utf8))
        }
        for end in ["\n", "\r\n", "\r"] {
            // The cell fits, its JSON does not.
            let longest = try records(Limits.valueBytes, end)
            #expect(longest.map(\.codes) == [["too_long"], []])
            #expect(longest[0].length == 1_048_576)
            #expect(longest[0].isTruncated && longest[0].original.count == Limits.truncatedBytes)
            let longer = try records(Limits.valueBytes + 1, end)
            #expect(longer.map(\.codes) == [["too_long"], []])
            #expect(longer[0].length == 1_048_577)
            #expect(longer[0].original == longest[0].original)
            #expect(longer[1].line == 3)
            let fitting = try records(Limits.valueBytes - 23, end)
            #expect(fitting.map(\.codes) == [[], []])
            #expect(fitting[0].json?.utf8.count == Limits.valueBytes)
            #expect(try records(Limits.valueBytes - 22, end).map(\.codes) == [["too_long"], []])
        }
    }

    @Test func escapesThatMakeARowTooLong() throws {
        let row = Array("a,1,".utf8) + [UInt8](repeating: 0x01, count: 200_000)
        let records = try scan(Array(Self.header.utf8) + row)
        #expect(records.map(\.codes) == [["too_long"]])
        #expect(records[0].isTruncated)
        #expect(records[0].length == UInt64(row.count))
        #expect(records[0].original == Array(row[..<Limits.truncatedBytes]))
    }

    /// The JSON's room is measured for rows without escapes, and measured again after each cell with some.
    @Test func escapesBeforeALongCell() throws {
        let row =
            [UInt8](repeating: 0x01, count: 80_000) + Array(",1,".utf8) + [UInt8](repeating: 0x62, count: 500_000)
        let json = try #require(try scan(Array(Self.header.utf8) + row).first?.json)
        #expect(json.utf8.count == 480_000 + 500_000 + #"{"name":"","age":1,"x":""}"#.utf8.count)
        #expect(json.hasSuffix("bbb\"}"))
    }

    /// Rows longer than the window: quoted cells with line ends, and one that is never closed.
    @Test func rowsLongerThanTheWindow() throws {
        let cell = Array("\"".utf8) + [UInt8](repeating: 0x62, count: 700_000) + Array("\n\"\"\r\",".utf8)
        let six = Array(Self.header.utf8) + (0..<6).flatMap { _ in cell }
        let closed = try scan(six + Array("x\r\nc,2,d\n".utf8))
        #expect(closed.map(\.codes) == [["too_long"], []])
        #expect(closed[0].length == UInt64(6 * cell.count + 1))
        #expect(closed[1].line == 15)
        let open = try scan(six + Array("\"x\nc,2,d\n".utf8))
        #expect(open.map(\.codes) == [["too_long", "unterminated_quote"], []])
        #expect(open[0].length == UInt64(6 * cell.count + 2))
        #expect(open[1].line == 15)
        let stray = try scan(six + Array("\"x\"\"\"y\"\nc,2,d\n".utf8))
        #expect(stray.map(\.codes) == [["too_long"], []])
        let ending = try scan(six + Array("x".utf8))
        #expect(ending.map(\.codes) == [["too_long"]])
        #expect(ending[0].length == UInt64(6 * cell.count + 1))
    }

    @Test func endlessLineWithAnOpenQuote() throws {
        let line = Array("a,1,\"".utf8) + [UInt8](repeating: 0x62, count: 5_000_000)
        let records = try scan(Array(Self.header.utf8) + line + Array("\r\nc,2,d\r\n".utf8))
        #expect(records.map(\.codes) == [["unterminated_quote", "too_long"], []])
        #expect(records[0].length == UInt64(line.count))
        #expect(records[0].original == Array(line[..<Limits.truncatedBytes]))
        #expect(records[1].line == 3)
    }

    @Test func ageIsFoundAtAnyWidth() throws {
        let header = (0..<300).map { "c\($0)" } + ["age", "name"]
        let row = (0..<300).map { "v\($0)" } + ["7", "n"]
        let text = header.joined(separator: ",") + "\n" + row.joined(separator: ",")
        let json = try #require(try scan(text).first?.json)
        #expect(json.hasSuffix(#""c299":"v299","age":7,"name":"n"}"#))
        #expect(validate(json).person?.age == 7)
    }
}
