// Follows jobs to their end, for `status --wait` and `load`.

import CommandLineOptions
import Foundation
import Log
import Pipeline
import Postgres
import Records

/// How following ended.
enum FollowEnd: Equatable {
    /// Every job is completed, undone, abandoned, inconsistent, or stalled for good.
    case ended
    case timedOut
    case interrupted
}

struct Follower {
    /// Seconds until the next query: what moved lately may end soon.
    static func interval(quiet: Double) -> Double { min(0.25, max(0.01, quiet / 2)) }
    /// A state other than completed counts as an end only after so long without any movement: what this run has sent
    /// may still change it.
    static let quietSeconds = 10.0

    /// How many jobs are waited for, those that the database does not know yet included.
    let count: Int
    let timeout: Duration?
    /// Give up when nothing has changed for this long; nil: never.
    var stall: Duration?
    /// Asked between two queries: a worker in this process may have failed.
    let shouldStop: () -> Bool
    /// Also the markers of jobs that are completed are waited for: somebody in this process reads them.
    var awaitsMarkers = false
    /// Whoever loads in this process has nothing left to read; for jobs that are not placed.
    var isIdle: () -> Bool = { true }
    /// Seconds of a clock that never goes back.
    var now: () -> Double = { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
    var sleep: (_ seconds: Double) -> Void = { Thread.sleep(forTimeInterval: $0) }

    /// - Parameters:
    ///   - look: throws what ends the following.
    ///   - show: what was seen, for the progress line.
    func follow(look: () throws -> FollowLook, show: ([JobStatus], _ seconds: Double) -> Void) throws -> FollowEnd {
        let start = now()
        // Time in which this process was stopped does not count: it could not have seen anything move.
        var clock = StallClock(now: .zero, longestStep: .seconds(5))
        var before: FollowLook?
        var changed = Duration.zero
        while true {
            let began = now()
            let seen = try look()
            let cost = now() - began
            let elapsed = clock.tick(.seconds(now() - start))
            if before.map({ hasMoved($0, seen) }) ?? true { changed = elapsed }
            before = seen
            let quiet = (elapsed - changed) / .seconds(1)
            if seen.jobs.count == count + seen.more, seen.jobs.allSatisfy({ hasEnded($0, seen, quiet) }),
                // The others of a run may still come.
                seen.missing == 0 || quiet >= Self.quietSeconds
            {
                return .ended
            }
            show(seen.jobs, now() - start)
            if shouldStop() { return .interrupted }
            if let timeout, now() - start >= timeout / .seconds(1) { return .timedOut }
            if let stall, quiet >= stall / .seconds(1) { return .timedOut }
            // A look at a thousand jobs is not to take the servers' time from what is looked for.
            sleep(max(Self.interval(quiet: quiet), min(cost, 1)))
        }
    }

    private func hasMoved(_ before: FollowLook, _ now: FollowLook) -> Bool {
        before.movement != now.movement || before.jobs.map(\.lines) != now.jobs.map(\.lines)
            || before.jobs.map(\.state) != now.jobs.map(\.state)
    }

    private func hasEnded(_ job: JobStatus, _ seen: FollowLook, _ quiet: Double) -> Bool {
        switch job.state {
        // What was pushed before is completed at once; that it was pushed again is noted when the markers are read.
        case .completed:
            !awaitsMarkers || quiet >= Self.quietSeconds || !seen.sent.contains(job.id)
                || seen.passed.contains(job.id)
        case .pending, .processing: false
        // What still comes of it is dropped.
        case .undone: true
        case .abandoned, .inconsistent, .stalled, .interrupted:
            quiet >= Self.quietSeconds
                && (seen.unplaced.contains(job.id) ? isIdle() : seen.passed.contains(job.id))
        }
    }
}

/// One line for several jobs: the lines a second since `start`, and of one job how far it is.
func progressLine(_ jobs: [JobStatus], since start: [JobStatus], seconds: Double, now: Date) -> String {
    let lines = jobs.reduce(0) { $0 + $1.lines }
    let before = start.reduce(0) { $0 + $1.lines }
    var parts = [counted(lines, "line")]
    let open = jobs.filter(\.isOpen)
    if let first = open.first, open.count == 1, let percent = first.percent {
        parts.insert("\(StatusReport(job: first, times: Times(now: now)).name) \(percent) %", at: 0)
    } else {
        parts.insert("\(grouped(jobs.count - open.count)) of \(counted(jobs.count, "job")) ended", at: 0)
    }
    if seconds >= 1 { parts.append("\(grouped(Int64(Double(lines - before) / seconds)))/s") }
    return parts.joined(separator: ", ")
}

/// The exit code of jobs that were waited for: the worst of them.
func exitCode(of jobs: [JobStatus]) -> ExitCode {
    if Torture.has(.rejectsExitZero) { return .done }
    return jobs.map { $0.state != .completed ? .incomplete : $0.unfixed > 0 ? .doneWithRejects : .done }.max() ?? .done
}

/// The jobs that were followed, in their last known state.
struct Followed {
    let end: FollowEnd
    /// Those that the database knew, in the order asked for.
    let jobs: [JobStatus]
    /// How many were asked for.
    let count: Int
    /// The runs that were followed.
    var runs: [LabelRun] = []
    /// What is wrong with their rejects, as far as it could be asked.
    var errors: [JobID: JobErrors] = [:]

    var exitCode: ExitCode {
        if end == .interrupted { return .interrupted }
        return jobs.count < count || runs.contains { $0.missing > 0 } ? .incomplete : userload.exitCode(of: jobs)
    }
}

extension Context {
    /// Waits until the jobs have ended, with a progress line on a terminal, on a connection of its own. A database that
    /// is away is waited for, too, for as long as `patience`.
    /// - Parameters:
    ///   - ends: where the end markers lie that push had acknowledged; nothing for jobs of which that is not known.
    ///   - runs: whose jobs are followed, too, as they come.
    ///   - shouldStop: beyond the signals.
    ///   - isIdle: a worker in this process has nothing left to read.
    ///   - crowded: called when the server has had no connection to spare for some seconds.
    func follow(
        _ ids: [JobID], ends: [JobID: EndOffsets], runs: [JobID] = [], _ arguments: ParsedArguments,
        timeout: Duration?,
        stall: Duration? = nil, patience: Duration = .seconds(300), shouldStop: @escaping () -> Bool = { false },
        isIdle: @escaping () -> Bool = { true }, crowded: () -> Void = {}
    ) throws -> Followed {
        let follower = Follower(
            count: ids.count, timeout: timeout, stall: stall, shouldStop: { interrupt.isSet || shouldStop() },
            awaitsMarkers: stall != nil, isIdle: isIdle)
        var watch = EndMarkerWatch(ends)
        var followed = FollowedJobs(ids)
        var session: DatabaseSession?
        var seen = FollowLook(jobs: [])
        var seenRuns: [LabelRun] = []
        var first: [JobStatus]?
        var away: StallClock?
        defer { screen.progress("") }
        let end = try follower.follow {
            do {
                let open = try session ?? openDatabase(arguments, patience: min(.seconds(30), patience / 2))
                session = open
                seenRuns = try open.jobs.runs(runs)
                followed.add(seenRuns.flatMap(\.jobs))
                seen = try watch.look(
                    try followed.look(open.jobs.statuses), stall == nil ? followed.open : followed.ids
                ) { end in
                    try PositionStore(open.connection, cluster: end.cluster, topic: end.topic)
                        .knownPositions(Array(0..<Int32(clamping: end.offsets.count)))
                }
                if let damaged = open.jobs.damaged.jobs.first { throw Failure(.configuration, damaged.sentence) }
                seen.more = followed.ids.count - ids.count
                seen.missing = seenRuns.reduce(0) { $0.addingSaturated($1.missing) }
                away = nil
            } catch  where interrupt.isSet || shouldStop() {
                // The connection gives up when a signal comes; the follower checks for that next.
            } catch let error as PostgresError where fatalFailure(error) == nil {
                session = nil
                var clock =
                    away ?? StallClock(now: .seconds(follower.now()), longestStep: min(.seconds(15), patience / 2))
                let elapsed = clock.tick(.seconds(follower.now()))
                guard elapsed < patience else { throw error }
                away = clock
                if error.sqlstate == .tooManyConnections, elapsed >= min(.seconds(5), patience / 2) { crowded() }
                // Nothing is known of the jobs meanwhile, so it does not count as quiet.
                seen.movement &+= 1
            }
            return seen
        } show: { jobs, seconds in
            first = first ?? jobs
            screen.progress(
                away != nil
                    ? "Postgres cannot be reached, waiting"
                    : progressLine(jobs, since: first ?? [], seconds: seconds, now: now()))
        }
        // What was waited for is known: a connection that is lost now costs no more than this.
        let errors = end == .interrupted ? nil : try? session?.errors(of: seen.jobs)
        return Followed(
            end: end, jobs: seen.jobs, count: followed.ids.count, runs: seenRuns, errors: errors ?? [:])
    }
}
