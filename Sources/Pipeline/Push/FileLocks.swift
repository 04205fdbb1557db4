// Takes the locks of files before they are pushed, and waits for those that another push has.

import Foundation
import Glibc
import Records

/// One thread owns it; of one push command.
final class FileLocks {
    private let journal: Journal
    private let limit: Duration
    private let holder: LockHolder
    private let interrupt: Interrupt
    private let clock: PushClock
    /// For all files together: what is overdue once is not waited for again.
    private var waited = Duration.zero
    private var hasSaidImpossible = false

    init(_ journal: Journal, _ options: PushOptions, _ interrupt: Interrupt, _ clock: PushClock) {
        self.journal = journal
        limit = options.lockTimeout
        self.interrupt = interrupt
        self.clock = clock
        holder = LockHolder(
            pid: getpid(), host: thisHost, since: Date(), command: String(options.command.prefix(1_000)))
    }

    /// The lock of a job's file; nil: there can be none, which was said.
    /// - Parameters:
    ///   - freeing: called before it waits: it must let go of all other locks, so that no two pushes wait for each other.
    ///   - event: hears who has it, at once.
    func lock(
        _ job: JobID, _ topic: Topic, file: String, freeing: () -> Void, event: (PushEvent) -> Void
    ) throws(PipelineError) -> PushLock? {
        let path: String
        do throws(JournalError) {
            path = try journal.lockPath(cluster: topic.cluster, topic: topic.name, job: job)
        } catch {
            return impossible(error.message, event)
        }
        var start: Duration?
        while true {
            let who: LockHolder?
            switch PushLock.attempt(path, as: holder) {
            case .taken(let lock): return lock
            case .impossible(let sentence): return impossible(sentence, event)
            case .held(let found): who = found
            }
            let now = clock.now
            if start == nil {
                if waited < limit {
                    freeing()
                    event(.waiting("\(file): \(Self.words(who)); waiting for it up to \(spelled(limit - waited))"))
                }
                start = now
            }
            if interrupt.isSet { throw .interrupted }
            let waiting = now - (start ?? now)
            guard waited + waiting < limit else {
                waited += waiting
                let how = waiting > .zero ? "; waited \(spelled(waiting))" : ""
                throw .locked("\(Self.words(who))\(how)")
            }
            pause(milliseconds: 50)
        }
    }

    /// `process 4711 on etl1 has been pushing this file since 2026-11-27 02:00 (userload load /data/a.csv)`.
    static func words(_ holder: LockHolder?) -> String {
        guard let holder else { return "another process is pushing this file" }
        return "process \(holder.pid) on \(holder.host) has been pushing this file since \(localTime(holder.since)) "
            + "(\(holder.command))"
    }

    private func impossible(_ sentence: String, _ event: (PushEvent) -> Void) -> PushLock? {
        if !hasSaidImpossible {
            event(.fault("\(sentence); nothing keeps a second push of the same file from sending it, too"))
        }
        hasSaidImpossible = true
        return nil
    }

    private func spelled(_ duration: Duration) -> String {
        TopicPreparation.spelled(.seconds(max(1, (duration / .seconds(1)).rounded())))
    }
}

/// `2026-11-27 02:00`.
private func localTime(_ date: Date) -> String {
    let parts = Calendar(identifier: .gregorian).dateComponents([.year, .month, .day, .hour, .minute], from: date)
    func two(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
    return "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day)) \(two(parts.hour)):\(two(parts.minute))"
}
