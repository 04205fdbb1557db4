// What a push says while it runs: slugs on standard output, one summary line per file and the progress line on
// standard error.

import CommandLineOptions
import Log
import Pipeline
import Records

/// On the thread that pushes.
final class PushReport {
    private let context: Context
    private let isQuiet: Bool
    private let isLoad: Bool
    private let lines: PushLines
    private var hasPrintedSlug = false
    private var hints: Set<String> = []
    /// Incomplete once a slug could not be written; the push itself is still finished.
    private(set) var exitCode = ExitCode.done

    /// - Parameter isLoad: standard output is for the status, which also tells what is wrong with rejects.
    init(
        files: [String], _ options: PushOptions, _ arguments: ParsedArguments, _ context: Context, isLoad: Bool = false
    ) {
        self.context = context
        self.isLoad = isLoad
        isQuiet = arguments[Options.quiet]
        let words = Array(programArguments.dropFirst())
        lines = PushLines(
            files: files, command: PushLines.typed(words), subcommand: words.first ?? "push",
            others: PushFlags.others(arguments), options: options, times: Times(now: context.now()))
    }

    func tell(_ event: PushEvent) {
        switch event {
        case .notice(let sentence, true): context.logger.warning(sentence)
        case .notice(let sentence, false): context.logger.info(sentence)
        case .concluded(let line):
            guard !isQuiet else { return }
            context.screen.progress("")
            say(line)
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
        let level: LogLevel = outcome.exitCode != .done ? .error : needsPerson ? .warning : .info
        say(line, level)
        if let command = lines.wayOut(outcome) { say("try: \(command)", level) }
        // What stops one file stops the others too: advice is given once.
        var advice = [lines.continuation(after: outcome)]
        if case .failed(let error) = outcome.result { advice.append(error.hint) }
        for case let line? in advice where hints.insert(line).inserted { say(line, level) }
        if !isLoad { for line in lines.errors(outcome) { say(line, level) } }
    }

    private func say(_ line: String, _ level: LogLevel = .info) {
        if context.logger.format == .json {
            context.logger.log(level, String(line.drop { $0 == " " }))
        } else {
            context.screen.line(escaped(line))
        }
    }

    /// Flushed at once, so that the reader can follow the job while the rest is sent.
    private func printSlug(_ slug: String) {
        hasPrintedSlug = true
        guard !isLoad else { return }
        do {
            try context.output.line(slug)
            try context.output.flush()
        } catch {
            // Reported once. A closed pipe is not an error.
            guard exitCode == .done, let failure = failure(for: error) else { return }
            context.logger.error(failure.message, hint: "the push itself continues; `userload jobs` lists its jobs")
            exitCode = failure.code
        }
    }
}

extension PushOutcome {
    /// Rejects do not count: the worker decides about them.
    var exitCode: ExitCode {
        switch result {
        case .pushed, .alreadyPushed: .done
        case .failed(let error): error.kind.exitCode
        }
    }
}
