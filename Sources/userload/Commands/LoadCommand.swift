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
                    + "ended, and prints their status. Other workers may share the load. Run again after an interruption, "
                    + "it goes on."
            ],
            operands: Operands("FILE", 1...Int.max, completion: .files),
            options: Options.kafka + Options.postgres + PushFlags.all + [Command.connections, Command.maxRefused]
                + Options.logging,
            examples: [
                Example("userload load users.csv", "Load one file; says what became of every line."),
                Example("userload load --label nightly --quiet /data/*.csv", "From cron: silent while all is well."),
            ])
    ) { arguments, context in
        let (kafka, topic) = try context.kafkaSettings(arguments)
        let pushOptions = try PushFlags.options(arguments, context)
        var options = WorkOptions(kafka: kafka, topic: topic, database: try context.databaseTarget(arguments))
        options.connections = arguments[Command.connections] ?? options.connections
        options.maxRefused = arguments[Command.maxRefused] ?? options.maxRefused
        options.stallTimeout = pushOptions.stallTimeout
        options.isEmbedded = true

        let worker = BackgroundWorker(options, context)
        let report = PushReport(files: arguments.operands, arguments, context, printsSlugs: false)
        let pusher = Pusher(
            kafka, topic: topic, options: pushOptions, interrupt: worker.hasEnded, event: report.tell)
        var code = ExitCode.done
        var jobs: [JobID] = []
        for file in arguments.operands {
            let outcome = pusher.push(file)
            // A push cut short by the worker's end is told by the worker's error.
            if outcome.result != .failed(.interrupted) || context.interrupt.isSet {
                report.tell(outcome)
                code = max(code, outcome.exitCode)
            }
            if let job = outcome.job, !jobs.contains(job) { jobs.append(job) }
        }
        context.screen.progress("")
        pusher.close()
        if worker.error == nil, !context.interrupt.isSet, !jobs.isEmpty {
            code = max(code, try follow(jobs, worker, pushOptions.stallTimeout, arguments, context))
        }
        try worker.stop()
        return context.interrupt.isSet ? .interrupted : code
    }

    private static func follow(
        _ jobs: [JobID], _ worker: BackgroundWorker, _ stall: Duration, _ arguments: ParsedArguments,
        _ context: Context
    ) throws -> ExitCode {
        guard worker.waitUntilReady() else { return .done }
        let followed = try context.follow(
            jobs, arguments, timeout: nil, stall: stall, patience: stall, shouldStop: { worker.hasEnded.isSet })
        if followed.end == .timedOut {
            context.logger.error("nothing came in for \(spelled(stall)): other workers own partitions that do not move")
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
    private let join: @Sendable (Duration) -> Void

    init(_ options: WorkOptions, _ context: Context) {
        let hasEnded = Interrupt(parent: context.interrupt)
        let wish = Interrupt(parent: context.interrupt)
        let logger = context.logger
        self.hasEnded = hasEnded
        self.wish = wish
        let box = ResultBox()
        let isReady = self.isReady
        join = startThread("worker") {
            do {
                let worker = Worker(options, log: logger, interrupt: wish)
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
    }

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
        join(.seconds(60))
        if let error { throw error }
    }
}
