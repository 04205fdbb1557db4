// What a push says while it runs: slugs on standard output, one summary line per file and the progress line on
// standard error. With --quiet it is silent until the end, and tells then of the files that need a person.

import CommandLineOptions
import Log
import Pipeline
import Records

/// On the thread that pushes.
final class PushReport {
    private let outer: Context
    /// Its log is held back in a quiet run.
    let context: Context
    private let isLoad: Bool
    private let printsSlugs: Bool
    private var lines: PushLines
    private let timeout: Duration?
    private let journal: Journal?
    /// nil: not a quiet run.
    private let held: HeldLines?
    private var tally: RunTally
    private var hasPrintedSlug = false
    private var hints: Set<String> = []
    /// Rejects that this run tells of, in the journal's terms.
    private var told: [(job: JobID, ends: EndOffsets, rejects: UInt64)] = []
    /// Files whose jobs `load` still has to see in the database.
    private var loading: [Loading] = []
    private struct Loading {
        let file: String
        let job: JobID
        let isNew: Bool
        /// Of how many of its rejects the journal says that a person was told.
        let toldRejects: Int64
        let ends: EndOffsets?
    }

    /// Incomplete once a slug could not be written; the push itself is still finished.
    private(set) var exitCode = ExitCode.done

    /// - Parameter isLoad: standard output is for the status, which also tells what is wrong with rejects.
    init(
        files: [String], _ options: PushOptions, _ arguments: ParsedArguments, _ context: Context, isLoad: Bool = false
    ) {
        self.isLoad = isLoad
        outer = context
        timeout = arguments[RunTimeout.load]
        let isQuiet = arguments[Options.quiet]
        let held = isQuiet ? HeldLines() : nil
        self.held = held
        self.context = held.map(context.holding) ?? context
        printsSlugs = !isLoad && (arguments[PushFlags.print] ?? (isQuiet ? .none : .slug)) == .slug
        tally = RunTally(files: files.count)
        journal = options.stateDirectory.map(Journal.init(directory:))
        let words = Array(programArguments.dropFirst())
        lines = PushLines(
            files: files, command: PushLines.typed(words), subcommand: words.first ?? "push",
            others: PushFlags.others(arguments), options: options, times: Times(now: context.now()))
    }

    var isQuiet: Bool { held != nil }

    func tell(_ event: PushEvent) {
        switch event {
        case .notice(let sentence, true): context.logger.warning(sentence)
        case .fault(let sentence):
            held?.need()
            context.logger.warning(sentence)
        case .notice(let sentence, false): context.logger.info(sentence)
        case .concluded(let line), .waiting(let line):
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
        lines.stoppedWord = context.stoppedWord(timeout)
        let isNews = outcome.exitCode != .done || !isLoad && outcome.rejects > outcome.toldRejects
        note(outcome, isNews: isNews)
        guard isNews || !isQuiet else { return }
        let needsPerson = isNews || outcome.rejects > 0
        let level: LogLevel = outcome.exitCode != .done ? .error : needsPerson ? .warning : .info
        say(lines.summary(outcome), level)
        if let command = lines.wayOut(outcome) { say("try: \(command)", level) }
        // What stops one file stops the others too: advice is given once.
        var advice = [lines.continuation(after: outcome)]
        if case .failed(let error) = outcome.result { advice.append(error.hint) }
        for case let line? in advice where hints.insert(line).inserted { say(line, level) }
        if !isLoad { for line in lines.errors(outcome) { say(line, level) } }
    }

    /// Of `push`: what a quiet run has to say, and then what it has told.
    func conclude() {
        if let held, held.isNeeded {
            if tally.files > 1 { sayFirst(tally.summary("pushed"), tally.trouble > 0 ? .error : .warning) }
            held.release(outer.screen.line)
        }
        for (job, ends, rejects) in told { keep(toldRejects: rejects, of: job, ends) }
    }

    /// Of `load`: the rejects of these jobs were told; a push, which does not ask the database, is to know.
    func keepTold(_ jobs: [JobStatus]) {
        let rejected = Dictionary(jobs.map { ($0.id, $0.rejected) }) { $1 }
        for file in loading {
            guard let count = rejected[file.job], count > file.toldRejects, let ends = file.ends else { continue }
            keep(toldRejects: UInt64(count), of: file.job, ends)
        }
    }

    private func keep(toldRejects count: UInt64, of job: JobID, _ ends: EndOffsets) {
        do throws(JournalError) {
            try journal?.keep(toldRejects: count, of: job, cluster: ends.cluster, topic: ends.topic)
        } catch {
            outer.logger.debug("\(error.message): the next push tells of its rejects once more")
        }
    }

    /// Of a quiet `load`: the summary, what was held back, then the status of the jobs that need a person, once each.
    /// - Parameter jobs: as the database has them; those it was not asked about, or does not know, need a person, too.
    /// - Returns: the exit code of the jobs, and those whose status is to be told.
    func conclude(_ jobs: [JobStatus]) -> (ExitCode, told: [JobStatus]) {
        guard let held else { return (userload.exitCode(of: jobs), jobs) }
        var code = ExitCode.done
        var told: [JobStatus] = []
        let known = Dictionary(jobs.map { ($0.id, $0) }) { $1 }
        for file in loading {
            guard var job = known[file.job] else {
                code = max(code, .incomplete)
                say("\(escaped(file.file))  \(file.job.slug)  in Kafka, but not in the database yet", .error)
                continue
            }
            // By a load, or by a push.
            job.toldRejects = max(job.toldRejects, file.toldRejects)
            let end = job.newsExitCode
            code = max(code, end)
            if end == .done {
                if file.isNew { tally.done += 1 } else { tally.unchanged += 1 }
            } else if !told.contains(where: { $0.id == file.job }) {
                told.append(job)
            }
        }
        guard held.isNeeded || tally.trouble > 0 else { return (code, []) }
        if tally.files > 1 { sayFirst(tally.summary("loaded"), .error) }
        held.release(outer.screen.line)
        return (code, told)
    }

    /// What came of a file, for the summary and for what is told.
    private func note(_ outcome: PushOutcome, isNews: Bool) {
        guard outcome.exitCode == .done, let job = outcome.job else { return }
        let isNew = outcome.result == .pushed
        if isLoad {
            loading.append(
                Loading(
                    file: outcome.input, job: job, isNew: isNew, toldRejects: Int64(clamping: outcome.toldRejects),
                    ends: outcome.ends))
        } else if !isNews {
            if isNew { tally.done += 1 } else { tally.unchanged += 1 }
        } else if let ends = outcome.ends {
            told.append((job, ends, outcome.rejects))
        }
    }

    private func say(_ line: String, _ level: LogLevel = .info) {
        if context.logger.format == .json {
            held?.need()
            context.logger.log(level, String(line.drop { $0 == " " }))
        } else if let held {
            held.add(escaped(line), isNeeded: true)
        } else {
            context.screen.line(escaped(line))
        }
    }

    private func sayFirst(_ line: String, _ level: LogLevel) {
        if outer.logger.format == .json { outer.logger.log(level, line) } else { outer.screen.line(line) }
    }

    /// Flushed at once, so that the reader can follow the job while the rest is sent.
    private func printSlug(_ slug: String) {
        hasPrintedSlug = true
        guard printsSlugs else { return }
        do {
            try context.output.line(slug)
            try context.output.flush()
        } catch {
            // Reported once. A closed pipe is not an error.
            guard exitCode == .done, let failure = failure(for: error) else { return }
            context.logger.error(failure.message, hint: "the push itself continues; `userload jobs` lists its jobs")
            held?.need()
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

extension JobStatus {
    /// Rejects of which a person was told in an earlier run are no news.
    var newsExitCode: ExitCode {
        state != .completed ? .incomplete : rejected > toldRejects && unfixed > 0 ? .doneWithRejects : .done
    }
}
