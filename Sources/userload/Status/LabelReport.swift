// What `status` says of a label: the latest run of each host, those that need a person first, and which hosts keep the label
// from being complete.

import CommandLineOptions
import Log
import Pipeline
import Records

struct LabelReport {
    /// More hosts are only counted: somebody may have made them up.
    static let listed = 20
    /// In one sentence.
    static let named = 5

    /// The newest first.
    private let reports: [RunReport]
    /// How many there are; of the others nothing is known.
    private let hosts: Int
    private let label: String
    private let times: Times

    init(runs: [LabelRun], jobs: [JobStatus], hosts: Int, details: StatusDetails) {
        let known = Dictionary(jobs.map { ($0.id, $0) }) { $1 }
        reports = runs.map { run in
            RunReport(run: run, jobs: run.jobs.compactMap { known[$0] }, details: details)
        }
        self.hosts = hosts
        label = runs.first?.label ?? ""
        times = details.times
    }

    /// Escaped; one list a paragraph.
    var paragraphs: [[String]] {
        let shown = (reports.filter { !$0.isComplete } + reports.filter(\.isComplete)).prefix(Self.listed)
        let rest = hosts - shown.count
        guard rest > 0 else { return shown.flatMap(\.paragraphs) }
        let line =
            "and \(counted(rest, "more host")) \(rest == 1 ? "has a run" : "have runs") of this label: "
            + "`\(command("NAME"))` shows one"
        return shown.flatMap(\.paragraphs) + [[escaped(line)]]
    }

    /// Of several hosts, which ones are in the way, and how to do without them; nil: none is.
    var obstacle: (message: String, hint: String)? {
        let open = reports.filter { !$0.isComplete }
        let unknown = hosts - reports.count
        guard hosts > 1, !open.isEmpty || unknown > 0 else { return nil }
        var parts: [String] = []
        if !open.isEmpty {
            let listed = open.map { "\($0.run.host) (its latest run is of \(when($0.run)))" }
            parts.append("\(label) is not complete because of \(hostList(listed, named: Self.named))")
        }
        if unknown > 0 {
            parts.append(
                "the \(unknown == 1 ? "run" : "runs") of \(counted(unknown, "more host")) of \(label) "
                    + "\(unknown == 1 ? "was" : "were") not looked at")
        }
        let other = reports.first(where: \.isComplete)?.run.host
        return (
            parts.joined(separator: "; "),
            "if such a host is gone, `\(command(other ?? "NAME"))` shows \(other ?? "one host") alone"
        )
    }

    private func when(_ run: LabelRun) -> String { "\(times.dayAndTime(run.sentAt)), \(times.ago(run.sentAt))" }

    private func command(_ host: String) -> String {
        "userload status --host \(shellQuoted(host)) \(shellQuoted(label))"
    }
}

/// The first ones, and how many others there are: `etl1, etl2, and 7 other hosts`.
func hostList(_ hosts: [String], named: Int, separator: String = ", ") -> String {
    let rest = hosts.count - named
    return (hosts.prefix(named) + (rest > 0 ? ["and \(counted(rest, "other host"))"] : [])).joined(separator: separator)
}
