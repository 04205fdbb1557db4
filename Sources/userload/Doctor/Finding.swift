// One line of `doctor`: what was looked at, how it is, and what to do about it.

import CommandLineOptions
import Log

struct Finding: Equatable {
    enum Verdict: String {
        case ok
        case warn
        case fail
        /// It cannot be asked, or an earlier answer is missing.
        case notTested = "not tested"
    }

    let verdict: Verdict
    /// One or two words.
    let name: String
    /// Without a full stop; escaped when it is written.
    let text: String
    /// What to do: a sentence, or a command to paste.
    let remedy: String?

    static func ok(_ name: String, _ text: String) -> Finding {
        Finding(verdict: .ok, name: name, text: text, remedy: nil)
    }
    static func warn(_ name: String, _ text: String, _ remedy: String) -> Finding {
        Finding(verdict: .warn, name: name, text: text, remedy: remedy)
    }
    static func fail(_ name: String, _ text: String, _ remedy: String) -> Finding {
        Finding(verdict: .fail, name: name, text: text, remedy: remedy)
    }
    static func notTested(_ name: String, _ text: String) -> Finding {
        Finding(verdict: .notTested, name: name, text: text, remedy: nil)
    }
}

/// All findings as lines, remedies under what they are for; the last line counts. Escaped.
/// - Parameter troubleOnly: what is well, or was not tested, is left out.
func doctorReport(_ findings: [Finding], troubleOnly: Bool = false) -> [String] {
    let shown = findings.filter { !troubleOnly || $0.verdict == .warn || $0.verdict == .fail }
    let rows = aligned(shown.map { [$0.verdict.rawValue, escaped($0.name), escaped($0.text)] })
    let indent = String(repeating: " ", count: (columnWidths(shown.map { [$0.verdict.rawValue] }).first ?? 0) + 2)
    var lines: [String] = []
    for (finding, row) in zip(shown, rows) {
        lines.append(row)
        if let remedy = finding.remedy { lines.append(indent + "→ " + escaped(remedy)) }
    }
    if !troubleOnly { lines.append(doctorSummary(findings)) }
    return lines
}

/// `12 ok, 1 warning, 2 failures, 3 not tested`
func doctorSummary(_ findings: [Finding]) -> String {
    func count(_ verdict: Finding.Verdict) -> Int { findings.count { $0.verdict == verdict } }
    var parts = ["\(count(.ok)) ok"]
    if count(.warn) > 0 { parts.append(counted(count(.warn), "warning")) }
    if count(.fail) > 0 { parts.append(counted(count(.fail), "failure")) }
    if count(.notTested) > 0 { parts.append("\(count(.notTested)) not tested") }
    return parts.joined(separator: ", ")
}

func doctorDocument(_ findings: [Finding]) -> JSONValue {
    let list = findings.map { finding in
        JSONValue.object([
            ("verdict", .string(finding.verdict.rawValue)), ("name", .string(finding.name)),
            ("text", .string(finding.text)), ("remedy", JSONValue(finding.remedy)),
        ])
    }
    func count(_ verdict: Finding.Verdict) -> JSONValue { .integer(Int64(findings.count { $0.verdict == verdict })) }
    return .object([
        ("ok", count(.ok)), ("warnings", count(.warn)), ("failures", count(.fail)),
        ("not_tested", count(.notTested)), ("findings", .list(list)),
    ])
}
