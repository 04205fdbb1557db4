// JSON as strict as jsonb: syntax, UTF-8, escapes, numbers, depth, duplicate keys.

import Testing

@testable import Records

@Suite struct JSONTests {
    /// Codes of a record whose field "x" has this value; its name and age are good.
    static func codes(_ value: String) -> [String] { codes(Array(value.utf8)) }

    static func codes(_ value: [UInt8]) -> [String] {
        let after = validate(Array(#"{"name":"n","age":1,"x":"#.utf8) + value + Array("}".utf8)).codes
        let before = validate(Array(#"{"x":"#.utf8) + value + Array(#" ,"name":"n","age":1}"#.utf8)).codes
        #expect(after == before || after.first?.hasPrefix(": ") == true)
        return after
    }

    @Test(arguments: [
        "{}", "[]", "[[],{}]", #"{"a":1}"#, #"[1,"a",null,true,false,-0.5e+3]"#, " [ 1 , 2 ] ", "\t{\r\n\"a\" : [ ] }",
        "0", "-0", "0.0", "1E5", "1e-5", "123456789012345678901234567890", #""\"\\\/\b\f\n\r\t\u0020""#,
        #"{"":1," ":2}"#,
    ])
    func good(value: String) { #expect(Self.codes(value) == []) }

    @Test(arguments: [
        "", "{", "}", "[", "]", "{]", "[}", "[1,]", "[,1]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a" 1}"#,
        "{1:1}", "{a:1}", "'a'", "nul", "nulll", "True", "tru", "fals", "NaN", "Infinity", "+1", "-", "01", "1.", ".5",
        "1e", "1e+", "0x1", "1 2", #""a"#, #""\"#, #""\x""#, #""\u12"#, #""\u12g4""#, #""\U0041""#, "\"a\nb\"",
        "\"a\u{1}b\"", "[1}", #"{"a":[}"#, "\u{FEFF}1", "1\u{0}", "\u{A0}1", "\u{B}1", "//", #"{"a":1 "b":2}"#, "[1 2]",
        "--1", "-a", "[\u{0}]",
    ])
    func malformed(value: String) { #expect(Self.codes(value) == [": malformed_json"]) }

    @Test func aPrefixOfARecordIsNoRecord() {
        let record = Array(
            #"{"name":{"firstName":"é\u00e9","lastName":"b"},"age":1.0,"x":[true,{"y":"😀"}],"long":"0123456789abcdef€"}"#
                .utf8)
        #expect(validate(record).person != nil)
        for count in 0..<record.count {
            let codes = validate(Array(record[..<count])).codes
            #expect(codes.last == ": malformed_json", "\(count)")
        }
        for tail in ["}", "{}", ",", "x", "\u{0}"] {
            #expect(validate(record + Array(tail.utf8)).codes == [": malformed_json"])
        }
        #expect(validate(record + Array(" \r\n\t".utf8)).person != nil)
    }

    @Test(arguments: ["[]", "1", "\"a\"", "null", " true ", "[{}]"])
    func notAnObject(json: String) { #expect(validate(json).codes == [": not_an_object"]) }

    static let characters: [(bytes: [UInt8], isValid: Bool)] = [
        ([0x7F], true), ([0xC2, 0x80], true), ([0xDF, 0xBF], true), ([0xE0, 0xA0, 0x80], true),
        ([0xED, 0x9F, 0xBF], true), ([0xEE, 0x80, 0x80], true), ([0xEF, 0xBF, 0xBF], true),
        ([0xF0, 0x90, 0x80, 0x80], true), ([0xF4, 0x8F, 0xBF, 0xBF], true),
        ([0x80], false), ([0xBF], false), ([0xC0, 0x80], false), ([0xC1, 0xBF], false), ([0xC2], false),
        ([0xC2, 0x41], false), ([0xE0, 0x9F, 0xBF], false), ([0xE1, 0x80], false), ([0xE1, 0x80, 0x41], false),
        ([0xED, 0xA0, 0x80], false), ([0xED, 0xBF, 0xBF], false), ([0xF0, 0x8F, 0xBF, 0xBF], false),
        ([0xF0, 0x90, 0x80], false), ([0xF4, 0x90, 0x80, 0x80], false), ([0xF5, 0x80, 0x80, 0x80], false),
        ([0xF8, 0x88, 0x80, 0x80, 0x80], false), ([0xFE], false), ([0xFF], false), ([0xE2, 0x28, 0xA1], false),
    ]

    /// At every distance from the end of a block of 16, and from the end of the record.
    @Test(arguments: characters) func character(bytes: [UInt8], isValid: Bool) {
        for padding in 0..<36 {
            let pad = [UInt8](repeating: 0x61, count: padding)
            let inside = Self.codes([0x22] + pad + bytes + pad + [0x22])
            #expect(inside == (isValid ? [] : ["x: invalid_utf8"]))
        }
        #expect(bytes.withUnsafeBufferPointer { UTF8Rules.isValid($0) } == isValid)
        let key = validate(Array(#"{"name":"n","age":1,""#.utf8) + bytes + Array(#"":1}"#.utf8)).codes
        #expect(key == (isValid ? [] : [": invalid_utf8"]))
    }

    @Test func cutOffCharacterAtTheEndOfTheRecord() {
        #expect(validate([0x7B, 0x22, 0xE2, 0x82]).codes == [": malformed_json"])
    }

    @Test(arguments: [
        (#""\u0000""#, ["x: nul_character"]), ("\"\u{0}\"", ["x: nul_character"]), (#""\\u0000""#, []),
        (#""\ud83d\ude00""#, []), (#""\uD83D\uDE00""#, []), (#""\ud83d""#, ["x: lone_surrogate"]),
        (#""\ude00""#, ["x: lone_surrogate"]), (#""\ud83d\ud83d\ude00""#, ["x: lone_surrogate"]),
        (#""\ud83dx\ude00""#, ["x: lone_surrogate"]), (#""\ud83d\n""#, ["x: lone_surrogate"]),
        (#""\ude00\ud83d""#, ["x: lone_surrogate"]), (#""\ude00\ude00""#, ["x: lone_surrogate"]),
        (#""\uffff\ufffe\ue000""#, []),
        (#"{"\u0000":1}"#, ["x: nul_character"]),
        (#"["\ud800",{"a":"\u0000"}]"#, ["x: nul_character", "x: lone_surrogate"]),
    ])
    func escapes(value: String, codes: [String]) { #expect(Self.codes(value) == codes) }

    static let zeros = String(repeating: "0", count: 131_071)

    /// Limits as Postgres 15 has them: tried there.
    static let numbers: [(String, Bool)] = [
        ("1e131071", true), ("1e131072", false), ("9.9e131071", true), ("10e131070", true), ("10e131071", false),
        ("0.1e131072", true), ("0.1e131073", false), ("0.001e131074", true), ("0.001e131075", false),
        ("1\(zeros)", true), ("1\(zeros)0", false), ("-1\(zeros)0", false), ("1\(zeros)0e-1", true),
        ("1\(zeros)0.0", false), ("1e-16383", true), ("1e-16384", false), ("1.0e-16382", true), ("1.0e-16383", false),
        ("0.\(zeros.prefix(16_382))1", true), ("0.\(zeros.prefix(16_383))1", false), ("0e-16384", false),
        ("0e131072", true), ("0e9999999", true), ("0e99999999999999999999", false), ("1e99999999999999999999", false),
        ("1e-99999999999999999999", false), ("1e-20000", false), ("123456789.123456789e+5", true),
        ("0.\(zeros.prefix(16_384))1e5", true),
    ]

    @Test(arguments: numbers) func range(number: String, isGood: Bool) {
        #expect(Self.codes(number) == (isGood ? [] : ["x: number_out_of_range"]))
        #expect(Self.codes("[\(number)]") == (isGood ? [] : ["x: number_out_of_range"]))
        #expect(withBytes(number) { JSONScanner.isClean($0) } == isGood)
    }

    /// All together a record's numbers are at most 1 MiB of digits as Postgres writes them out.
    @Test(
        arguments: [
            (Array(repeating: "1e131071", count: 8), true),
            (Array(repeating: "1e131071", count: 8) + ["1.5", "17"], false),
            (Array(repeating: "-9.9E131071", count: 7) + ["1e131070", "0e131071", "1"], true),
            (Array(repeating: "-9.9E131071", count: 9), false),
            (Array(repeating: "1e131071", count: 11_000), false),
            (Array(repeating: "1e-16383", count: 63), true), (Array(repeating: "1e-16383", count: 65), false),
            (Array(repeating: "0e-16383", count: 65), false), (Array(repeating: "1", count: 100_000), true),
            (Array(repeating: "0e9", count: 100_000), true),
        ] as [([String], Bool)])
    func digitsWrittenOut(numbers: [String], isGood: Bool) {
        let list = "[" + numbers.joined(separator: ",") + "]"
        #expect(Self.codes(list) == (isGood ? [] : ["x: too_many_digits"]))
        #expect(withBytes(list) { JSONScanner.isClean($0) } == isGood)
        // One field is named, and the next record begins at nothing.
        let fields = numbers.prefix(20).enumerated().map { "\"f\($0)\":\($1)" }.joined(separator: ",")
        let errors = validate("{\"name\":\"x\",\"age\":1,\(fields)}").codes
        #expect(errors.count <= 1)
        #expect(Self.codes("1e131071") == [])
    }

    @Test func depth() {
        func nested(_ count: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: count) + "1" + String(repeating: close, count: count)
        }
        // The record itself is the first of 64.
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
            let levels = open.contains("[{") ? 2 : 1
            #expect(Self.codes(nested(62 / levels, open, close)) == [])
            #expect(Self.codes(nested(64 / levels, open, close)) == [": too_deep"])
        }
        #expect(Self.codes(nested(63, "[", "]")) == [])
        #expect(
            validate(#"{"age":1,"name":{"firstName":"a","lastName":"b","x":\#(nested(62, "[", "]"))}}"#).person != nil)
        #expect(
            validate(#"{"age":1,"name":{"firstName":"a","lastName":"b","x":\#(nested(63, "[", "]"))}}"#).codes
                == [": too_deep"])
        #expect(Self.codes(String(repeating: "[", count: 500_000)) == [": too_deep"])
        #expect(validate(String(repeating: "[", count: 65)).codes == [": too_deep"])
    }

    @Test(arguments: [
        #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":1}"#, #"{"\u0061":1,"a":1}"#, #"{"\u00e9":1,"é":2}"#, #"{"":1,"":2}"#,
        #"[{"b":{"a":1,"c":2,"a":3}}]"#, #"{"\ud83d\ude00":1,"😀":2}"#, #"{"\/":1,"/":2}"#,
        #"{"a key of more than sixteen bytes":1,"x":2,"a key of more than sixteen bytes":1}"#,
    ])
    func duplicateKeys(value: String) { #expect(Self.codes(value) == ["x: duplicate_key"]) }

    @Test(arguments: [
        #"{"a":1,"A":1}"#, #"{"a":{"a":{"a":1}}}"#, #"[{"a":1},{"a":1}]"#, "{\"\u{E9}\":1,\"e\u{301}\":2}",
        #"{"ab":1,"ba":2,"aab":3,"abb":4,"a":5}"#, #"{"axxxa":1,"ayxya":2,"axyya":3}"#,
    ])
    func differentKeys(value: String) { #expect(Self.codes(value) == []) }

    @Test func duplicateFieldsOfTheRecord() {
        let json = #"{"name":"a","age":1,"age":2,"n\u0061me":3,"x":1,"y":2,"\u0078":3}"#
        #expect(validate(json).codes == ["age: duplicate_key", "name: duplicate_key", "x: duplicate_key"])
    }

    /// Quadratic comparison of these would take minutes.
    @Test func hundredThousandKeys() {
        let keys = (0..<100_000).map { "\"k\($0)\":0" }
        let object = "{\(keys.joined(separator: ","))}"
        #expect(Self.codes(object) == [])
        #expect(Self.codes("{\(keys.joined(separator: ",")),\"k5\":0}") == ["x: duplicate_key"])
        let record = "{\"name\":\"n\",\"age\":1,\(keys.joined(separator: ","))"
        #expect(validate(record + "}").person != nil)
        #expect(validate(record + ",\"\\u006b77777\":1}").codes == ["k77777: duplicate_key"])
    }

    @Test(arguments: [30, 31, 32, 33, 34, 63, 64, 65, 200]) func duplicateAtEveryPlace(count: Int) {
        for twice in [0, 1, count / 2, count - 1] {
            let keys = (0..<count).map { "\"\($0)\":0" } + ["\"\(twice)\":1"]
            #expect(Self.codes("{\(keys.joined(separator: ","))}") == ["x: duplicate_key"])
            #expect(
                validate("{\"name\":\"n\",\"age\":1,\(keys.joined(separator: ","))}").codes == [
                    "\(twice): duplicate_key"
                ])
        }
    }

    @Test func manyFlaws() {
        let members = (0..<20_000).map { "\"k\($0)\":\"\\ud800\"" }
        let codes = validate("{\"name\":\"n\",\"age\":1,\(members.joined(separator: ","))}").codes
        #expect(codes.count == ErrorList.maximum)
        #expect(codes.last == ": too_many_errors")
    }
}
