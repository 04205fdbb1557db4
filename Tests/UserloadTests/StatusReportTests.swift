// `status`, word for word.

import Foundation
import Records
import TestSupport
import Testing

@testable import Pipeline
@testable import userload

@Suite struct StatusReportTests {
    @Test func completedWithRejects() {
        let missing = FieldError(field: "name", code: "missing", message: "is missing")
        let age = FieldError(field: "age", code: "not_an_integer", message: "is not a whole number")
        let row = FieldError(field: "", code: "ragged_row", message: "the row has 1 cell, the header 2")
        func example(_ line: Int64, _ error: FieldError, _ record: String) -> JobErrors.Example {
            JobErrors.Example(line: line, error: error, bytes: Array(record.utf8))
        }
        var errors = JobErrors(
            rejects: 512,
            codes: [
                JobErrors.Code(
                    code: age.code, count: 510, first: [example(17, age, "x;Ann;abc"), example(2000, age, "x;Bo;1,5")]),
                JobErrors.Code(code: missing.code, count: 2, first: [example(8, missing, "x;;7")]),
                JobErrors.Code(code: row.code, count: 1, first: [example(9, row, "Gi")]),
            ])
        let job = sampleJob(
            options: ["--map", "age=Jahre", "--delimiter", ";", "/data/people.csv"], delimiter: ";",
            header: "Id;Name;Jahre")
        let commands = [
            "to see them all: `userload rejects 4x7k2m9q`",
            "to correct them: `userload rejects 4x7k2m9q -o fix.csv`, edit it, `userload load fix.csv`",
        ]
        #expect(
            report(job, errors) == [
                "people.csv  112 MB  4x7k2m9q  completed, 512 rejects",
                "pushed 2026-11-23 02:00 by etl1 (7 h ago), in the database 02:01",
                "1,000,000 lines = 10,000 inserted + 0 updated + 989,488 duplicates + 512 rejected",
                "duplicates: the existing row stays; their other fields are not loaded",
                "  510 not_an_integer",
                "    line 17     age is not a whole number",
                "    line 2,000  age is not a whole number",
                "    and 508 more",
                "  2 missing",
                "    line 8  name is missing",
                "    and 1 more",
                "  1 ragged_row",
                "    line 9  the row has 1 cell, the header 2",
            ] + commands)
        // Where values may be shown, they are taken from the records.
        errors.rejects = 500
        errors.others = 3
        #expect(
            Array(report(job, errors, showsValues: true).dropFirst(4)) == [
                "of the first 500 rejects:",
                "  510 not_an_integer",
                #"    line 17     age "abc" is not a whole number"#,
                #"    line 2,000  age "1,5" is not a whole number"#,
                "    and 508 more",
                "  2 missing",
                "    line 8  name is missing",
                "    and 1 more",
                "  1 ragged_row",
                #"    line 9  the row has 1 cell, the header 2: "Gi""#,
                "  and 3 other codes",
            ] + commands)
        // They could not be read.
        #expect(Array(report(job).dropFirst(4)) == commands)
    }

    @Test func oneOfEach() {
        let job = sampleJob(lines: 3, inserted: 1, duplicates: 1, rejected: 2)
        let lines = report(job, JobErrors(rejects: 1, others: 1))
        #expect(lines[2] == "3 lines = 1 inserted + 0 updated + 1 duplicate + 2 rejected")
        #expect(lines.contains("of the first 1 reject:") && lines.contains("  and 1 other code"), "\(lines)")
        #expect(
            noRejects(sampleJob(rejected: 1))
                == "the 1 reject of 4x7k2m9q is not kept any more: it was deleted, as by `userload prune`")
    }

    @Test func rejectsThatWereFixedSince() {
        var job = sampleJob(options: ["--lenient", "--on-duplicate", "update", "/data/people.csv"])
        job.fixed = 498
        #expect(report(job)[0] == "people.csv  112 MB  4x7k2m9q  completed, 512 rejects, 498 fixed since")
        #expect(report(job).last?.hasSuffix("edit it, `userload load --lenient fix.csv`") == true)
        #expect(jobTable([job], utc)[1].contains("1,000,000  512, 498 fixed since  2026"))
        #expect(statusDocument(job).text.contains(#""rejected": 512, "fixed": 498, "#))
        #expect(job.hasFailed && exitCode(of: [job]) == .doneWithRejects && job.newsExitCode == .doneWithRejects)
        job.fixed = 512
        #expect(report(job)[0].hasSuffix("512 rejects, 512 fixed since"))
        #expect(report(job).allSatisfy { !$0.contains("to correct") })
        #expect(!job.hasFailed && exitCode(of: [job]) == .done && job.newsExitCode == .done)
        #expect(noRejects(job) == "the 512 rejects of 4x7k2m9q were all fixed since: --all lists them")
    }

    /// A job's options come from the topic: they are read as a command line, and no file that they name is.
    @Test func whatPushWasToldOfTheFile() throws {
        let files = try TemporaryDirectory()
        let map = try files.write("map", "age=Jahre\n")
        #expect(
            sampleJob(options: ["--map", "age=Jahre", "--max-rejects", "5%", "--again", "/x"]).inputFlags?.map
                == [FieldSource(field: "age", source: "Jahre")])
        for options in [
            nil, [], ["--map-file", map, "/x"], ["--of-the-future", "/x"], ["--help", "/x"],
            ["--delimiter", "x", "/x"],
        ] as [[String]?] {
            let job = sampleJob(options: options)
            #expect(job.inputFlags == nil, "\(options ?? [])")
            #expect(job.rejectCommands.mending.hasSuffix("edit it, `userload load fix.csv`"))
        }
    }

    @Test func completedLaterAndPushedAgain() {
        let job = sampleJob(
            label: "nightly", file: "-", size: nil, duplicates: 0, rejected: 0,
            pushedAgainAt: sampleNow - 60, completedAt: sampleNow + 86_400)
        #expect(
            report(job) == [
                "stdin  4x7k2m9q  completed",
                "pushed 2026-11-23 02:00 by etl1 (7 h ago), label nightly, in the database 2026-11-24 09:00; "
                    + "pushed again 2026-11-23 08:59, unchanged",
                "1,000,000 lines = 10,000 inserted + 0 updated + 0 duplicates + 0 rejected",
            ])
    }

    @Test func whatItWasReadAs() {
        let job = sampleJob(rejected: 0, conclusion: #"CSV, gzip, "\#u{1B}": "Name" → name"#)
        #expect(report(job)[2] == #"read as CSV, gzip, "\x1B": "Name" → name"#)
    }

    @Test func processing() {
        #expect(
            report(openJob()) == [
                "people.csv  112 MB  4x7k2m9q  processing",
                "pushed 2026-11-23 02:00 by etl1 (7 h ago)",
                "3,100,000 lines = 3,100,000 inserted + 0 updated + 0 duplicates + 0 rejected",
                "42 %, 310,000 lines/s, last record 2 s ago",
            ])
    }

    @Test(arguments: [
        (300.0, ["42 %, 310,000 lines/s, last record 5 min ago"]),
        (
            21_600.0,
            [
                "42 %",
                "last record 6 h ago; push on etl1 has not finished: run there `userload push /data/people.csv`, "
                    + "or `userload abandon 4x7k2m9q`",
                "(if that says already pushed, no worker reads the topic: run `userload work`)",
            ]
        ),
    ])
    func unfinished(age: Double, lines: [String]) {
        #expect(Array(report(openJob(lastRecordAge: age)).dropFirst(3)) == lines)
    }

    @Test func anUnfinishedStreamCannotBeResumed() {
        #expect(
            report(openJob(file: "-", lastRecordAge: 600)).last
                == "last record 10 min ago; push on etl1 has not finished and cannot be resumed, as it read a stream: "
                + "`userload abandon 4x7k2m9q`")
    }

    @Test func mendingCommandsAreQuotedForTheShell() {
        let job = openJob(
            state: .stalled, reason: .gap, options: ["--label", "it's nightly", "/data/my \u{1B}[31m.csv"])
        #expect(
            report(job).last
                == "stalled: messages before those that came are missing (expired, unreadable, or lost by Kafka): run on etl1 "
                + #"`userload push --resend --label 'it'\''s nightly' $'/data/my \x1B[31m.csv'`"#)
    }

    @Test(arguments: [
        (
            JobReason.key,
            [
                "stalled: pushed for the unique key name,age,email, this database has name,age, so nothing of it "
                    + "was loaded",
                "to push it for this database: `USERLOAD_UNIQUE_KEY=name,age userload push /data/people.csv`",
                "to change the database: `USERLOAD_UNIQUE_KEY=name,age,email userload migrate`, then run on etl1 "
                    + "`userload push --resend /data/people.csv`",
            ]
        ),
        (
            .mode,
            [
                "stalled: pushed with --on-duplicate skip, which this userload does not know, so nothing of it was "
                    + "loaded", "upgrade `userload work`, then run on etl1 `userload push --resend /data/people.csv`",
            ]
        ),
        (
            .version,
            [
                "stalled: pushed by a newer userload (wire version 1), so nothing of it was loaded",
                "upgrade `userload work`, then run on etl1 `userload push --resend /data/people.csv`",
            ]
        ),
    ])
    func stalled(reason: JobReason, lines: [String]) {
        let job = openJob(state: .stalled, reason: reason, keyFields: ["name", "age", "email"])
        #expect(Array(report(job).dropFirst(4)) == lines)
    }

    @Test(arguments: [
        (
            JobReason.changed,
            "inconsistent: the file changed while it was pushed; to load it as it is now: run on etl1 "
                + "`userload push --again /data/people.csv`"
        ),
        (
            .content,
            "inconsistent: other content arrived than was pushed: run on etl1 "
                + "`userload push --again /data/people.csv`"
        ),
        (
            .sum,
            "inconsistent: rows were dropped on their way into the table (by a trigger?): look there first, then run on "
                + "etl1 `userload push --again /data/people.csv`"
        ),
    ])
    func inconsistent(reason: JobReason, line: String) {
        #expect(report(openJob(state: .inconsistent, reason: reason)).last == line)
    }

    @Test func abandoned() {
        let job = sampleJob(state: .abandoned, rejected: 0, completedAt: nil, abandonedAt: sampleNow - 120)
        #expect(
            report(job).last == "abandoned 2 min ago; if more records arrive, they are loaded and the job is open again"
        )
    }

    @Test func aJobWithoutItsStartMarker() {
        let job = sampleJob(
            state: .stalled, reason: .gap, file: nil, size: nil, host: nil, lines: 0, inserted: 0, duplicates: 0,
            rejected: 0, percent: nil, pushedAt: nil, completedAt: nil, options: nil)
        #expect(
            report(job) == [
                "unknown file  4x7k2m9q  stalled",
                "0 lines = 0 inserted + 0 updated + 0 duplicates + 0 rejected",
                "stalled: messages before those that came are missing (expired, unreadable, or lost by Kafka): run "
                    + "`userload push --resend` with its file, where it was pushed",
            ])
    }

    @Test func otherProducers() {
        let age = FieldError(field: "age", code: "not_an_integer", message: "is not a whole number")
        let errors = JobErrors(
            rejects: 1,
            codes: [
                JobErrors.Code(
                    code: age.code, count: 1,
                    first: [
                        JobErrors.Example(
                            line: 0, partition: 3, kafkaOffset: 17, error: age, form: .json,
                            bytes: Array(#"{"name":"Bo","age":"x"}"#.utf8))
                    ])
            ])
        let job = sampleJob(
            id: .foreign, state: .processing, file: nil, size: nil, host: nil, lines: 5, inserted: 4, duplicates: 0,
            rejected: 1, percent: nil, pushedAt: nil, completedAt: nil, format: nil, options: nil)
        #expect(
            report(job, errors, showsValues: true) == [
                "other producers  -  processing, 1 reject",
                "at least 5 messages = 4 inserted + 0 updated + 0 duplicates + 1 rejected",
                "  1 not_an_integer",
                #"    partition 3, offset 17  age "x" is not a whole number"#,
                "to see them all: `userload rejects -`",
                "to correct them: `userload rejects - -o fix.jsonl`, edit it, `userload load fix.jsonl`",
            ])
    }

    @Test func whatComesFromOutsideIsEscaped() {
        let job = sampleJob(label: "\u{202E}x", file: "/tmp/\u{1B}[2J.csv", host: "h\n", duplicates: 0, rejected: 0)
        #expect(
            report(job).prefix(2) == [
                "\\x1B[2J.csv  112 MB  4x7k2m9q  completed",
                "pushed 2026-11-23 02:00 by h\\n (7 h ago), label \\u{202E}x, in the database 02:01",
            ])
    }

    @Test func json() {
        let job = sampleJob(
            label: "nightly", conclusion: #"CSV, UTF-8, ";": "Name" → name, age"#,
            firstRejects: [reject(line: 17, FieldError(field: "age", code: "missing", message: "is missing"))])
        let listed = """
            {"slug": "4x7k2m9q", "label": "nightly", "file": "/data/people.csv", "size": 112000000, \
            "host": "etl1", "conclusion": "CSV, UTF-8, \\";\\": \\"Name\\" → name, age", \
            "state": "completed", "lines": 1000000, "inserted": 10000, "updated": 0, \
            "duplicates": 989488, "rejected": 512, "fixed": 0, "percent": 100, "pushed_at": "2026-11-23T02:00:00Z", \
            "completed_at": "2026-11-23T02:01:00Z", "rejects": [{"line": 17, "errors": [{"field": "age", \
            "code": "missing", "message": "is missing"}]}]
            """
        #expect(statusDocument(job).text == listed + "}")
        let email = FieldError(field: "email", code: "invalid_email", message: "has no @")
        let errors = JobErrors(
            rejects: 512,
            codes: [
                JobErrors.Code(
                    code: email.code, count: 512,
                    first: [
                        JobErrors.Example(
                            line: 17, error: email, form: .json, bytes: Array(#"{"email":"\u001bx"}"#.utf8))
                    ])
            ])
        let first = #""line": 17, "field": "email", "message": "has no @""#
        func rest(_ value: String) -> String {
            #", "rejects_examined": 512, "errors": [{"code": "invalid_email", "count": 512, "first": [{"# + first
                + value
                + "}]}]}"
        }
        #expect(statusDocument(job, errors: errors).text == listed + rest(""))
        #expect(
            statusDocument(job, errors: errors, showsValues: true).text == listed + rest(#", "value": "\u001bx""#))
        #expect(
            statusDocument(job, errors: JobErrors()).text == listed + #", "rejects_examined": 0, "errors": []}"#)
    }
}
