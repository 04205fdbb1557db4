// Fix files: known by their columns or keys, which say for which rejects their records stand.

import Testing

@testable import Records

@Suite struct FixRecognitionTests {
    private static let header = "_job,_reject,_line,_errors,name,age"

    @Test(arguments: [
        (header, true), ("\u{FEFF}" + header, true), (header.replacing(",", with: ";"), true),
        (header.replacing(",", with: "\t"), true),
        ("\"_job\",\"_reject\",\"_line\",\"_errors\",\"name\",\"age\"", true),
        ("sep=,\n" + header, true), ("_job,_reject,_errors,_line,name,age", true),
        ("name,age,_job,_reject,_line,_errors", true), ("_job,_reject,_line,name,age", true),
        ("name,_reject,age,_job", true), ("_Job,_REJECT,_line,_errors,name,age", true),
        ("_job,_line,_errors,name,age", false), ("_reject,_line,_errors,name,age", false),
    ]) func byItsColumns(header: String, isFix: Bool) throws {
        let file = Array((header + "\n" + header.replacing("sep=,\n", with: "") + "\n").utf8)
        let (bytes, offset) = text(file)
        let conclusion = try withBytes(bytes) {
            try Conclusion($0, isWhole: false, offset: offset, InputFlags(), today: testDay)
        }
        #expect(conclusion.isFix == isFix)
        #expect(conclusion.line([]).contains(", a fix file: name, age") == isFix)
        #expect(!isFix || !conclusion.isPlain)
    }

    /// An editor may move the columns, and leave out those that only help.
    @Test(
        arguments: [
            ("name,_reject,age,_job", "\"Bo, B\",3.17,3,\(testJob.text)", 0),
            ("note,name,age,_line,_job,_job,_reject", "\"a \"\"b\"\"\",Bo,3,12,\(testJob.text),x,3.17", 12),
            ("name,age,_reject,_job", "Bo,\"3,3.17,\(testJob.text)", nil),
        ] as [(String, String, UInt64?)]) func columnsInAnotherOrder(header: String, row: String, line: UInt64?) throws
    {
        let place = line.map { RejectPlace(job: testJob, partition: 3, seq: 17, line: $0) }
        let found = try fixRecords("\(header)\n\(row)\n")
        #expect(found.map(\.fixes) == [place])
        #expect(!found.contains { $0.json?.contains("_job") ?? false })
    }

    @Test func byItsKeys() throws {
        let stamp = #""_job":"x","_reject":"0.1","_line":2,"_errors":"","#
        #expect(try concluded("{\(stamp)\"name\":\"Bo\",\"age\":3}\n{\"name\":\"Cy\",\"age\":3}\n").isFix)
        #expect(try concluded("[{\(stamp)\"name\":\"Bo\",\"age\":3}]").isFix)
        #expect(try concluded("{\"name\":\"Bo\",\"age\":3,\(stamp)\"x\":1}\n").isFix)
        #expect(try concluded("{\"name\":\"Di\",\"age\":5}\n{\"name\":\"Bo\",\"age\":3,\(stamp)\"x\":1}\n").isFix)
        #expect(try !concluded("{\"name\":\"Bo\",\"age\":3,\"_job\":\"x\"}\n").isFix)
        let object = #"{"_errors":"","_job":"\#(testJob.text)","_line":12,"_reject":3.17,"age":3,"name":"Bo"}"#
        let found = try fixRecords(object + "\n")
        #expect(found.map(\.fixes) == [fixPlace])
        #expect(found.map(\.json) == [#"{"age":3,"name":"Bo"}"#])
        #expect(try concluded("{\(stamp)\"name\":\"Bo\",\"age\":3}\n").line([]) == "JSON lines, a fix file: name, age")
    }

    /// Two files that differ in nothing but this are two jobs.
    @Test func isPartOfThePlan() throws {
        var plain = try concluded(Self.header + "\nx,0.1,2,,Bo,3\n")
        let plan = { Plan(input: plain, keyFields: .standard, partitions: 3, onDuplicate: .skip) }
        let id = plan().jobID(nonce: [1])
        plain.isFix = false
        #expect(plan().jobID(nonce: [1]) != id)
    }

    @Test(
        arguments: [
            ("\(testJob.text)", "3.17", "12", fixPlace), (" \(testJob.text.uppercased()) ", " 3.17 ", "12", fixPlace),
            (testJob.text, "3.17", "1,2", RejectPlace(job: testJob, partition: 3, seq: 17)),
            (testJob.text, "3.17", "", RejectPlace(job: testJob, partition: 3, seq: 17)),
            (testJob.text, "3.17", "99999999999999999999", RejectPlace(job: testJob, partition: 3, seq: 17)),
            ("", "", "", nil), ("-", "3.17", "12", nil), (testJob.slug, "3.17", "12", nil),
            ("garbage", "3.17", "12", nil),
            (String(repeating: "0", count: 26), "3.17", "12", nil), (testJob.text, "3", "12", nil),
            (testJob.text, "3.17.1", "12", nil), (testJob.text, "-3.17", "12", nil), (testJob.text, "3.", "12", nil),
            (testJob.text, "3.0", "12", nil), (testJob.text, "2147483648.1", "12", nil),
            (testJob.text, "0.9223372036854775808", "12", nil), (testJob.text, "0.9007199254740993", "12", nil),
            (testJob.text, "0.\(String(repeating: "9", count: 500))", "12", nil), (testJob.text, "３.17", "12", nil),
        ] as [(String, String, String, RejectPlace?)])
    func whatNamesAReject(job: String, reject: String, line: String, expected: RejectPlace?) throws {
        func quoted(_ cell: String) -> String { cell.contains(",") ? "\"\(cell)\"" : cell }
        // A comma in a cell of the four is nothing that we wrote: the delimiter of the test is another one.
        let row = [job, reject, line, "bad", "Bo", "3"].joined(separator: ";")
        let found = try fixRecords(Self.header.replacing(",", with: ";") + "\n\(row)\n")
        #expect(found.map(\.fixes) == [expected])
        #expect(found.map(\.json) == [#"{"name":"Bo","age":3}"#])
        let object = #"{"_job":"\#(job)","_reject":"\#(reject)","_line":"\#(line)","_errors":"","name":"Bo","age":3}"#
        #expect(try fixRecords(object + "\n").map(\.fixes) == [expected])
    }

    /// From the file to the headers of its messages.
    @Test func headersOfMessages() throws {
        let file = Self.header + ",note\n\(stampCells),bad,Bo,3,\n\(stampCells),bad,Cy,x,\n,,,,Di,5,\n"
        let messages = try sent(try stream(Array(file.utf8), try concluded(file)))
        let headers = try messages.map { message -> WireHeader in
            guard case .header(let header) = withBytes(message.header, { WireHeader.decode($0) }) else {
                throw InputError("no header")
            }
            return header
        }
        #expect(headers.map(\.fixes) == [fixPlace, fixPlace, nil])
        #expect(headers.allSatisfy { $0.version == 3 && $0.onDuplicate == .skip })
        #expect(headers.map(\.kind) == [.record, .raw, .record])
        #expect(String(decoding: messages[0].value, as: UTF8.self) == #"{"name":"Bo","age":3}"#)
        let kept = KeptRecords(
            isCSV: true, delimiter: nil, header: Array((Self.header + ",note").utf8), flags: InputFlags())
        let error = FieldError(field: "age", code: "not_an_integer", message: "")
        #expect(kept.value(of: error, in: messages[1].value, isOriginal: true) == Array("x".utf8))
    }
}
