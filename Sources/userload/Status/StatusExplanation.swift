// Why a job is not complete, and the command that repairs it, ready to be copied.

import CommandLineOptions
import Pipeline
import Records

extension StatusReport {
    /// Empty for a job that needs no attention.
    var explanation: [String] {
        switch (job.state, job.reason) {
        case (.stalled, let reason): stalled(reason)
        case (.inconsistent, let reason): inconsistent(reason)
        case (.abandoned, _):
            [
                "abandoned \(job.abandonedAt.map { times.ago($0) } ?? ""); if more records arrive, they are loaded and the job is open again"
            ]
        case (.undone, _):
            [
                "undone \(job.undoneAt.map { times.ago($0) } ?? ""): what it had inserted is deleted; to load it again: "
                    + repair("--again")
            ]
        case (.pending, _), (.processing, _): unfinished
        case (.interrupted, _): interrupted
        case (.completed, _): []
        }
    }

    private var interrupted: [String] {
        let since = job.lastRecordAge.map { ", last record \(ageText(seconds: $0)) ago" } ?? ""
        let abandon = "`userload abandon \(job.slug)`"
        guard let push = pushCommand() else {
            return [
                "interrupted: push\(onHost) has died\(since), and read a stream, so it cannot be resumed: \(abandon)"
            ]
        }
        return [
            "interrupted: push\(onHost) has died\(since): to resume it, run\(job.host == nil ? "" : " there") `\(push)`; "
                + "to give it up: \(abandon)"
        ]
    }

    /// A job without a new record for a while.
    private var unfinished: [String] {
        guard job.isOpen, let age = job.lastRecordAge, age > Self.quietSeconds else { return [] }
        let since = "last record \(ageText(seconds: age)) ago; push\(onHost) has not finished"
        let abandon = "`userload abandon \(job.slug)`"
        guard let push = pushCommand() else {
            return ["\(since) and cannot be resumed, as it read a stream: \(abandon)"]
        }
        return [
            "\(since): run\(job.host == nil ? "" : " there") `\(push)`, or \(abandon)",
            "(if that says already pushed, no worker reads the topic: run `userload work`)",
        ]
    }

    private func stalled(_ reason: JobReason?) -> [String] {
        let resend = repair("--resend")
        switch reason {
        case .key:
            let pushed = (job.keyFields ?? []).joined(separator: ",")
            let here = job.databaseKeyFields.joined(separator: ",")
            return [
                "stalled: pushed for the unique key \(pushed), this database has \(here), so nothing of it was loaded",
                "to push it for this database: `USERLOAD_UNIQUE_KEY=\(here) \(pushCommand() ?? "userload push FILE")`",
                "to change the database: `USERLOAD_UNIQUE_KEY=\(pushed) userload migrate`, then \(resend)",
            ]
        case .mode:
            return [
                "stalled: pushed with --on-duplicate \(job.onDuplicate ?? "?"), which this userload does not know, so "
                    + "nothing of it was loaded", "upgrade `userload work`, then \(resend)",
            ]
        case .partitions:
            return held(resend)
        case .version:
            return [
                "stalled: pushed by a newer userload (wire version \(job.wireVersion)), so nothing of it was loaded",
                "upgrade `userload work`, then \(resend)",
            ]
        default:
            return [
                "stalled: messages before those that came are missing (expired, unreadable, or lost by Kafka): \(resend)"
            ]
        }
    }

    /// An update job that waits for others.
    private func held(_ resend: String) -> [String] {
        let count = job.partitions.map { counted($0, "partition") } ?? "other partitions"
        let others = (job.waitsFor ?? []).map { other in
            let isStuck = other.state == .stalled || other.state == .interrupted
            let wait =
                isStuck
                ? "see `userload status \(other.slug)`"
                : "wait until that has ended (`userload status --wait \(other.slug)`)"
            return
                "it waits for \(other.slug) (\(other.name), \(other.count), \(other.state.rawValue)): \(wait), or give it "
                + "up (`userload abandon \(other.slug)`)"
        }
        return [
            "stalled: pushed for \(count), while an --on-duplicate update job pushed for another number had not ended; "
                + "which is the later one can be told only within a partition, so nothing of it was loaded"
        ] + others + [others.isEmpty ? "that has ended since: \(resend)" : "then \(resend)"]
    }

    private func inconsistent(_ reason: JobReason?) -> [String] {
        let again = repair("--again")
        switch reason {
        case .changed:
            return ["inconsistent: the file changed while it was pushed; to load it as it is now: \(again)"]
        case .sum:
            return [
                "inconsistent: rows were dropped on their way into the table (by a trigger?): look there first, then \(again)"
            ]
        default:
            return ["inconsistent: other content arrived than was pushed: \(again)"]
        }
    }

    private var onHost: String { job.host.map { " on \($0)" } ?? "" }

    /// "run on etl1 `userload push --resend /data/people.csv`".
    private func repair(_ option: String) -> String {
        if job.file == "-" { return "it read a stream: push that again" }
        guard let push = pushCommand(option) else {
            return "run `userload push \(option)` with its file, where it was pushed"
        }
        return "run\(onHost) `\(push)`"
    }

    /// What to type to push the job again; nil for a stream, which cannot be read twice.
    private func pushCommand(_ option: String? = nil) -> String? {
        guard let options = job.options, job.file != "-" else { return nil }
        return (["userload", "push"] + [option].compactMap { $0 } + options).map(shellQuoted).joined(separator: " ")
    }
}
