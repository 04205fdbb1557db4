// What `status` says of a job: a pure function of what the database knows and of the time.

import CommandLineOptions
import Foundation
import Log
import Pipeline
import Records

struct StatusReport {
    let job: JobStatus
    let times: Times
    /// nil: not known.
    var errors: JobErrors?
    var showsValues = false

    /// A job without a new record for this long is explained.
    static let quietSeconds = 300.0

    /// The lines for people; the first ones are the answer. Everything from outside is escaped.
    var lines: [String] {
        var lines = [headline]
        if let pushed { lines.append(pushed) }
        if let conclusion = job.conclusion { lines.append("read as \(conclusion)") }
        lines.append(counts)
        if let progress { lines.append(progress) }
        if job.duplicates > 0 {
            lines.append(
                job.onDuplicate == OnDuplicate.update.rawValue
                    ? "duplicates: nothing in the row differed, or a later record has the same key"
                    : "duplicates: the existing row stays; their other fields are not loaded")
        }
        lines += explanation
        lines += rejects
        return lines.map(escaped)
    }

    /// `people.csv  112 MB  4x7k2m9q  completed, 512 rejects`.
    private var headline: String {
        let rejects = job.rejected > 0 ? ", " + counted(job.rejected, "reject") + fixedSince(job.fixed) : ""
        let parts = [name, job.size.map { sizeText($0) }, job.slug, job.state.rawValue + rejects]
        return parts.compactMap { $0 }.joined(separator: "  ")
    }

    /// The file's own name, without its folder.
    var name: String {
        if job.id == .foreign { return "other producers" }
        guard let file = job.file else { return "unknown file" }
        return file == "-" ? "stdin" : file.split(separator: "/").last.map(String.init) ?? file
    }

    /// `pushed 2026-11-23 02:00 by etl1 (7 h ago), in the database 02:01`.
    private var pushed: String? {
        guard let pushedAt = job.pushedAt else { return nil }
        var line = "pushed \(times.dayAndTime(pushedAt))"
        if let host = job.host { line += " by \(host)" }
        line += " (\(times.ago(pushedAt)))"
        if let label = job.label { line += ", label \(label)" }
        if let completedAt = job.completedAt {
            line += ", in the database \(times.time(completedAt, besides: pushedAt))"
        }
        if let again = job.pushedAgainAt { line += "; pushed again \(times.dayAndTime(again)), unchanged" }
        return line
    }

    /// `1,000,000 lines = 10,000 inserted + …`.
    private var counts: String {
        let what = job.id == .foreign ? "at least \(counted(job.lines, "message"))" : counted(job.lines, "line")
        return what + " = \(grouped(job.inserted)) inserted + \(grouped(job.updated)) updated"
            + " + \(counted(job.duplicates, "duplicate")) + \(grouped(job.rejected)) rejected"
    }

    /// `42 %, 310,000 lines/s, last record 2 s ago`, of an open job.
    private var progress: String? {
        guard job.isOpen, job.lines > 0 else { return nil }
        var parts: [String] = []
        if let percent = job.percent { parts.append("\(percent) %") }
        if let rate, !isQuiet { parts.append("\(grouped(rate)) lines/s") }
        if let age = job.lastRecordAge, !isQuiet { parts.append("last record \(ageText(seconds: age)) ago") }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// Lines per second since the first record.
    private var rate: Int64? {
        guard job.state == .processing, let last = job.lastRecordAt else { return nil }
        let seconds = last.timeIntervalSince(job.firstSeenAt)
        return seconds >= 1 && job.lines > 0 ? Int64(Double(job.lines) / seconds) : nil
    }

    private var isQuiet: Bool { (job.lastRecordAge ?? 0) > Self.quietSeconds }

    /// What is wrong with them, and what to do about it.
    private var rejects: [String] {
        guard job.unfixed > 0 else { return [] }
        var lines: [String] = []
        if let errors {
            if errors.rejects < job.unfixed { lines.append("of the first \(counted(errors.rejects, "reject")):") }
            lines += job.groups(errors).flatMap { $0.lines(showsValues: showsValues) }
            if errors.others > 0 { lines.append("  and \(counted(errors.others, "other code"))") }
        }
        return lines + job.rejectCommands.lines(isLoaded: true)
    }
}

/// `, 498 fixed since`
func fixedSince(_ count: Int64) -> String { count > 0 ? ", \(grouped(count)) fixed since" : "" }

/// What is known beside the jobs themselves.
struct StatusDetails {
    let times: Times
    var errors: [JobID: JobErrors] = [:]
    var showsValues = false

    func report(_ job: JobStatus) -> StatusReport {
        StatusReport(job: job, times: times, errors: errors[job.id], showsValues: showsValues)
    }

    func document(_ job: JobStatus) -> JSONValue {
        statusDocument(job, errors: errors[job.id] ?? JobErrors(), showsValues: showsValues)
    }
}
