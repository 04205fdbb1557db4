// `userload status`: the state of jobs, by slug, label or file.

import CommandLineOptions
import Log
import Pipeline
import Records
import Postgres

extension Command {
    private static let wait = Flag("wait", help: "Wait until the jobs have ended; the exit code then tells how.")
    private static let timeout = Option.duration(
        "timeout", in: .seconds(1)...(.seconds(366 * 86_400)),
        help: "With --wait: give up after this long, with exit code 3.")

    private static let maxAge = Option.duration(
        "max-age", in: .seconds(1)...(.seconds(3660 * 86_400)),
        help:
            "Say in one line when a label's newest completed run, or a file's newest completed push, was; exit code 3 if "
            + "that is longer ago than TIME, or never.")
    private static let host = Option.text("host", "HOST", help: "Of a label, only the runs of this host.")

    static let status = Command(
        CommandDescription(
            "status", summary: "show the state of pushed files",
            discussion: [
                "Takes a slug (or the first six or more characters of an id), a label (which stands for its latest "
                    + "run on each host), or a file (anything that has a / or exists), which is looked up by its content. States: "
                    + "pending, processing, interrupted, stalled, inconsistent, completed, abandoned, undone.",
                "A run is one push or load command. It is complete when each of its files has a job and all of these are "
                    + "completed; fewer jobs than files is exit code 3. Of several hosts the worst one counts.",
                "Rejects are listed by code, the most frequent first.",
                "With --wait the exit code is 0 for done, 1 for done with rejects, 3 for not complete; without it, 0 if "
                    + "the state could be read. A database without tables is waited for, too: work makes them. --json "
                    + "prints one JSON object per job, each on its own line.",
            ],
            operands: Operands("SLUG|LABEL|FILE", 1...Int.max, completion: .files),
            options: [wait, timeout, maxAge, host, Options.showValues, Options.json] + Options.postgres
                + Options.logging,
            examples: [
                Example("userload status 4x7k2m9q", "The job with this slug."),
                Example("userload status --wait --timeout 1h nightly", "The latest run of a label, for a script."),
                Example("userload status --quiet --max-age 26h nightly", "From cron: says so if it did not run."),
                Example("userload status ./users.csv", "Has this file been loaded?"),
            ])
    ) { arguments, context in
        let start = ContinuousClock.now
        let opened =
            arguments[wait]
            ? try context.openDatabaseOnceMade(arguments, timeout: arguments[timeout])
            : try context.openDatabase(arguments)
        guard let session = opened else {
            if context.interrupt.isSet { return .interrupted }
            if let timeout = arguments[timeout] { context.logger.error("not complete after \(spelled(timeout))") }
            return .incomplete
        }
        let finder = JobFinder(session: session, context: context, host: arguments[host])
        if let limit = arguments[maxAge] {
            guard !arguments[wait], !arguments[Options.json] else {
                throw Failure(.usage, "--max-age prints one line: it cannot be combined with --wait or --json")
            }
            let code = try context.printAges(arguments.operands, finder, limit, isQuiet: arguments[Options.quiet])
            return max(code, context.tellDamaged(session.jobs.damaged.jobs))
        }
        var found = try arguments.operands.map { try finder.find($0) }
        var code = ExitCode.done
        let errors: [JobID: JobErrors]
        if arguments[wait] {
            session.connection.close()
            let jobs = found.flatMap(\.waitedFor)
            let followed = try context.follow(
                jobs, ends: finder.ends(of: jobs), runs: found.flatMap(\.runs), arguments,
                timeout: arguments[timeout].map { max(.zero, $0 - (.now - start)) })
            if let timeout = arguments[timeout], followed.end == .timedOut {
                context.logger.error("not complete after \(spelled(timeout))")
            }
            found = found.map { $0.refreshed(followed.jobs, followed.runs) }
            code = followed.exitCode
            errors = followed.errors
        } else {
            errors = try session.errors(of: found.flatMap(\.jobs))
        }
        if found.contains(where: \.lacksJobs) { code = max(code, .incomplete) }
        try context.printStatus(
            found, errors, showsValues: arguments[Options.showValues], json: arguments[Options.json])
        if code == .incomplete { try context.tellObstacles(found) }
        code = max(code, context.tellDamaged(session.jobs.damaged.jobs))
        return max(code, found.contains(where: \.isNothing) ? .noSuchJob : .done)
    }
}

extension Context {
    /// A line for each name: how old its newest completed run is.
    fileprivate func printAges(
        _ names: [String], _ finder: JobFinder, _ limit: Duration, isQuiet: Bool
    ) throws -> ExitCode {
        var code = ExitCode.done
        for name in names {
            let report = AgeReport(
                name: name, limit: limit, found: try finder.completedRuns(name), times: Times(now: now()))
            if !report.isFresh {
                code = .incomplete
                try output.line(report.line)
            } else if !isQuiet {
                try output.line(report.line)
            }
        }
        return code
    }

    /// Of labels of several hosts: which of these are not complete.
    fileprivate func tellObstacles(_ answers: [JobFinder.Answer]) throws {
        try output.flush()
        let details = StatusDetails(times: Times(now: now()))
        for obstacle in answers.compactMap({ $0.labelReport(details)?.obstacle }) {
            logger.error(obstacle.message, hint: obstacle.hint)
        }
    }

    /// Writes what was found, as text or JSON lines; what was not found goes to the log.
    /// - Parameter showsValues: also where standard output is no terminal.
    func printStatus(
        _ answers: [JobFinder.Answer], _ errors: [JobID: JobErrors], showsValues: Bool, json: Bool = false
    ) throws {
        var isFirst = true
        let details = StatusDetails(
            times: Times(now: now()), errors: errors, showsValues: showsValues || output.isTerminal)
        for answer in answers {
            if case .nothing(let failure) = answer {
                logger.error(failure.message, hint: failure.hint)
                continue
            }
            if json {
                for document in answer.documents(details) { try output.line(document.text) }
                continue
            }
            for lines in answer.reports(details) {
                if !isFirst { try output.line() }
                isFirst = false
                for line in lines { try output.line(line) }
            }
        }
    }
}
