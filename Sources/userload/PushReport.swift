// What a push says while it runs: slugs on standard output, one summary line a file and the progress line on standard
// error.

import CommandLineOptions
import Log
import Pipeline
import Records

/// On the thread that pushes.
final class PushReport {
    private let context: Context
    private let isQuiet: Bool
    private let printsSlugs: Bool
    private let lines: PushLines
    private var hasPrintedSlug = false

    /// - Parameter printsSlugs: false where standard output is for something else.
    init(files: [String], _ arguments: ParsedArguments, _ context: Context, printsSlugs: Bool = true) {
        self.context = context
        self.printsSlugs = printsSlugs
        isQuiet = arguments[Options.quiet]
        lines = PushLines(
            files: files, command: PushLines.typed(CommandLine.arguments), times: Times(now: context.now()))
    }

    func tell(_ event: PushEvent) {
        switch event {
        case .notice(let sentence, true): context.logger.warning(sentence)
        case .notice(let sentence, false): context.logger.info(sentence)
        case .started(let job): printSlug(job.slug)
        case .progress(let progress):
            if !isQuiet { context.screen.progress(PushLines.progress(progress)) }
        }
    }

    /// The end of a file.
    func tell(_ outcome: PushOutcome) {
        context.screen.progress("")
        if !hasPrintedSlug { printSlug("-") }
        hasPrintedSlug = false
        let line = lines.summary(outcome)
        let needsPerson = outcome.exitCode != .done || outcome.rejects > 0
        guard needsPerson || !isQuiet else { return }
        if context.logger.format == .json {
            context.logger.log(outcome.exitCode == .done ? .info : .error, line)
        } else {
            context.screen.line(escaped(line))
        }
        guard let remedy = lines.remedy(outcome) else { return }
        if context.logger.format == .json {
            context.logger.log(.info, remedy)
        } else {
            context.screen.line(escaped(remedy))
        }
    }

    /// At once: whoever reads it may follow the job while the rest is sent.
    private func printSlug(_ slug: String) {
        hasPrintedSlug = true
        guard printsSlugs else { return }
        do {
            try context.output.line(slug)
            try context.output.flush()
        } catch OutputError.failed(let message) {
            context.logger.warning(message)
        } catch {
            // The reader has gone; the push goes on.
        }
    }
}

extension PushOutcome {
    /// Rejects do not count: their fate is the worker's.
    var exitCode: ExitCode {
        switch result {
        case .pushed, .alreadyPushed: .done
        case .failed(let error): error.kind.exitCode
        }
    }
}
