// `userload jobs`: one line per job.

import CommandLineOptions
import Foundation
import Log
import Pipeline

extension Command {
    private static let since = Option.duration(
        "since", in: .seconds(1)...(.seconds(3660 * 86_400)), help: "Only jobs with activity in the last TIME.")

    static let jobs = Command(
        CommandDescription(
            "jobs", summary: "list jobs, the latest push first",
            options: [since, Options.json] + Options.postgres + Options.logging,
            examples: [
                Example("userload jobs --since 24h", "The jobs of the last day."),
                Example("userload jobs --json | jq -r 'select(.state != \"completed\") | .slug'", "For scripts."),
            ])
    ) { arguments, context in
        let session = try context.openDatabase(arguments)
        let jobs = try session.jobs.jobs(since: arguments[since].map { $0 / .seconds(1) })
        if arguments[Options.json] {
            for job in jobs { try context.output.line(statusDocument(job).text) }
        } else if jobs.isEmpty {
            context.logger.info("no jobs in \(session.connection.place)")
        } else {
            let times = Times(now: context.now())
            for line in jobTable(jobs, times) {
                try context.output.line(context.output.width.map { truncated(line, to: $0) } ?? line)
            }
        }
        return .done
    }
}

/// With a row of titles; escaped.
func jobTable(_ jobs: [JobStatus], _ times: Times) -> [String] {
    let titles = ["SLUG", "STATE", "LINES", "REJECTED", "PUSHED", "LABEL", "FILE"]
    let rows = jobs.map { job in
        [
            job.slug, job.state.rawValue + (job.state == .processing ? job.percent.map { " \($0) %" } ?? "" : ""),
            grouped(job.lines), grouped(job.rejected), job.pushedAt.map(times.dayAndTime) ?? "",
            escaped(job.label ?? ""), escaped(StatusReport(job: job, times: times).name),
        ]
    }
    return aligned([titles] + rows, [.left, .left, .right, .right])
}
