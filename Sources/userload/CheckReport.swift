// What `check` says of a file: a pure function of what was found.

import CommandLineOptions
import Log
import Pipeline
import Records

struct CheckReport {
    let outcome: CheckOutcome
    /// Values are of people: not for a log or a mail.
    let showsValues: Bool

    var exitCode: ExitCode {
        if let error = outcome.error { return error.kind.exitCode }
        return outcome.tally.map { $0.rejects > 0 } ?? false ? .doneWithRejects : .done
    }

    /// Everything from outside is escaped.
    var lines: [String] {
        var lines = [outcome.file + (outcome.conclusion.map { "  " + $0 } ?? "")]
        lines += outcome.notices.map { "  " + $0 }
        if let tally = outcome.tally { lines += Self.counts(tally) }
        if let error = outcome.error { lines.append("  refused: \(error.message)") }
        if let tally = outcome.tally {
            for errors in tally.errors { lines += self.lines(errors) }
            if tally.records > tally.rejects {
                lines += statsReport(AgeGroup.groups(of: tally.ages)).map { "  " + $0 }
            }
        }
        if let command = wayOut { lines.append("try: \(command)") }
        return lines.map(escaped)
    }

    private static func counts(_ tally: RecordTally) -> [String] {
        var line = "  " + counted(tally.records, "record")
        if tally.rejects > 0 {
            line += ": \(grouped(tally.records - tally.rejects)) valid, \(grouped(tally.rejects)) would be rejected"
        }
        guard tally.spared > 0 else { return [line] }
        return [line, "  of \(counted(tally.spared, "record")) an invalid field stays in additional_info"]
    }

    /// `  512 not_an_integer`, and under it `    line 9  age "abc": not an integer`.
    private func lines(_ errors: RecordTally.Errors) -> [String] {
        let rows = errors.examples.map { example in
            ["    line " + grouped(example.line), words(example)]
        }
        let others = errors.count - UInt64(errors.examples.count)
        return ["  \(grouped(errors.count)) \(errors.code)"] + aligned(rows)
            + (others > 0 ? ["    and \(grouped(others)) more"] : [])
    }

    private func words(_ example: RecordTally.Example) -> String {
        let value = showsValues ? example.value.map { "\"\(escaped(bytes: $0))\"" } : nil
        let field = example.error.field.isEmpty ? nil : example.error.field
        let subject = [field, value].compactMap { $0 }.joined(separator: " ")
        return subject.isEmpty ? example.error.message : "\(subject): \(example.error.message)"
    }

    private var wayOut: String? { outcome.error?.wayOut?.text(outcome.file, "check") }

    /// The keys that scripts rely on. Adding one is fine, renaming one is not.
    var document: JSONValue {
        .object([
            ("file", .string(outcome.file)),
            ("conclusion", JSONValue(outcome.conclusion)),
            ("notices", .list(outcome.notices.map(JSONValue.string))),
            ("refused", JSONValue(outcome.error?.message)),
            ("try", JSONValue(wayOut)),
            ("records", number(outcome.tally?.records)),
            ("rejected", number(outcome.tally?.rejects)),
            ("invalid_fields_kept", number(outcome.tally?.spared)),
            ("errors", .list(outcome.tally?.errors.map(document) ?? [])),
            ("ages", outcome.tally.map { statsDocument(AgeGroup.groups(of: $0.ages)) } ?? .null),
        ])
    }

    private func document(_ errors: RecordTally.Errors) -> JSONValue {
        let examples = errors.examples.map { example in
            var members: [(String, JSONValue)] = [
                ("line", number(example.line)), ("field", .string(example.error.field)),
                ("message", .string(example.error.message)),
            ]
            if showsValues {
                members.append(("value", JSONValue(example.value.map { String(decoding: $0, as: UTF8.self) })))
            }
            return JSONValue.object(members)
        }
        return .object([
            ("code", .string(errors.code)), ("count", number(errors.count)), ("first", .list(examples)),
        ])
    }

    private func number(_ value: UInt64?) -> JSONValue { value.map { .integer(Int64(clamping: $0)) } ?? .null }
}
