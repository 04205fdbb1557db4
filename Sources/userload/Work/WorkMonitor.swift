// What a worker is doing, made from what it tells: for the progress line, the log, systemd, and files that others read.

import CommandLineOptions
import Foundation
import Log
import Pipeline
import Synchronization

/// Events and signs come on the worker's thread; the files are written on one of their own, since a disk may hang.
final class WorkMonitor: Sendable {
    private static let logInterval = Duration.seconds(60)

    private struct State {
        var activity: WorkActivity
        var news: ServiceNews
        var nextLine: ContinuousClock.Instant
        var lineRecords = 0
        var lastSign: Date
    }

    private let state: Mutex<State>
    private let manager: ServiceManager?
    private let context: Context
    private let showsProgress: Bool

    init(_ topic: String, _ arguments: ParsedArguments, _ context: Context) {
        self.context = context
        manager = ServiceManager(context.environment)
        showsProgress = context.screen.isTerminal && context.logger.level <= .info
        state = Mutex(
            State(
                activity: WorkActivity(topic: topic), news: ServiceNews(watchdog: manager?.watchdog),
                nextLine: .now + Self.logInterval, lastSign: context.now()))
    }

    func tell(_ event: WorkEvent) {
        state.withLock { $0.activity.tell(event, at: context.now()) }
    }

    /// A sign of life: the only thing that systemd's watchdog is fed with.
    func take(_ sign: WorkSign, at now: ContinuousClock.Instant = .now) {
        let line: String? = state.withLock { state in
            state.lastSign = context.now()
            state.activity.take(sign, at: now)
            tellManager(&state, now)
            if showsProgress { context.screen.progress(state.activity.sentence) }
            let records = state.activity.records
            guard now >= state.nextLine else { return nil }
            defer {
                state.nextLine = now + Self.logInterval
                state.lineRecords = records
            }
            return records != state.lineRecords ? state.activity.sentence : nil
        }
        if let line, !context.screen.isTerminal { context.logger.info(line) }
    }

    /// The worker has ended.
    func ended() {
        context.screen.progress("")
        state.withLock { state in
            state.activity.end()
            tellManager(&state, .now)
        }
    }

    private func tellManager(_ state: inout State, _ now: ContinuousClock.Instant) {
        guard let manager else { return }
        let activity = state.activity
        state.news.update(
            status: escaped(activity.sentence), isReady: activity.isReady, isStopping: activity.isStopping, at: now
        ) { manager.tell($0) }
    }

    /// What it is doing, and when its last sign of life came.
    var snapshot: (activity: WorkActivity, lastSign: Date) {
        state.withLock { ($0.activity, $0.lastSign) }
    }
}
