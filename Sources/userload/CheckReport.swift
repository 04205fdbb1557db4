// What `check` says of a file: a pure function of what was found.

import CommandLineOptions
import Log
import Pipeline
import Records

struct CheckReport {
    let outcome: CheckOutcome
    /// The words of what a suggested command keeps.
    var limits: [String] = []

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
            for errors in tally.errors { lines += ErrorGroup(errors).lines(showsValues: true) }
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
        return [line, "  in \(counted(tally.spared, "record")) an invalid field stays in additional_info"]
    }

    private var wayOut: String? { outcome.error?.wayOut?.text(outcome.file, "check", limits: limits) }

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
            ("errors", .list(outcome.tally?.errors.map { ErrorGroup($0).document(showsValues: true) } ?? [])),
            ("ages", outcome.tally.map { statsDocument(AgeGroup.groups(of: $0.ages)) } ?? .null),
        ])
    }

    private func number(_ value: UInt64?) -> JSONValue { value.map { .integer(Int64(clamping: $0)) } ?? .null }
}
