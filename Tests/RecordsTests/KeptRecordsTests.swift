// The values of errors, found again in records as they stood in their file.

import Testing

@testable import Records

private struct Case: CustomStringConvertible, Sendable {
    var header: String?
    var delimiter = ","
    var flags = InputFlags()
    var code = "not_an_integer"
    let field: String
    let record: String
    let value: String?

    init(_ header: String?, _ field: String, _ record: String, _ value: String?) {
        self.header = header
        self.field = field
        self.record = record
        self.value = value
    }

    func with(_ change: (inout Case) -> Void) -> Case {
        var other = self
        change(&other)
        return other
    }

    var description: String { "\(header ?? "-") \(field) \(record)" }
}

@Suite struct KeptRecordsTests {
    private static let alter = FieldSource(field: "age", source: "Alter")
    private static let birth = AgeFrom(column: "Geboren am", asOf: testDay, format: .dmy)

    private static let csv = [
        Case("name,age", "age", "Bo,abc", "abc"),
        Case("name,age", "age", "Bo, abc\t", "abc"),
        Case("name,age", "age", #""Bo, Jr","a ""b""""#, #"a "b""#),
        Case("name,age", "age", "Bo,\" \"", nil),
        Case("name,age", "age", "Bo,\u{1B}", "\u{1B}"),
        Case("name,age", "age", "Bo,\(String(repeating: "é", count: 31))", String(repeating: "é", count: 30) + "…"),
        Case("name.firstName,name.lastName,age", "name.lastName", "Bo,Day\u{0},7", "Day\u{0}"),
        Case("Full Name;Alter;Mobile", "age", "Bo;x;1", "x").with { $0.delimiter = ";" },
        Case("Full Name;Alter;Mobile", "phoneNumber", "Bo;3;none", "none").with { $0.delimiter = ";" },
        Case("Id\tWer\tAlter", "age", "1\tBo\tx", "x").with {
            $0.delimiter = "\t"
            $0.flags.map = [FieldSource(field: "name", source: "Wer"), alter]
        },
        Case(nil, "age", "Bo|x", "x").with {
            $0.delimiter = "|"
            $0.flags.columns = ["name", " age "]
        },
        Case("name,Geboren am", "Geboren am", "Bo,soon", "soon").with { $0.flags.ageFrom = birth },
        Case("Note,name,age,Note", "Note_2", "x,Bo,3,y\u{0}", "y\u{0}"),
        // Of the whole record: how it begins.
        Case("name,age", "", " Bo", "Bo"),
        Case("name,age", "", "", nil),
        // What is not there has no value, and neither has what cannot be told.
        Case("name,age", "age", "Bo,abc", nil).with { $0.code = "missing" },
        Case("name,age", "age", "Bo", nil),
        Case("name,age", "other", "Bo,abc", nil),
        Case("name,age", "age", "\"Bo,abc", nil),
        Case("\"name,age", "age", "Bo,abc", nil),
        Case("name,Jahre", "age", "Bo,abc", nil).with { $0.flags.map = [alter] },
        Case(nil, "age", "Bo,abc", nil),
    ]

    @Test(arguments: csv) private func fromCSV(example: Case) {
        let records = KeptRecords(
            isCSV: true, delimiter: example.delimiter.utf8.first, header: example.header.map { Array($0.utf8) },
            flags: example.flags)
        #expect(value(example, records) == example.value)
    }

    private static let json = [
        Case(nil, "age", #"{"name":"Bo","age":"a\u0062c"}"#, "abc"),
        Case(nil, "age", #"{"age": 3.5}"#, "3.5"),
        Case(nil, "age", #"{"age": true}"#, nil),
        Case(nil, "age", #"{"Full Name":"Bo","Alter":"x"}"#, "x"),
        Case(nil, "age", #"{"Wer":"Bo","Alter":{"heute":"x"}}"#, "x").with {
            $0.flags.map = [FieldSource(field: "age", source: "Alter.heute")]
        },
        Case(nil, "Geboren am", #"{"name":"Bo","Geboren am":"soon"}"#, "soon").with { $0.flags.ageFrom = birth },
        Case(nil, "name.lastName", #"{"name":{"lastName":7}}"#, "7"),
        Case(nil, "", #"{"name":"Bo""#, #"{"name":"Bo""#),
        Case(nil, "age", #"{"age":"x"#, nil),
        Case(nil, "age", #"{"name":"Bo","Age":"x"}"#, nil).with { $0.code = "missing" },
        // The map asks for a key that this record does not have.
        Case(nil, "age", #"{"Alter":"x"}"#, nil).with {
            $0.flags.map = [FieldSource(field: "name", source: "Wer"), alter]
        },
    ]

    @Test(arguments: json) private func fromJSON(example: Case) {
        let records = KeptRecords(isCSV: false, delimiter: nil, header: nil, flags: example.flags)
        #expect(value(example, records) == example.value)
    }

    /// Postgres refused what push had made of a row.
    @Test func whatTravelledAsJSON() {
        let records = KeptRecords(isCSV: true, delimiter: nil, header: Array("Alter,name".utf8), flags: InputFlags())
        let error = FieldError(field: "age", code: "x", message: "")
        let record = Array(#"{"name":"Bo","age":7}"#.utf8)
        #expect(records.value(of: error, in: record, isOriginal: false) == Array("7".utf8))
        #expect(records.value(of: error, in: Array("7,Bo".utf8), isOriginal: true) == Array("7".utf8))
        let unknown = KeptRecords(isCSV: true, delimiter: nil, header: Array("Alter,name".utf8), flags: nil)
        #expect(unknown.value(of: error, in: Array("7,Bo".utf8), isOriginal: true) == nil)
    }

    private func value(_ example: Case, _ records: KeptRecords) -> String? {
        let error = FieldError(field: example.field, code: example.code, message: "")
        return records.value(of: error, in: Array(example.record.utf8), isOriginal: true)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
