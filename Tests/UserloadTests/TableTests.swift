// jobs, rejects, users, stats: what they print, word for word, and the values they take.

import CommandLineOptions
import Foundation
import Records
import Testing

@testable import Pipeline
@testable import userload

@Suite struct TableTests {
    @Test func jobs() {
        let rows = jobTable([openJob(), sampleJob(label: "nightly", file: "-")], utc)
        #expect(
            rows == [
                "SLUG      STATE                LINES  REJECTED  PUSHED            LABEL    FILE",
                "4x7k2m9q  processing 42 %  3,100,000         0  2026-11-23 02:00           people.csv",
                "4x7k2m9q  completed        1,000,000       512  2026-11-23 02:00  nightly  stdin",
            ])
    }

    /// A file's name is the last to go.
    @Test(arguments: [
        (200, "SLUG      STATE          LINES  REJECTED  PUSHED            LABEL    FILE"),
        (74, "SLUG      STATE          LINES  REJECTED  PUSHED            FILE"),
        (60, "SLUG      STATE      REJECTED  PUSHED            FILE"),
        (45, "SLUG      STATE      REJECTED  FILE"), (32, "SLUG      STATE      FILE"), (20, "SLUG      STATE    …"),
    ])
    func aNarrowScreen(width: Int, titles: String) {
        let rows = jobTable([sampleJob(label: "nightly")], utc, width: width)
        #expect(rows[0].trimmingCharacters(in: .whitespaces) == titles, "\(rows)")
        #expect(rows.allSatisfy { $0.count <= width })
        #expect(width < 31 || rows[1].hasSuffix("  people.csv"))
    }

    private func reject(_ form: Reject.Form, _ bytes: [UInt8] = Array("Rohit,abc".utf8)) -> Reject {
        let age = FieldError(field: "age", code: "not_an_integer", message: "is not a whole number")
        return Reject(
            line: 17, byteOffset: 1204, length: 2_000_000, form: form, bytes: bytes, errors: [age], partition: 3,
            kafkaOffset: 99)
    }

    @Test func rejects() {
        #expect(
            rejectReport(reject(.raw), of: sampleJob()) == [
                "line 17, byte 1,204: age is not a whole number", "    Rohit,abc",
            ])
        #expect(
            rejectReport(reject(.truncated, [0x1B, 0xFF]), of: sampleJob())
                == [
                    "line 17, byte 1,204: age is not a whole number (the first 2 of 2,000,000 bytes)", "    \\x1B\\xFF",
                ])
        #expect(
            rejectReport(reject(.json), of: sampleJob(id: .foreign))
                == ["partition 3, offset 99: age is not a whole number (as JSON)", "    Rohit,abc"])
    }

    @Test func rejectsAsJSON() {
        let rest = #""errors": [{"field": "age", "code": "not_an_integer", "message": "is not a whole number"}], "#
        #expect(
            rejectDocument(reject(.raw), of: sampleJob()).text
                == #"{"line": 17, "byte_offset": 1204, "length": 2000000, "form": "raw", "# + rest
                + #""record": "Rohit,abc"}"#)
        #expect(
            rejectDocument(reject(.raw, [0xFF]), of: sampleJob(id: .foreign)).text
                == #"{"partition": 3, "offset": 99, "length": 2000000, "form": "raw", "# + rest
                + #""record_base64": "/w=="}"#)
    }

    @Test func rawLeavesOutWhatIsNoRowOfTheFile() {
        #expect(reasonToLeaveOut(reject(.raw), of: sampleJob()) == nil)
        #expect(
            reasonToLeaveOut(reject(.truncated), of: sampleJob()) == "only 9 of its 2,000,000 bytes are kept")
        #expect(
            reasonToLeaveOut(reject(.json), of: sampleJob())
                == "Postgres refused it, and it is kept as JSON (see --json)")
        #expect(reasonToLeaveOut(reject(.json), of: sampleJob(format: "jsonl")) == nil)
    }

    private let groups = [
        AgeGroup(label: "< 20", count: 250_000, percent: 25), AgeGroup(label: "20 to 40", count: 500_000, percent: 50),
        AgeGroup(label: "40 to 60", count: 0, percent: 0), AgeGroup(label: "> 60", count: 250_000, percent: 25),
    ]

    @Test func stats() {
        let half = String(repeating: "█", count: 20)
        #expect(
            statsReport(groups) == [
                "< 20      250,000  25.0 %  \(half)", "20 to 40  500,000  50.0 %  \(half)\(half)",
                "40 to 60        0   0.0 %", "> 60      250,000  25.0 %  \(half)",
            ])
        #expect(
            statsDocument(groups).text
                == #"{"people": 1000000, "groups": [{"group": "< 20", "count": 250000, "percent": 25.0}, "#
                + #"{"group": "20 to 40", "count": 500000, "percent": 50.0}, "#
                + #"{"group": "40 to 60", "count": 0, "percent": 0.0}, "#
                + #"{"group": "> 60", "count": 250000, "percent": 25.0}]}"#)
    }

    /// The bars take what is left.
    @Test(arguments: [(200, 40), (80, 40), (60, 32), (40, 12), (28, 0), (10, 0)])
    func bars(width: Int, bar: Int) {
        let rows = statsReport(groups, width: width)
        #expect(rows.map { $0.count { $0 == "█" } }.max() == bar)
        #expect(width < 30 || rows.allSatisfy { displayWidth($0) < width }, "\(rows)")
    }

    @Test(
        arguments: [
            ("35", 35...35), ("0-150", 0...150), ("20-40", 20...40), ("40-20", nil), ("20-", nil), ("-5", nil),
            ("1-2-3", nil), ("x", nil),
            ("", nil),
        ] as [(String, ClosedRange<Int>?)])
    func ages(text: String, range: ClosedRange<Int>?) { #expect((try? parseAges(text)) == range) }

    @Test(arguments: [
        ("99999999999", "ages are 0 to 150"), ("151", "ages are 0 to 150"), ("0-151", "ages are 0 to 150"),
        ("99999999999999999999999", "ages are 0 to 150"), ("+5", "write an age like 35, or a range like 20-40"),
        ("-5", "write an age like 35, or a range like 20-40"),
        ("40-20", "the first age must not be above the second"),
    ])
    func wrongAges(text: String, message: String) {
        let problem = #expect(throws: ValueProblem.self) { try parseAges(text) }
        #expect(problem?.message == message)
    }

    @Test(
        arguments: [
            ("18,30,50", [18, 30, 50]), ("20", [20]), ("30,18", nil), ("18,18", nil), ("0,5", nil), ("5,151", nil),
            ("5,", nil), ("", nil), ("1,,2", nil), ("1 ,2", nil), ("-1", nil), ("\u{661}", nil), ("1\u{301}", nil),
            ("1\0", nil), ("99999999999999999999", nil), ("0x10", nil),
        ] as [(String, [Int]?)])
    func bounds(text: String, ages: [Int]?) { #expect((try? parseBounds(text)) == ages) }
}
