// `check`, by the built program and without any server; and the limits of push.

import Foundation
import Records
import TestSupport
import Testing

@testable import Pipeline

@Suite(.waiting) struct CheckTests {
    private let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    private func check(_ arguments: String..., input: ChildProcess.Input = .null) throws -> ChildProcess.Result {
        try ChildProcess(
            Userload.binary, ["check"] + arguments, environment: ["SWIFT_BACKTRACE": "enable=no"], input: input
        ).wait()
    }

    static let people = "Name;Age;Phone\nAnn;35;none\nBo;abc;\n;40;1234567\n"

    @Test func aFileWithRejects() throws {
        let file = try files.write("a.csv", Self.people)
        let result = try check(file)
        #expect(result.code == 1 && result.stderr.isEmpty, "\(result)")
        let bar = String(repeating: "█", count: 40)
        #expect(
            result.stdout == """
                \(file)  CSV, UTF-8, ";": "Name" → name, "Age" → age, "Phone" → phoneNumber
                  3 records: 1 valid, 2 would be rejected
                  in 1 record an invalid field stays in additional_info
                  1 not_an_integer
                    line 3  age "abc" is not a whole number
                  1 missing
                    line 4  name is missing
                  < 20      0    0.0 %
                  20 to 40  1  100.0 %  \(bar)
                  40 to 60  0    0.0 %
                  > 60      0    0.0 %

                """)
        let stream = try check("-", input: .bytes(Array(Self.people.utf8)))
        #expect(stream.code == 1 && stream.stdout == result.stdout.replacingOccurrences(of: file, with: "-"))
    }

    @Test func aByteThatIsNotUTF8() throws {
        let file = try files.write("w.csv", Data("name,age\nM".utf8) + [0xFC] + Data("ller,3\nAnn,4\n".utf8))
        let words = try check(file).stdout
        #expect(words.contains(#"in windows-1252 it would read "Müller": --encoding windows-1252"#))
        #expect(words.contains(#"    line 2  name "M\xFCller" is not valid UTF-8"#))
    }

    @Test func json() throws {
        let file = try files.write("a.csv", Self.people)
        let result = try check("--json", file, files.path("none"))
        #expect(result.code == 5)
        let lines = result.stdout.split(separator: "\n")
        let first = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
        #expect(
            Set(first.keys) == [
                "file", "conclusion", "notices", "refused", "try", "records", "rejected", "invalid_fields_kept",
                "errors",
                "ages",
            ])
        #expect(first["records"] as? Int == 3 && first["rejected"] as? Int == 2)
        #expect(result.stdout.contains(#""message": "is not a whole number", "value": "abc""#))
        let second = try #require(try JSONSerialization.jsonObject(with: Data(lines[1].utf8)) as? [String: Any])
        #expect(second["refused"] as? String == "no such file or directory" && second["records"] is NSNull)
    }

    @Test func aHeaderAlone() throws {
        let file = try files.write("h.csv", "name,age\n")
        let result = try check(file)
        #expect(
            result.code == 0 && result.stdout == "\(file)  CSV, UTF-8, \",\": name, age\n  0 records\n", "\(result)")
        let refused = try check("--min-records", "1", file)
        #expect(refused.code == 5 && refused.stdout.hasSuffix("  refused: has 0 records: --min-records is 1\n"))
    }

    /// Each program in the pipe makes what the next one reads.
    @Test func aRefusalWithTheWholeWay() throws {
        let file = try files.write("o.json", #"{"people":[{"name":"Ann","age":3}]}"#)
        try run("/bin/sh", ["-c", "cd '\(files.path)' && iconv -f UTF-8 -t UTF-16 o.json | gzip > o.gz"])
        let packed = files.path("o.gz")
        let result = try check(file, packed)
        #expect(
            result.code == 5
                && result.stdout == """
                    \(file)
                      refused: is one JSON object that holds an array of objects, .people[]
                    try: jq -c '.people[]' \(file) | userload check -
                    \(packed)
                      refused: is one JSON object that holds an array of objects, .people[]
                    try: gzip -dc \(packed) | iconv -f UTF-16 -t UTF-8 | jq -c '.people[]' | userload check -

                    """,
            "\(result)")
    }

    /// Flags that do not fit are a usage error, and say what else they need.
    @Test func flagsThatNeedOthers() throws {
        let file = try files.write("t.csv", "Report\n\nWho;Years\nAnn;3\n")
        let result = try check("--map", "name=Who,age=Years", file)
        #expect(
            result.code == 2
                && result.stdout == """
                    \(file)
                      refused: --map name=Who: there is no column "Who" (line 1: Report); line 3 has them: --skip-lines 2
                    try: userload check --skip-lines 2 --map name=Who,age=Years \(file)

                    """,
            "\(result)")
    }

    @Test func sigtermEndsIt() throws {
        let fifo = files.path("pipe")
        mkfifo(fifo, 0o600)
        let child = try ChildProcess(
            Userload.binary, ["check", fifo], environment: ["SWIFT_BACKTRACE": "enable=no"], input: .null)
        // Returns once it reads: it knows then what to do with the signal.
        let writer = open(fifo, O_WRONLY)
        defer { close(writer) }
        child.send(SIGTERM)
        let result = try child.wait(.seconds(10))
        #expect(result.code == 130, "\(result)")
    }
}

@Suite(.waiting) struct RecordLimitsTests {
    @Test(arguments: [
        ("0", RecordLimits.Rejects.count(0)), ("12", .count(12)), ("0.5%", .percent(0.5)), ("100%", .percent(100)),
        ("", nil), ("%", nil), ("-1", nil), ("+1", nil), ("101%", nil), ("1e3%", nil), ("nan%", nil), ("1 %", nil),
        ("99999999999999999999", nil), ("0x1%", nil),
    ])
    func argument(text: String, limit: RecordLimits.Rejects?) {
        #expect(RecordLimits.Rejects(argument: text) == limit)
    }

    /// What is printed is read again as the same limit, but for what no file is large enough for.
    @Test(arguments: [
        ("0", "0"), ("12", "12"), ("0.5%", "0.5%"), ("0.0%", "0%"), ("100.00%", "100%"), ("33.333%", "33.333%"),
        ("0.000050%", "0.00005000000000000000%"),
    ])
    func text(argument: String, text: String) throws {
        let limit = try #require(RecordLimits.Rejects(argument: argument))
        #expect(limit.text == text)
        #expect(RecordLimits.Rejects(argument: limit.text) == limit)
        var limits = RecordLimits()
        limits.maxRejects = limit
        limits.minRecords = 7
        #expect(limits.words == ["--max-rejects", text, "--min-records", "7"])
    }

    @Test func whatTheyAllow() {
        #expect(RecordLimits.Rejects.count(2).allows(2, of: 2) && !RecordLimits.Rejects.count(2).allows(3, of: 100))
        #expect(
            RecordLimits.Rejects.percent(1).allows(1, of: 100) && !RecordLimits.Rejects.percent(1).allows(2, of: 199))
        #expect(RecordLimits.Rejects.percent(0).allows(0, of: 0))
    }

    @Test func groups() {
        var ages = [UInt64](repeating: 0, count: 151)
        for age in [0, 19, 20, 40, 41, 60, 61, 150] { ages[age] = 1 }
        #expect(
            AgeGroup.groups(of: ages) == [
                AgeGroup(label: "< 20", count: 2, percent: 25), AgeGroup(label: "20 to 40", count: 2, percent: 25),
                AgeGroup(label: "40 to 60", count: 2, percent: 25), AgeGroup(label: "> 60", count: 2, percent: 25),
            ])
    }
}
