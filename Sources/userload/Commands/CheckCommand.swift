// `userload check`: what push would make of files, without any server.

import CommandLineOptions
import Log
import Pipeline

extension Command {
    static let check = Command(
        CommandDescription(
            "check", summary: "say what push would make of files, without any server",
            discussion: [
                "Reads the files as push does and validates every record: what each file is taken for, how many records "
                    + "are valid, the errors with their first lines and values, and the people by age. Nothing is sent.",
                "The exit code is 0 if all records are valid, 1 if some would be rejected, 5 if a file would be refused. "
                    + "--json prints one JSON object per file, each on its own line.",
            ],
            operands: Operands("FILE", 1...Int.max, completion: .files),
            options: InputOptions.all + [Options.json] + Options.logging,
            examples: [
                Example("userload check users.csv", "What is in it, and what is wrong with it."),
                Example("userload check --max-rejects 1% *.csv && userload load *.csv", "Only if nearly all is valid."),
            ])
    ) { arguments, context in
        var options = try PushFlags.inputOptions(arguments, context)
        options.showsValues = true
        var code = ExitCode.done
        for file in arguments.operands {
            let outcome = CheckOutcome(file, options, interrupt: context.interrupt) { event in
                guard case .progress(let progress) = event, !arguments[Options.quiet] else { return }
                context.screen.progress(PushLines.progress(progress))
            }
            context.screen.progress("")
            if let error = outcome.error, error.kind == .interrupted { throw error }
            let report = CheckReport(outcome: outcome, limits: options.limits.words)
            if arguments[Options.json] {
                try context.output.line(report.document.text)
            } else {
                for line in report.lines { try context.output.line(line) }
            }
            code = max(code, report.exitCode)
        }
        return code
    }
}
