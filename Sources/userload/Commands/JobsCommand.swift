// `userload jobs`: one line per job.

import CommandLineOptions
import Foundation
import Log
import Pipeline

extension Command {
    private static let since = Option.duration(
        "since", in: .seconds(1)...(.seconds(3660 * 86_400)), help: "Only jobs with activity in the last TIME.")
    private static let label = Option.text("label", "NAME", help: "Only jobs with exactly this label.")
    private static let state = Option<JobState>.choice("state", "STATE", help: "Only jobs in this state.")
    private static let failed = Flag(
        "failed", help: "Only jobs that need attention: stalled, inconsistent, interrupted, or with rejects.")

    static let jobs = Command(
        CommandDescription(
            "jobs", summary: "list jobs, the latest push first",
            discussion: [
                "On a narrow terminal the label, the lines, the time and the rejects are left out, in this order, before a "
                    + "file's name is cut."
            ],
            options: [since, label, state, failed, Options.json] + Options.postgres + Options.logging,
            examples: [
                Example("userload jobs --since 24h", "The jobs of the last day."),
                Example("userload jobs --label nightly --failed", "What is wrong with a series."),
                Example("userload jobs --json | jq -r 'select(.state != \"completed\") | .slug'", "For scripts."),
            ])
    ) { arguments, context in
        let session = try context.openDatabase(arguments)
        let listed = try session.jobs.jobs(
            since: arguments[since].map { $0 / .seconds(1) }, label: arguments[label])
        let jobs = context.knowingInterrupted(listed).filter { job in
            (arguments[state].map { $0 == job.state } ?? true) && (!arguments[failed] || job.hasFailed)
        }
        let code = context.tellDamaged(session.jobs.damaged.jobs)
        if arguments[Options.json] {
            for job in jobs { try context.output.line(statusDocument(job).text) }
        } else if jobs.isEmpty {
            guard code == .done else { return code }
            let isFiltered = arguments[label] != nil || arguments[state] != nil || arguments[failed]
            context.logger.info("no \(isFiltered ? "such jobs" : "jobs") in \(session.connection.place)")
        } else {
            let times = Times(now: context.now())
            for line in jobTable(jobs, times, width: context.output.width) { try context.output.line(line) }
        }
        return code
    }
}

extension JobStatus {
    /// A person has to do something about it.
    var hasFailed: Bool {
        switch state {
        case .stalled, .inconsistent, .interrupted: true
        case .completed: unfixed > 0
        default: false
        }
    }
}

/// With a row of titles; escaped.
/// - Parameter width: of the screen, nil: any. Where it is too narrow, the columns go that matter least, then the end of the
///   lines.
func jobTable(_ jobs: [JobStatus], _ times: Times, width: Int? = nil) -> [String] {
    var titles = ["SLUG", "STATE", "LINES", "REJECTED", "PUSHED", "LABEL", "FILE"]
    var alignments: [Alignment] = [.left, .left, .right, .right, .left, .left, .left]
    var rows = jobs.map { job in
        [
            job.slug, job.state.rawValue + (job.state == .processing ? job.percent.map { " \($0) %" } ?? "" : ""),
            grouped(job.lines), grouped(job.rejected) + fixedSince(job.fixed), job.pushedAt.map(times.dayAndTime) ?? "",
            escaped(job.label ?? ""), escaped(StatusReport(job: job, times: times).name),
        ]
    }
    for title in ["LABEL", "LINES", "PUSHED", "REJECTED"] {
        let needed = columnWidths([titles] + rows).reduce(0, +) + 2 * (titles.count - 1)
        guard let width, needed > width, let column = titles.firstIndex(of: title) else { break }
        titles.remove(at: column)
        alignments.remove(at: column)
        for row in rows.indices { rows[row].remove(at: column) }
    }
    return aligned([titles] + rows, alignments).map { line in width.map { truncated(line, to: $0) } ?? line }
}
