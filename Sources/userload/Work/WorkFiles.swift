// --status-file and --metrics-file while a worker runs: written again and again, on a thread of their own.

import CommandLineOptions
import Foundation
import Kafka
import Log
import Pipeline
import Postgres
import Synchronization

enum WorkFlags {
    static let statusFile = Option.text(
        "status-file", "PATH",
        help: "Keep a JSON object in this file that says what the worker is doing, written every 5 s.")
}

/// Starts with `init`.
final class WorkFiles: Sendable {
    private static let statusInterval = Duration.seconds(5)
    private static let metricsInterval = Duration.seconds(15)

    private let statusFile: String?
    private let monitor: WorkMonitor
    private let context: Context
    private let stopping: Interrupt
    private let join = Mutex<(@Sendable (Duration) -> Bool)?>(nil)
    /// Problems that were said: each once, until it goes away.
    private let told = Mutex<Set<String>>([])

    init(statusFile: String?, _ options: WorkOptions, _ monitor: WorkMonitor, _ context: Context) {
        self.statusFile = statusFile
        self.monitor = monitor
        self.context = context
        stopping = Interrupt(parent: context.interrupt)
        guard statusFile != nil || context.record.isWanted else { return }
        let thread = startThread("files") { [self] in run(options) }
        join.withLock { $0 = thread }
    }

    private func run(_ options: WorkOptions) {
        let probe = LagProbe(options.kafka, topic: options.topic, isCancelled: { [stopping] in stopping.isSet })
        defer { probe.close() }
        var nextStatus = ContinuousClock.now
        var nextMetrics = ContinuousClock.now
        while !stopping.isSet {
            if .now >= nextStatus {
                nextStatus = .now + Self.statusInterval
                writeStatus()
            }
            if context.record.isWanted, .now >= nextMetrics {
                nextMetrics = .now + Self.metricsInterval
                let lag = context.lag(options, probe, stopping)
                record { $0.lag = lag }
                say("--metrics-file", context.record.writeMeanwhile())
            }
            Thread.sleep(forTimeInterval: 0.1)
        }
    }

    /// With what the worker has told so far.
    private func record(_ change: (inout RunRecord.Content) -> Void) {
        let (activity, lastSign) = monitor.snapshot
        context.record.change { content in
            content.worker = activity.metrics(lastSign: lastSign)
            change(&content)
        }
    }

    private func writeStatus() {
        guard let statusFile else { return }
        let (activity, lastSign) = monitor.snapshot
        let document = activity.document(lastSign: lastSign, now: context.now(), process: getpid())
        say("--status-file", ReplacedFile.write(document.text + "\n", to: statusFile))
    }

    private func say(_ option: String, _ problem: String?) {
        guard let problem else {
            told.withLock { _ = $0.remove(option) }
            return
        }
        if told.withLock({ $0.insert(option).inserted }) { context.logger.warning("\(option): \(problem)") }
    }

    /// The worker has ended: how far it came stays in the files. What is behind from now on is not known there.
    func stop() {
        stopping.set()
        guard let join = join.withLock({ $0 }), join(.seconds(2)) else { return }
        writeStatus()
        record { $0.lag = nil }
    }
}

extension Context {
    /// How far the database is behind when a run ends, for --metrics-file.
    func recordLag(_ options: WorkOptions) {
        guard record.isWanted, !interrupt.isSet else { return }
        let interrupt = interrupt
        let probe = LagProbe(options.kafka, topic: options.topic, isCancelled: { interrupt.isSet })
        defer { probe.close() }
        let lag = lag(options, probe, interrupt)
        record.change { $0.lag = lag }
    }

    /// nil: a server does not answer within seconds, which others say.
    fileprivate func lag(_ options: WorkOptions, _ probe: LagProbe, _ interrupt: Interrupt) -> Lag? {
        do {
            let connection = try Connection(
                options.database.settings, timeout: .seconds(5), interrupt: { interrupt.isSet })
            defer { connection.close() }
            connection.deadline = .now + .seconds(10)
            return try probe.look(connection, try DatabaseInfo.read(connection), asksGroup: false)
        } catch {
            logger.debug("the lag cannot be determined: \(sentence(error))")
            return nil
        }
    }
}
