// Fix files: what is written for the rejects of a job, and that a load knows it again.

import Testing

@testable import Records

let fixPlace = RejectPlace(job: testJob, partition: 3, seq: 17, line: 12)
let stampCells = "\(testJob.text),3.17,12"

func concluded(_ text: String) throws -> Conclusion {
    try withBytes(Array(text.utf8)) { try Conclusion($0, isWhole: true, InputFlags(), today: testDay) }
}

/// The records of a file as they travel, and the rejects that they stand for.
func fixRecords(_ text: String) throws -> [(json: String?, fixes: RejectPlace?)] {
    let scanner = try scanner(Array(text.utf8), try concluded(text))
    var found: [(json: String?, fixes: RejectPlace?)] = []
    while try scanner.next() {
        let record = scanner.record
        found.append((record.json.map { String(decoding: $0, as: UTF8.self) }, record.fixes))
    }
    return found
}

@Suite struct FixSheetTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var delimiter = ","
        let header: String?
        var flags = InputFlags()
        let record: [UInt8]
        var isOriginal = true
        /// Behind the first four columns.
        let columns: String
        let cells: String
        /// What an uncorrected load makes of it; nil: no record.
        let json: String?

        init(
            _ header: String?, _ record: String, _ columns: String, _ cells: String, _ json: String?,
            delimiter: String = ",", isOriginal: Bool = true, flags: (inout InputFlags) -> Void = { _ in }
        ) {
            self.header = header
            self.record = Array(record.utf8)
            self.columns = columns
            self.cells = cells
            self.json = json
            self.delimiter = delimiter
            self.isOriginal = isOriginal
            flags(&self.flags)
        }

        var testDescription: String { "\(header ?? "-") \(String(decoding: record, as: UTF8.self))" }

        var parent: FixParent? {
            FixParent(delimiter: delimiter.utf8.first, header: header.map { Array($0.utf8) }, flags: flags)
        }
    }

    private static let cases = [
        Case("name,age,note", "Bo,x,", "name,age,note", "Bo,x,", #"{"name":"Bo","age":"x"}"#),
        Case(
            "name;age;note", #""Bo; ""B""";x;"two"# + "\n" + #"lines""#, "name,age,note",
            #""Bo; ""B""",x,"two"# + "\n" + #"lines""#, #"{"name":"Bo; \"B\"","age":"x","note":"two\nlines"}"#,
            delimiter: ";"),
        Case(
            "name\tage\tnote", "Bo, Jr\tx\t a ", "name,age,note", #""Bo, Jr",x, a "#,
            #"{"name":"Bo, Jr","age":"x","note":" a "}"#, delimiter: "\t"),
        // Mapped columns have our names; others keep theirs, and the place in an object that their dots are.
        Case(
            "Id|Wer|Alter|a.b|Id|", "7|Bo|x|1|8|9", "Id,name,age,a.b,Id_2,column_6", "7,Bo,x,1,8,9",
            #"{"Id":"7","name":"Bo","age":"x","a":{"b":"1"},"Id_2":"8","column_6":"9"}"#, delimiter: "|"
        ) { $0.map = [FieldSource(field: "name", source: "Wer"), FieldSource(field: "age", source: "Alter")] },
        Case(
            "First Name,Last Name,Age", "Bo,Day,x", "name.firstName,name.lastName,age", "Bo,Day,x",
            #"{"name":{"firstName":"Bo","lastName":"Day"},"age":"x"}"#),
        Case(
            "Full Name,name,age", "Bo,B,x", "name,name (file),age", "Bo,B,x",
            #"{"name":"Bo","name (file)":"B","age":"x"}"#
        ) { $0.map = [FieldSource(field: "name", source: "Full Name")] },
        // The name alone makes the load lenient, as it did before; --map does not.
        Case(
            "name,age,Mail,Phone", "Bo,x,none,1", "name,age,Mail,Phone", "Bo,x,none,1",
            #"{"name":"Bo","age":"x","email":"none","phoneNumber":"1"}"#),
        Case("name,age,Mail", "Bo,x,none", "name,age,email", "Bo,x,none", #"{"name":"Bo","age":"x","email":"none"}"#) {
            $0.map = [FieldSource(field: "email", source: "Mail")]
        },
        Case(nil, "Bo,x,NULL", "name,age,email", "Bo,x,", #"{"name":"Bo","age":"x"}"#) {
            $0.columns = ["name", "age", "email"]
            $0.null = "NULL"
        },
        // The age is computed where the date is one, and is to be written where it is not.
        Case(
            "name,Born,x", "Bo,01.02.2000,1", "name,Born,age,x", "Bo,01.02.2000,26,1",
            #"{"name":"Bo","Born":"01.02.2000","age":26,"x":"1"}"#
        ) { $0.ageFrom = AgeFrom(column: "Born", asOf: testDay, format: .dmy) },
        Case("name,Born,x", "Bo,soon,1", "name,Born,age,x", "Bo,soon,,1", #"{"name":"Bo","Born":"soon","x":"1"}"#) {
            $0.ageFrom = AgeFrom(column: "Born", asOf: testDay, format: .dmy)
        },
        // Rows that are too short or too long stay so; empty cells beyond the last one were never counted.
        Case("name,age,note", "Bo,3", "name,age,note", "Bo,3", nil),
        Case("name,age,note", "Bo,3,x,y,z", "name,age,note", "Bo,3,x,y,z", nil),
        Case("name,age,note", "Bo,x,y,,", "name,age,note", "Bo,x,y", #"{"name":"Bo","age":"x","note":"y"}"#),
        Case("name,age,note", "Bo,x", "name,age,note", "Bo,x,", #"{"name":"Bo","age":"x"}"#) { $0.ragged = true },
        // A quote where none may be is text now, for somebody to see.
        Case("name,age", #"B"o,3"#, "name,age", #""B""o",3"#, #"{"name":"B\"o","age":3}"#),
        Case("name,age", #""B"o,3"#, "name,age", #""""B""o",3"#, #"{"name":"\"B\"o","age":3}"#),
        Case("name,age", #""Bo,3"#, "name,age", #""""Bo",3"#, #"{"name":"\"Bo","age":3}"#),
        // Postgres refused it: only the JSON on the wire is kept.
        Case(
            "Full Name,Alter,a.b", #"{"name":"Bo","age":3,"a":{"b":"1, 2"}}"#, "name,age,a.b", #"Bo,3,"1, 2""#,
            #"{"name":"Bo","age":3,"a":{"b":"1, 2"}}"#, isOriginal: false),
        // The rejects of a fix file: of its first columns only the new ones stay.
        Case(
            "_job,_reject,_line,_errors,name,age", "\(testJob.text),1.2,3,bad,Bo,x", "name,age", "Bo,x",
            #"{"name":"Bo","age":"x"}"#),
    ]

    @Test(arguments: cases) func writtenAndReadAgain(_ example: Case) throws {
        let parent = try #require(example.parent)
        let sheet = try #require(FixSheet([parent]))
        let stamp = FixStamp(job: testJob.text, reject: "3.17", line: 12, errors: #"age "x" is not, a number"#)
        let row = sheet.row(of: 0, stamp, example.record, isOriginal: example.isOriginal)
        let text = String(decoding: sheet.header + [0x0A] + row + [0x0A], as: UTF8.self)
        #expect(
            text == "_job,_reject,_line,_errors,\(example.columns)\n\(stampCells),\"age \"\"x\"\" is not, a number\","
                + "\(example.cells)\n")
        let found = try fixRecords(text)
        #expect(found.map(\.json) == [example.json])
        #expect(found.map(\.fixes) == [fixPlace])
        #expect(try concluded(text).lenient == parent.lenient)
    }

    /// What is a fix file is not taken for a wrong file: perhaps one record of a thousand is corrected yet.
    @Test func noneOfItsFirstRecordsMayBeCorrected() throws {
        let rows = String(repeating: "\(stampCells),bad,Bo,\n", count: 200)
        #expect(try fixRecords("_job,_reject,_line,_errors,name,age\n" + rows).count == 200)
        #expect(throws: Refusal.self) { try concluded("name,age\n" + String(repeating: "Bo,\n", count: 200)) }
    }

    @Test func whatIsNoUTF8IsReadAsWindows1252() throws {
        let parent = try #require(FixParent(delimiter: nil, header: Array("name,age".utf8), flags: InputFlags()))
        let sheet = try #require(FixSheet([parent]))
        let stamp = FixStamp(job: "-", reject: "0.1", line: 2, errors: "")
        #expect(
            String(decoding: sheet.row(of: 0, stamp, [0x4D, 0xFC, 0x2C, 0x33], isOriginal: true), as: UTF8.self)
                == "-,0.1,2,,Mü,3")
    }

    @Test func severalParents() throws {
        func parent(_ header: String) throws -> FixParent {
            try #require(FixParent(delimiter: nil, header: Array(header.utf8), flags: InputFlags()))
        }
        let sheet = try #require(FixSheet([try parent("Full Name,age,Mail"), try parent("age,name,x,email")]))
        #expect(String(decoding: sheet.header, as: UTF8.self) == "_job,_reject,_line,_errors,name,age,email,x")
        let stamp = FixStamp(job: testJob.text, reject: "3.17", line: 12, errors: "")
        func row(_ index: Int, _ text: String) -> String {
            String(decoding: sheet.row(of: index, stamp, Array(text.utf8), isOriginal: true), as: UTF8.self)
        }
        #expect(row(0, "Bo,3,b@x") == stampCells + ",,Bo,3,b@x,")
        #expect(row(1, "3,Bo,1,b@x") == stampCells + ",,Bo,3,b@x,1")
        // A name in one cell and a name in two do not go together.
        #expect(FixSheet([try parent("name,age"), try parent("Vorname,Nachname,age")]) == nil)
    }
}

extension FixParent {
    /// What its own names make of an invalid value.
    fileprivate var lenient: LenientFields {
        outputs.reduce(into: []) { fields, output in
            guard output.alias != nil else { return }
            if output.path == FieldName.email.path { fields.insert(.email) }
            if output.path == FieldName.phoneNumber.path { fields.insert(.phoneNumber) }
        }
    }
}

@Suite struct FixObjectsTests {
    private static let head =
        #"{"_job":"\#(testJob.text)","_reject":"3.17","_line":12,"_errors":"age \"x\" is not a whole number""#

    private func line(_ record: String, isOriginal: Bool = true, _ flags: InputFlags = InputFlags()) -> String? {
        var keys = FixKeys()
        keys.add(Array(record.utf8))
        let stamp = FixStamp(job: testJob.text, reject: "3.17", line: 12, errors: #"age "x" is not a whole number"#)
        return FixObjects(keys, flags).line(stamp, Array(record.utf8), isOriginal: isOriginal)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [
        (#"{"name":"Bo","age":"x"}"#, #","name":"Bo","age":"x"}"#, #"{"name":"Bo","age":"x"}"#),
        (
            " { \"name\" : \"B\\no\",\n \"age\":\"x\" }", #","name" : "B\no",  "age":"x" }"#,
            #"{"name" : "B\no","age":"x"}"#
        ),
        (
            #"{"Full Name":"Bo","Alter":"x","tags":[1,{"a":null}]}"#, #","name":"Bo","age":"x","tags":[1,{"a":null}]}"#,
            #"{"name":"Bo","age":"x","tags":[1,{"a":null}]}"#
        ),
        // The name alone makes the load lenient, as it did before.
        (
            #"{"name":"Bo","age":"x","Mail":"none"}"#, #","name":"Bo","age":"x","Mail":"none"}"#,
            #"{"name":"Bo","age":"x","email":"none"}"#
        ),
        ("{}", "}", nil),
        // Broken, for somebody to mend; which reject it is can be told.
        (#"{"name":"Bo","age":}"#, #","name":"Bo","age":}"#, nil),
    ]) func writtenAndReadAgain(record: String, rest: String, json: String?) throws {
        let found = self.line(record)
        let line = try #require(found)
        #expect(line == Self.head + rest)
        let both = try fixRecords(line + "\n" + #"{"name":"Cy","age":3}"# + "\n")
        #expect(both.map(\.fixes) == [fixPlace, nil])
        if let json { #expect(both[0].json == json) }
        #expect(both[1].json == #"{"name":"Cy","age":3}"#)
    }

    @Test func mappedKeys() {
        var flags = InputFlags()
        flags.map = [FieldSource(field: "name", source: "who.full"), FieldSource(field: "email", source: "absent")]
        flags.ageFrom = AgeFrom(column: "born", asOf: testDay)
        #expect(
            line(#"{"who":{"full":"Bo","x":1},"born":"2000-02-01"}"#, flags) == Self.head
                + #","who":{"x":1},"born":"2000-02-01","name":"Bo","age":26}"#)
    }

    @Test func whatIsNoObjectIsLeftOut() {
        for record in ["[1]", "nonsense", "", "\"x\""] { #expect(line(record) == nil) }
    }
}
