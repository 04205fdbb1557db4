// `userload status`: what became of jobs, by slug, label or file.

import CommandLineOptions
import Log
import Pipeline
import Postgres

extension Command {
    private static let wait = Flag("wait", help: "Wait until the jobs have ended; the exit code then tells how.")
    private static let timeout = Option.duration(
        "timeout", in: .seconds(1)...(.seconds(366 * 86_400)), help: "With --wait: give up after this long, exit 3.")

    static let status = Command(
        CommandDescription(
            "status", summary: "tell what became of pushed files",
            discussion: [
                "A slug (or the first six characters of an id or more), a label (its latest job), or a file (anything "
                    + "with a / or that exists): then its content is looked up. States: pending, processing, stalled, "
                    + "inconsistent, completed, abandoned.",
                "With --wait the exit code is 0 done, 1 done with rejects, 3 not complete; without, 0 whenever it "
                    + "could answer. --json prints an object a job, a line each.",
            ],
            operands: Operands("SLUG|LABEL|FILE", 1...Int.max, completion: .files),
            options: [wait, timeout, Options.json] + Options.postgres + Options.logging,
            examples: [
                Example("userload status 4x7k2m9q", "The job that push called so."),
                Example("userload status --wait --timeout 1h nightly", "The latest job of a label, for a script."),
                Example("userload status ./users.csv", "Is this file in?"),
            ])
    ) { arguments, context in
        let session = try context.openDatabase(arguments)
        let finder = JobFinder(session: session, context: context)
        var found = try arguments.operands.map { try finder.find($0) }
        var code = ExitCode.done
        if arguments[wait] {
            session.connection.close()
            let jobs = found.flatMap(\.waitedFor)
            let followed = try context.follow(
                jobs, ends: finder.ends(of: jobs), arguments, timeout: arguments[timeout])
            if let timeout = arguments[timeout], followed.end == .timedOut {
                context.logger.error("not complete after \(spelled(timeout))")
            }
            found = found.map { $0.refreshed(followed.jobs) }
            code = followed.exitCode
        }
        try context.printStatus(found, json: arguments[Options.json])
        return max(code, found.contains(where: \.isNothing) ? .noSuchJob : .done)
    }
}

extension Context {
    /// Writes what was found, as text or JSON lines; what was not found goes to the log.
    func printStatus(_ answers: [JobFinder.Answer], json: Bool = false) throws {
        var isFirst = true
        let times = Times(now: now())
        for answer in answers {
            if case .nothing(let failure) = answer {
                logger.error(failure.message, hint: failure.hint)
                continue
            }
            if json {
                for document in answer.documents { try output.line(document.text) }
                continue
            }
            for lines in answer.reports(times) {
                if !isFirst { try output.line() }
                isFirst = false
                for line in lines { try output.line(line) }
            }
        }
    }

    /// The same of jobs that were loaded.
    func printStatus(of jobs: [JobStatus]) throws { try printStatus(jobs.map { .job($0, others: []) }) }
}
