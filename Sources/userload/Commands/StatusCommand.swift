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

    static let status = Command(
        CommandDescription(
            "status", summary: "show the state of pushed files",
            discussion: [
                "Takes a slug (or the first six or more characters of an id), a label (which stands for its latest "
                    + "job), or a file (anything that has a / or exists), which is looked up by its content. States: "
                    + "pending, processing, stalled, inconsistent, completed, abandoned, undone.",
                "What is wrong with rejects is told by code, the most frequent first.",
                "With --wait the exit code is 0 for done, 1 for done with rejects, 3 for not complete; without it, 0 if "
                    + "the state could be read. --json prints one JSON object per job, each on its own line.",
            ],
            operands: Operands("SLUG|LABEL|FILE", 1...Int.max, completion: .files),
            options: [wait, timeout, Options.showValues, Options.json] + Options.postgres + Options.logging,
            examples: [
                Example("userload status 4x7k2m9q", "The job with this slug."),
                Example("userload status --wait --timeout 1h nightly", "The latest job of a label, for a script."),
                Example("userload status ./users.csv", "Has this file been loaded?"),
            ])
    ) { arguments, context in
        let session = try context.openDatabase(arguments)
        let finder = JobFinder(session: session, context: context)
        var found = try arguments.operands.map { try finder.find($0) }
        var code = ExitCode.done
        let errors: [JobID: JobErrors]
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
            errors = followed.errors
        } else {
            errors = try session.errors(of: found.flatMap(\.jobs))
        }
        try context.printStatus(
            found, errors, showsValues: arguments[Options.showValues], json: arguments[Options.json])
        return max(code, found.contains(where: \.isNothing) ? .noSuchJob : .done)
    }
}

extension Context {
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
