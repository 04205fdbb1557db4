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
                    + "interruption: it resumes."
            ],
            operands: Operands("FILE", 1...Int.max, completion: .files),
            options: Options.kafka + Options.postgres + PushFlags.all + [Command.connections, Command.maxRefused]
                + Options.logging,
            examples: [
                Example("userload load users.csv", "Load one file and account for every line."),
                Example("userload load --label nightly --quiet /data/*.csv", "From cron: silent while all is well."),
            ])
    ) { arguments, context in
        let (kafka, topic) = try context.kafkaSettings(arguments)
        let pushOptions = try PushFlags.options(arguments, context)
        var options = WorkOptions(kafka: kafka, topic: topic, database: try context.databaseTarget(arguments))
        options.purpose = .load
        options.connections = arguments[Command.connections] ?? options.connections
        options.maxRefused = arguments[Command.maxRefused] ?? options.maxRefused
        options.stallTimeout = pushOptions.stallTimeout

        let worker = BackgroundWorker(options, context)
        let report = PushReport(files: arguments.operands, arguments, context, printsSlugs: false)
        let pusher = Pusher(
            kafka, topic: topic, options: pushOptions, interrupt: worker.hasEnded, event: report.tell)
        var code = ExitCode.done
        var jobs: [JobID] = []
        var ends: [JobID: EndOffsets] = [:]
        pusher.push(arguments.operands) { outcome in
            // A push cut short by the worker's end is told by the worker's error.
            if outcome.result != .failed(.interrupted) || context.interrupt.isSet {
                report.tell(outcome)
                code = max(code, outcome.exitCode)
            }
            guard let job = outcome.job else { return }
            if !jobs.contains(job) { jobs.append(job) }
            ends[job] = outcome.ends
        }
        context.screen.progress("")
        pusher.close()
        if worker.error == nil, !context.interrupt.isSet, !jobs.isEmpty {
            code = max(code, try follow(jobs, ends, worker, pushOptions.stallTimeout, arguments, context))
        }
        try worker.stop()
        return context.interrupt.isSet ? .interrupted : code
    }

    private static func follow(
        _ jobs: [JobID], _ ends: [JobID: EndOffsets], _ worker: BackgroundWorker, _ stall: Duration,
        _ arguments: ParsedArguments, _ context: Context
    ) throws -> ExitCode {
        guard worker.waitUntilReady() else { return .done }
        let followed = try context.follow(
            jobs, ends: ends, arguments, timeout: nil, stall: stall, patience: stall,
            shouldStop: { worker.hasEnded.isSet }, isIdle: { worker.isIdle })
        if followed.end == .timedOut {
            context.logger.error(
                "nothing was loaded for \(spelled(stall)): another worker may own the partitions and not move; see "
                    + "`userload status --wait`")
        }
        if !(arguments[Options.quiet] && followed.exitCode == .done) { try context.printStatus(of: followed.jobs) }
        return followed.exitCode
    }
}

/// A worker on a thread of its own.
private final class BackgroundWorker: Sendable {
    /// Set when the worker has ended, for whatever reason, and when the program is to stop.
    let hasEnded: Interrupt
    private let wish: Interrupt
    private let isReady = Interrupt()
    private let box: ResultBox
    private let join: @Sendable (Duration) -> Bool

    init(_ options: WorkOptions, _ context: Context) {
        let hasEnded = Interrupt(parent: context.interrupt)
        let wish = Interrupt(parent: context.interrupt)
        let report = WorkReport(options, context.logger, isEmbedded: true)
        self.hasEnded = hasEnded
        self.wish = wish
        let box = ResultBox()
        let isReady = self.isReady
        join = startThread("worker") {
            do {
                let worker = Worker(options, interrupt: wish) { event in
                    if case .settled(let isSettled) = event { box.isIdle.store(isSettled, ordering: .relaxed) }
                    report.tell(event)
                }
                worker.onReady = { isReady.set() }
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
    }

    /// It has read everything it owns to the end, and all of it is in the database.
    var isIdle: Bool { box.isIdle.load(ordering: .relaxed) }

    /// What the worker ended with, once it has.
    var error: (any Error)? { box.error.withLock { $0 } }

    /// The database is migrated; false: the worker ended before.
    func waitUntilReady() -> Bool {
        while !isReady.isSet && !hasEnded.isSet { Thread.sleep(forTimeInterval: 0.01) }
        return isReady.isSet
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
