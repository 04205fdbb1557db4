// `userload load`: push, with a worker in the same process that ends when these jobs have ended.

import CommandLineOptions
import Foundation
import Log
import Pipeline
import Records
import Synchronization

extension Command {
    static let load = Command(
        CommandDescription(
            "load", summary: "push files and load them into Postgres, in one go",
            discussion: [
                "What push and work do, in one process: sends the files, loads what is in the topic until these jobs have "
                    + "ended, and prints their status. Other workers may share the load. Run it again after an "
                    + "interruption: it resumes.",
                "With --quiet it prints nothing while all is well; rejects that a load has told of before are no news.",
            ],
            operands: Operands("FILE", 1...Int.max, completion: .files),
            options: Options.kafka + Options.postgres + PushFlags.all
                + [
                    Command.connections, Command.maxRefused, RunTimeout.load, FileMoves.option,
                    MetricsFlags.metricsFile,
                ] + Options.logging,
            examples: [
                Example("userload load users.csv", "Load one file and account for every line."),
                Example("userload load --label nightly --quiet /data/*.csv", "From cron: silent while all is well."),
                Example(
                    "userload load -q --min-age 1m --if-any --move-to /data/done /data/*.csv",
                    "Every minute: what has arrived, and out of the way with it."),
            ])
    ) { arguments, context in
        context.recordRun("load", arguments, label: arguments[PushFlags.label])
        let (kafka, topic) = try context.kafkaSettings(arguments)
        let pushOptions = try PushFlags.options(arguments, context)
        var moves = try FileMoves(arguments, context)
        context.stop(after: arguments[RunTimeout.load])
        let chosen = context.chooseFiles(arguments)
        guard !chosen.names.isEmpty else { return chosen.exitCode }
        var options = WorkOptions(kafka: kafka, topic: topic, database: try context.databaseTarget(arguments))
        options.purpose = .load
        options.connections = arguments[Command.connections] ?? options.connections
        options.maxRefused = arguments[Command.maxRefused] ?? options.maxRefused
        options.stallTimeout = pushOptions.stallTimeout
        options.updates = pushOptions.onDuplicate == .update

        let report = PushReport(files: chosen.names, pushOptions, arguments, context, isLoad: true)
        let worker = BackgroundWorker(options, report)
        let pusher = Pusher(
            kafka, topic: topic, options: pushOptions, interrupt: worker.hasEnded, event: report.tell)
        pusher.beforeSending = { () throws(PipelineError) in try worker.checkKey(pushOptions.keyFields) }
        pusher.askOpenUpdates = { topic in
            guard worker.waitUntilReady(unlessAway: true) != nil else { return nil }
            return try? context.openUpdates(arguments, holdingUp: topic)
        }
        var code = chosen.exitCode
        var jobs: [JobID] = []
        var ends: [JobID: EndOffsets] = [:]
        pusher.push(chosen.names) { outcome in
            // A push cut short by the worker's end is told by the worker's error.
            if outcome.result != .failed(.interrupted) || context.interrupt.isSet {
                report.tell(outcome)
                context.record.change { $0.totals.note(outcome) }
                code = max(code, context.code(outcome.exitCode))
            }
            // Of one that was not pushed there is no end to wait for.
            guard let job = outcome.job, outcome.exitCode == .done else { return }
            if !jobs.contains(job) { jobs.append(job) }
            ends[job] = outcome.ends
            moves.add(outcome)
        }
        context.screen.progress("")
        pusher.close()
        var open = jobs.count
        if worker.error == nil, !context.interrupt.isSet, !jobs.isEmpty {
            let followed = try follow(jobs, ends, worker, pushOptions.stallTimeout, arguments, report.context)
            code = max(code, context.code(try conclude(followed, report, arguments, context)))
            open -= followed?.jobs.count { !$0.isOpen } ?? 0
            context.record.count(followed?.jobs ?? [])
            code = max(code, moves.perform(followed?.jobs ?? []))
        } else {
            _ = report.conclude([])
        }
        try worker.stop()
        context.recordLag(options)
        guard context.interrupt.isSet else { return code }
        if open > 0 {
            let word = context.stoppedWord(arguments[RunTimeout.load])
            context.logger.warning(
                "\(word) before \(grouped(open)) of \(counted(jobs.count, "job")) had ended; `userload work "
                    + "--drain` loads what is left in Kafka, or the same command again: \(PushLines.typed)")
        }
        return context.timeout.isSet ? max(code, open > 0 ? .incomplete : .done) : .interrupted
    }

    /// nil: the worker ended before it could load.
    private static func follow(
        _ jobs: [JobID], _ ends: [JobID: EndOffsets], _ worker: BackgroundWorker, _ stall: Duration,
        _ arguments: ParsedArguments, _ context: Context
    ) throws -> Followed? {
        guard worker.waitUntilReady() != nil else { return nil }
        let followed = try context.follow(
            jobs, ends: ends, arguments, timeout: nil, stall: stall, patience: stall,
            shouldStop: { worker.hasEnded.isSet && !worker.isReleased }, isIdle: { worker.isIdle },
            crowded: { if worker.isIdle { worker.release() } })
        if followed.end == .timedOut {
            let reason =
                worker.hasOpenTransaction
                ? "another producer's transaction is open and holds back the end of the log"
                : "another worker, or another load, may be reading the topic and not move"
            context.logger.error("nothing was loaded for \(spelled(stall)): \(reason); see `userload status --wait`")
        }
        return followed
    }

    /// Prints the status of the jobs, in a quiet run of those that need a person, and notes what was told.
    private static func conclude(
        _ followed: Followed?, _ report: PushReport, _ arguments: ParsedArguments, _ context: Context
    ) throws -> ExitCode {
        let (code, told) = report.conclude(followed?.jobs ?? [])
        guard let followed else { return report.isQuiet ? code : .done }
        try context.printStatus(
            told.map { .job($0, others: []) }, followed.errors, showsValues: arguments[Options.showValues])
        try context.output.flush()
        report.keepTold(told)
        if told.contains(where: { $0.rejected > $0.toldRejects }) {
            do {
                try context.openDatabase(arguments).jobs.noteTold(told)
            } catch {
                context.logger.debug("could not note that its rejects were reported: the next load reports them again")
            }
        }
        return report.isQuiet && followed.end != .interrupted ? code : followed.exitCode
    }
}

/// A worker on a thread of its own.
private final class BackgroundWorker: Sendable {
    /// Set when the worker has ended, for whatever reason, and when the program is to stop.
    let hasEnded: Interrupt
    private let wish: Interrupt
    private let box: ResultBox
    private let join: @Sendable (Duration) -> Bool

    init(_ options: WorkOptions, _ push: PushReport) {
        let context = push.context
        let hasEnded = Interrupt(parent: context.interrupt)
        let wish = Interrupt(parent: context.interrupt)
        let report = WorkReport(options, context.logger, isEmbedded: true, isQuiet: push.isQuiet)
        self.hasEnded = hasEnded
        self.wish = wish
        let box = ResultBox()
        join = startThread("worker") {
            do {
                let worker = Worker(options, interrupt: wish) { event in
                    switch event {
                    case .settled(let isSettled): box.isIdle.store(isSettled, ordering: .relaxed)
                    case .outage(.postgres, .began, _): box.isAway.set()
                    case .openTransaction: box.hasOpenTransaction.set()
                    default: break
                    }
                    report.tell(event)
                }
                worker.onReady = { info in box.database.withLock { $0 = info } }
                _ = try worker.run()
            } catch {
                box.error.withLock { $0 = error }
            }
            hasEnded.set()
        }
        self.box = box
    }

    private final class ResultBox: Sendable {
        let error = Mutex<(any Error)?>(nil)
        let isIdle = Atomic(false)
        /// Once the database is migrated and may be loaded into.
        let database = Mutex<DatabaseInfo?>(nil)
        let isAway = Interrupt()
        let isReleased = Interrupt()
        let hasOpenTransaction = Interrupt()
    }

    /// It has read everything it owns to the end, and all of it is in the database.
    var isIdle: Bool { box.isIdle.load(ordering: .relaxed) }

    /// Its connections are wanted for the question what became of the jobs: it ends, for it has nothing left to load.
    func release() {
        box.isReleased.set()
        wish.set()
    }

    /// It was released, and had not failed.
    var isReleased: Bool { box.isReleased.isSet && error == nil }

    /// It told that one holds back the end of the log.
    var hasOpenTransaction: Bool { box.hasOpenTransaction.isSet }

    /// What the worker ended with, once it has.
    var error: (any Error)? { box.error.withLock { $0 } }

    /// The database, once it is migrated and may be loaded into; nil: the worker ended before.
    /// - Parameter unlessAway: nil, too, when the database does not answer.
    func waitUntilReady(unlessAway: Bool = false) -> DatabaseInfo? {
        // `hasEnded` goes up with the worker's end, and when the program is to stop.
        while true {
            if let info = box.database.withLock({ $0 }) { return info }
            if hasEnded.isSet || (unlessAway && box.isAway.isSet) { return nil }
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    /// Nothing is sent that this database would pass over. One that is away does not hold up a push.
    func checkKey(_ fields: KeyFields) throws(PipelineError) {
        guard let info = waitUntilReady(unlessAway: true) else {
            // Its error is told at the end.
            if hasEnded.isSet { throw .interrupted }
            return
        }
        guard info.keyFields != fields else { return }
        throw .configuration(
            "the unique key here is \(fields.text) (USERLOAD_UNIQUE_KEY), that of \(info.tableName) is "
                + "\(info.keyFields.text)",
            hint: "to load by the table's: USERLOAD_UNIQUE_KEY=\(info.keyFields.text); to change the table's: "
                + "`USERLOAD_UNIQUE_KEY=\(fields.text) userload migrate`")
    }

    /// Finishes the batch in hand. Throws what the worker ended with.
    func stop() throws {
        wish.set()
        if !join(.seconds(70)) {
            throw PipelineError.incomplete("the worker did not end within 70 s; nothing is lost, the next run resumes")
        }
        if let error { throw error }
    }
}
