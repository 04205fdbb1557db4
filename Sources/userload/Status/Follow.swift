// Follows jobs to their end, for `status --wait` and `load`.

import CommandLineOptions
import Foundation
import Log
import Pipeline
import Postgres
import Records

/// How following ended.
enum FollowEnd: Equatable {
    /// Every job is completed, abandoned, inconsistent, or stalled for good.
    case ended
    case timedOut
    case interrupted
}

struct Follower {
    /// Seconds between two queries.
    static let interval = 0.25
    /// A gap may close while push sends messages again; one that stays this long is taken for lost messages.
    static let stalledSeconds = 10.0

    /// How many jobs are waited for, those that the database does not know yet included.
    let count: Int
    let timeout: Duration?
    /// Give up when nothing has changed for this long; nil: never.
    var stall: Duration?
    /// Asked between two queries: a worker in this process may have failed.
    let shouldStop: () -> Bool
    /// Seconds of a monotonic clock.
    var now: () -> Double = { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
    var sleep: () -> Void = { Thread.sleep(forTimeInterval: interval) }

    /// - Parameters:
    ///   - look: the state of those jobs that the database knows; throws what ends the following.
    ///   - show: what was seen, for the progress line.
    func follow(look: () throws -> [JobStatus], show: ([JobStatus], _ seconds: Double) -> Void) throws -> FollowEnd {
        let start = now()
        var before: [JobStatus] = []
        var changed = start
        while true {
            let jobs = try look()
            if jobs.map(\.lines) != before.map(\.lines) || jobs.map(\.state) != before.map(\.state) { changed = now() }
            before = jobs
            if jobs.count == count, jobs.allSatisfy(hasEnded) { return .ended }
            show(jobs, now() - start)
            if shouldStop() { return .interrupted }
            if let timeout, now() - start >= timeout / .seconds(1) { return .timedOut }
            if let stall, now() - changed >= stall / .seconds(1) { return .timedOut }
            sleep()
        }
    }

    private func hasEnded(_ job: JobStatus) -> Bool {
        switch job.state {
        case .completed, .abandoned, .inconsistent: true
        case .stalled: job.reason != .gap || (job.lastRecordAge ?? 0) > Self.stalledSeconds
        case .pending, .processing: false
        }
    }
}

/// One line for several jobs: the lines per second since `start`, and the percentage of a single job.
func progressLine(_ jobs: [JobStatus], since start: [JobStatus], seconds: Double, now: Date) -> String {
    let lines = jobs.reduce(0) { $0 + $1.lines }
    let before = start.reduce(0) { $0 + $1.lines }
    var parts = ["\(grouped(lines)) lines"]
    let open = jobs.filter(\.isOpen)
    if let first = open.first, open.count == 1, let percent = first.percent {
        parts.insert("\(StatusReport(job: first, times: Times(now: now)).name) \(percent) %", at: 0)
    } else {
        parts.insert("\(jobs.count - open.count) of \(jobs.count) jobs ended", at: 0)
    }
    if seconds >= 1 { parts.append("\(grouped(Int64(Double(lines - before) / seconds)))/s") }
    return parts.joined(separator: ", ")
}

/// The exit code of jobs that were waited for: the worst of them.
func exitCode(of jobs: [JobStatus]) -> ExitCode {
    jobs.map { $0.state != .completed ? .incomplete : $0.rejected > 0 ? .doneWithRejects : .done }.max() ?? .done
}

/// The jobs that were followed, in their last known state.
struct Followed {
    let end: FollowEnd
    /// Those that the database knew, in the order asked for.
    let jobs: [JobStatus]
    /// How many were asked for.
    let count: Int

    var exitCode: ExitCode {
        if end == .interrupted { return .interrupted }
        return jobs.count < count ? .incomplete : userload.exitCode(of: jobs)
    }
}

extension Context {
    /// Waits until the jobs have ended, with a progress line on a terminal, on a connection of its own. It also waits
    /// for a database that is away, for as long as `patience`.
    /// - Parameter shouldStop: a reason to stop besides the signals.
    func follow(
        _ ids: [JobID], _ arguments: ParsedArguments, timeout: Duration?, stall: Duration? = nil,
        patience: Duration = .seconds(300), shouldStop: @escaping () -> Bool = { false }
    ) throws -> Followed {
        let follower = Follower(
            count: ids.count, timeout: timeout, stall: stall, shouldStop: { interrupt.isSet || shouldStop() })
        var session: DatabaseSession?
        var seen: [JobStatus] = []
        var first: [JobStatus]?
        var awaySince: Double?
        defer { screen.progress("") }
        let end = try follower.follow {
            do {
                let open = try session ?? openDatabase(arguments)
                session = open
                seen = try open.jobs.statuses(ids)
                awaySince = nil
            } catch  where interrupt.isSet || shouldStop() {
                // The connection gives up when a signal comes; the follower checks for that next.
            } catch let error as PostgresError where fatalFailure(error) == nil {
                session = nil
                let since = awaySince ?? follower.now()
                awaySince = since
                guard follower.now() - since < patience / .seconds(1) else { throw error }
            }
            return seen
        } show: { jobs, seconds in
            first = first ?? jobs
            screen.progress(
                awaySince != nil
                    ? "Postgres is away, waiting"
                    : progressLine(jobs, since: first ?? [], seconds: seconds, now: now()))
        }
        return Followed(end: end, jobs: seen, count: ids.count)
    }
}
