// The words of a push, letter by letter.

import Files
import Foundation
import Pipeline
import Records
import Testing

@testable import userload

@Suite struct PushLinesTests {
    private let times = Times(now: Date(timeIntervalSince1970: 1_795_000_000), zone: TimeZone(identifier: "UTC")!)
    private let job = JobID(high: 0x1234_5678_9ABC_DEF0, low: 42)

    private func lines(_ files: String...) -> PushLines {
        PushLines(files: files, command: "userload push a.csv", times: times)
    }

    private func outcome(_ input: String, _ result: PushOutcome.Result, job: JobID? = nil) -> PushOutcome {
        var outcome = PushOutcome(input: input, result: result)
        outcome.job = job
        return outcome
    }

    @Test func aPushedFile() {
        var pushed = outcome("a.csv", .pushed, job: job)
        pushed.records = 120_000
        pushed.bytes = 14_200_000
        pushed.duration = .milliseconds(412)
        #expect(lines("a.csv").summary(pushed) == "a.csv  \(job.slug)  120,000 records, 14.2 MB, 0.4 s")
        pushed.rejects = 512
        #expect(
            lines("a.csv").summary(pushed)
                == "a.csv  \(job.slug)  120,000 records, 14.2 MB, 0.4 s; 512 will be rejected")
        pushed.duration = .seconds(187)
        pushed.rejects = 0
        pushed.spared = 3
        #expect(
            lines("a.csv").summary(pushed)
                == "a.csv  \(job.slug)  120,000 records, 14.2 MB, 3 min 7 s; "
                + "in 3 records an invalid field stays in additional_info")
    }

    /// Nothing of it in `load`, whose status tells it.
    @Test func whatIsWrongWithAPushedFile() {
        var pushed = outcome("a.csv", .pushed, job: job)
        pushed.form = .csv
        #expect(lines("a.csv").errors(pushed).isEmpty)
        pushed.rejects = 5
        let age = FieldError(field: "age", code: "not_an_integer", message: "is not a whole number")
        let row = FieldError(field: "", code: "ragged_row", message: "the row has 1 cell, the header 2")
        let name = FieldError(field: "name", code: "missing", message: "is missing")
        pushed.errors = [
            ErrorTally.Errors(
                code: age.code, count: 1_004,
                examples: [
                    ErrorTally.Example(line: 9, error: age, value: Array("ab\u{1B}\u{FF}".utf8.dropLast())),
                    ErrorTally.Example(line: 1_200, error: age, value: nil),
                ]),
            ErrorTally.Errors(
                code: row.code, count: 1,
                examples: [ErrorTally.Example(line: 7, error: row, value: Array("Gi".utf8))]),
            ErrorTally.Errors(
                code: name.code, count: 1, examples: [ErrorTally.Example(line: 8, error: name, value: nil)]),
        ]
        var options = PushOptions()
        func errors() -> [String] {
            PushLines(files: ["a.csv"], command: "", options: options, times: utc).errors(pushed)
        }
        let seeing = "to see them all once they are loaded: `userload rejects \(job.slug)`"
        let correcting = "to correct them: `userload rejects \(job.slug) -o fix.csv`, edit it, "
        #expect(
            errors() == [
                "  1,004 not_an_integer",
                "    line 9      age is not a whole number",
                "    line 1,200  age is not a whole number",
                "    and 1,002 more",
                "  1 ragged_row",
                "    line 7  the row has 1 cell, the header 2",
                "  1 missing",
                "    line 8  name is missing",
                seeing, correcting + "`userload load fix.csv`",
            ])
        options.showsValues = true
        options.input.encoding = "windows-1252"
        options.input.skipLines = 2
        options.input.delimiter = UInt8(ascii: ";")
        options.input.map = [FieldSource(field: "age", source: "Alter heute")]
        options.limits.maxRejects = .count(9)
        #expect(errors()[1] == #"    line 9      age "ab\x1B\xC3" is not a whole number"#)
        #expect(errors()[5] == #"    line 7  the row has 1 cell, the header 2: "Gi""#)
        #expect(errors()[9] == correcting + "`userload load fix.csv`")
        for form in [Form.array, .objects, .jsonl] {
            pushed.form = form
            #expect(errors()[9].contains("-o fix.jsonl`"))
        }
        options.onDuplicate = .update
        options.input.lenient = true
        #expect(errors()[9].hasSuffix("`userload load --lenient --on-duplicate update fix.jsonl`"))
        pushed.result = .failed(.interrupted)
        #expect(errors().isEmpty)
    }

    @Test func theWayOut() {
        var limits = RecordLimits()
        func wayOut(_ file: String, _ wayOut: WayOut?) -> String? {
            var options = PushOptions()
            options.limits = limits
            return PushLines(
                files: [file], command: "", subcommand: "load", others: ["--label", "it's"], options: options,
                times: Times(now: Date(timeIntervalSince1970: 0))
            ).wayOut(outcome(file, .failed(.refused("x", wayOut: wayOut))))
        }
        let dates = WayOut(options: ["--age-from", "Date of birth", "--as-of", "2026-11-24"])
        #expect(
            wayOut("my people.csv", dates)
                == #"userload load --age-from 'Date of birth' --as-of 2026-11-24 --label 'it'\''s' 'my people.csv'"#)
        #expect(wayOut("-", WayOut(options: [])) == #"… | userload load --label 'it'\''s' -"#)
        #expect(wayOut("-x.csv", WayOut(options: [])) == #"userload load --label 'it'\''s' ./-x.csv"#)
        #expect(
            wayOut("a.json", WayOut(programs: [Unpacker(["jq", "-c", ".data[]"])], options: ["--lenient"]))
                == #"jq -c '.data[]' a.json | userload load --lenient --label 'it'\''s' -"#)
        let unpack = WayOut(
            programs: [Unpacker(["unzip", "-p"], stream: ["funzip"]), Unpacker(["xz", "-dc"])], options: [])
        #expect(
            wayOut("-my people.zip", unpack)
                == #"unzip -p './-my people.zip' | xz -dc | userload load --label 'it'\''s' -"#)
        #expect(wayOut("-", unpack) == #"… | funzip | xz -dc | userload load --label 'it'\''s' -"#)
        #expect(wayOut("a.csv", nil) == nil)
        // Limits need a file.
        limits.maxRejects = .percent(0.5)
        limits.minRecords = 3
        let words = #"--max-rejects 0.5% --min-records 3 --label 'it'\''s'"#
        #expect(wayOut("a.csv", WayOut(options: ["--lenient"])) == "userload load --lenient \(words) a.csv")
        #expect(
            wayOut("a.zip", unpack) == "unzip -p a.zip | xz -dc > unpacked && userload load \(words) unpacked")
    }

    @Test func columns() {
        let refused = outcome("b.csv", .failed(.refused("no column age (line 1: name, alter, email)")))
        #expect(
            lines("b.csv", "long name.csv").summary(refused)
                == "b.csv          -         refused: no column age (line 1: name, alter, email); nothing sent")
    }

    @Test func alreadyPushed() {
        let date = Date(timeIntervalSince1970: 1_795_312_800)
        #expect(
            lines("c.csv").summary(outcome("c.csv", .alreadyPushed(date, expired: false), job: job))
                == "c.csv  \(job.slug)  already pushed on 2026-11-22 02:00; nothing sent (--again loads it once more)")
        #expect(
            lines("c.csv").summary(outcome("c.csv", .alreadyPushed(date, expired: true), job: job))
                == "c.csv  \(job.slug)  already pushed on 2026-11-22 02:00, and expired from the topic since; "
                + "nothing sent (--resend sends it once more)")
    }

    @Test(arguments: [
        (
            PipelineError.interrupted, true,
            "interrupted; nothing is lost: 61,000 records acknowledged; to resume: userload push a.csv"
        ),
        (
            .interrupted, false,
            "interrupted; 61,000 records acknowledged; a stream cannot be resumed: push it again as a new job"
        ),
        (
            .kafka("no acknowledgement for 5 minutes"), true,
            "not pushed: no acknowledgement for 5 minutes; nothing is lost: 61,000 records acknowledged; to resume: userload push a.csv"
        ),
        (.broken("changed while it was read"), true, "not pushed: changed while it was read"),
        (.lost("the topic is gone"), false, "not pushed: the topic is gone"),
        (.configuration("topic users is compacted"), true, "not pushed: topic users is compacted"),
    ])
    func failures(failure: PipelineError, isResumable: Bool, words: String) {
        var failed = outcome("a.csv", .failed(failure), job: job)
        failed.acknowledged = 61_000
        failed.isResumable = isResumable
        #expect(lines("a.csv").summary(failed) == "a.csv  \(job.slug)  \(words)")
    }

    /// A command with a thousand files is not printed a thousand times.
    @Test func ofSeveralFilesTheCommandIsSaidOnce() {
        let lines = lines("a.csv", "b.csv")
        var begun = outcome("a.csv", .failed(.interrupted), job: job)
        begun.acknowledged = 7
        let words = "interrupted; nothing is lost: 7 records acknowledged"
        #expect(lines.summary(begun) == "a.csv  \(job.slug)  \(words)")
        let waiting = outcome("b.csv", .failed(.interrupted))
        #expect(lines.summary(waiting) == "b.csv  -         interrupted; nothing sent")
        let command = "the same command resumes what is not finished: userload push a.csv"
        #expect(lines.continuation(after: begun) == command && lines.continuation(after: waiting) == command)
        #expect(lines.continuation(after: outcome("a.csv", .pushed, job: job)) == nil)
        #expect(lines.continuation(after: outcome("a.csv", .failed(.refused("is empty")))) == nil)
        #expect(self.lines("a.csv").continuation(after: begun) == nil)
    }

    @Test func nothingWasSent() {
        #expect(
            lines("a.csv").summary(outcome("a.csv", .failed(.kafka("Kafka did not answer for 5 minutes"))))
                == "a.csv  -         not pushed: Kafka did not answer for 5 minutes; "
                + "nothing sent; to try again: userload push a.csv")
    }

    @Test func progress() {
        func line(
            _ phase: PushProgress.Phase, _ bytes: UInt64, of size: UInt64?, target: UInt64 = 0, records: UInt64 = 0
        ) -> String {
            PushLines.progress(
                PushProgress(
                    input: "a.csv", phase: phase, bytes: bytes, size: size, target: target, records: records,
                    elapsed: .seconds(2)))
        }
        #expect(line(.checking, 31, of: 100) == "a.csv: checking 31 %")
        #expect(line(.skipping, 31, of: 100, target: 60) == "a.csv: skipping to 60 % (already in Kafka)")
        #expect(
            line(.sending, 50, of: 100, records: 620_000) == "a.csv: sending 50 %; 620,000 records, 310,000/s, ETA 2 s")
        #expect(line(.sending, 0, of: 100, records: 0) == "a.csv: sending 0 %; 0 records")
        #expect(line(.sending, 14_200_000, of: nil, records: 1000) == "a.csv: sending 14.2 MB; 1,000 records, 500/s")
        #expect(line(.sending, 999, of: 1000, records: 2).hasPrefix("a.csv: sending 99 %; 2 records"))
    }

    @Test func theCommandAsTyped() {
        #expect(
            PushLines.typed(["push", "--label", "it's", "a b.csv", "x.csv"])
                == #"userload push --label 'it'\''s' 'a b.csv' x.csv"#)
    }

    @Test(arguments: [
        (PushOutcome.Result.pushed, ExitCode.done), (.alreadyPushed(Date(), expired: true), .done),
        (.failed(.refused("")), .input), (.failed(.broken("")), .input), (.failed(.kafka("")), .kafka),
        (.failed(.lost("")), .kafka), (.failed(.configuration("")), .configuration),
        (.failed(.interrupted), .interrupted),
    ])
    func exitCodes(result: PushOutcome.Result, code: ExitCode) {
        #expect(PushOutcome(input: "a.csv", result: result).exitCode == code)
    }
}
