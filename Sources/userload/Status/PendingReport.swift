// The report of a job that is only in this host's journal so far.

import CommandLineOptions
import Foundation
import Log
import Pipeline
import Records

/// The same form as `StatusReport`.
func pendingReport(_ entry: JournalEntry, place: String, times: Times) -> [String] {
    let name = entry.path == "-" ? "stdin" : entry.path.split(separator: "/").last.map(String.init) ?? entry.path
    let headline = [name, entry.size.map { sizeText($0) }, entry.job.slug, JobState.pending.rawValue]
    var pushed = "pushed \(times.dayAndTime(entry.runAt)) by this host (\(times.ago(entry.runAt)))"
    if let label = entry.label { pushed += ", label \(label)" }
    let reason =
        switch entry.state {
        case .pushed: "all of it is in Kafka, \(place) has none of it yet: `userload work` loads it"
        case .open: "push has not finished: the same command resumes it"
        case .broken: "the file changed while it was pushed: push it again with --again"
        }
    return [headline.compactMap { $0 }.joined(separator: "  "), pushed, reason].map(escaped)
}

func pendingDocument(_ entry: JournalEntry) -> JSONValue {
    .object([
        ("slug", .string(entry.job.slug)),
        ("label", JSONValue(entry.label)),
        ("file", .string(entry.path)),
        ("size", JSONValue(entry.size.map { Int64(clamping: $0) })),
        ("host", .string(ProcessInfo.processInfo.hostName)),
        ("state", .string(JobState.pending.rawValue)),
        ("lines", 0), ("inserted", 0), ("updated", 0), ("duplicates", 0), ("rejected", 0), ("fixed", 0),
        ("percent", .null),
        ("pushed_at", JSONValue(entry.runAt)),
        ("completed_at", .null),
        ("rejects", .list([])), ("rejects_examined", 0), ("errors", .list([])),
    ])
}
