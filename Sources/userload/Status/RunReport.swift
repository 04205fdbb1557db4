// What `status` says of a label's run: the answer first, then what needs a person in full, and the rest by a line.

import CommandLineOptions
import Foundation
import Log
import Pipeline
import Records

struct RunReport {
    /// More healthy jobs are only counted.
    private static let named = 20

    let run: LabelRun
    /// Those of the run that the database knows.
    let jobs: [JobStatus]
    let details: StatusDetails

    /// Escaped; one list a paragraph.
    var paragraphs: [[String]] {
        let healthy = jobs.filter { !needsPerson($0) }
        var head = [headline, "pushed \(details.times.dayAndTime(run.sentAt)) by \(run.host) (\(ago))"]
        if run.missing > 0 {
            head.append(
                "\(counted(run.missing, "file")) of it \(run.missing == 1 ? "has" : "have") no job: push refused "
                    + "\(run.missing == 1 ? "it" : "them"), was stopped, or is not there yet; run the same command again"
            )
        }
        head = head.map(escaped)
        head += healthy.prefix(Self.named).map { "  " + (details.report($0).lines.first ?? "") }
        if healthy.count > Self.named {
            head.append(
                "  and \(grouped(healthy.count - Self.named)) more that are completed: `userload jobs` lists them")
        }
        return [head] + jobs.filter(needsPerson).map { details.report($0).lines }
    }

    /// `nightly  6 files: 5 completed, 1 stalled; 12 rejects`.
    private var headline: String {
        var states: [(JobState, Int)] = []
        for job in jobs {
            if let index = states.firstIndex(where: { $0.0 == job.state }) {
                states[index].1 += 1
            } else {
                states.append((job.state, 1))
            }
        }
        var parts = states.map { "\(grouped($0.1)) \($0.0.rawValue)" }
        // Files with the same content are one job.
        let same = run.sent - run.jobs.count
        if same > 0 { parts.append("\(grouped(same)) with the same content as another") }
        if run.missing > 0 { parts.append("\(grouped(run.missing)) without a job") }
        let rejects = jobs.reduce(Int64(0)) { $0.addingSaturated($1.rejected) }
        let fixed = jobs.reduce(Int64(0)) { $0.addingSaturated($1.fixed) }
        return "\(run.label ?? "")  \(counted(run.files, "file")): " + parts.joined(separator: ", ")
            + (rejects > 0 ? "; \(counted(rejects, "reject"))\(fixedSince(fixed))" : "")
    }

    /// Every file has a job, and all of them are completed.
    var isComplete: Bool {
        run.missing == 0 && jobs.count == run.jobs.count && jobs.allSatisfy { $0.state == .completed }
    }

    private var ago: String { details.times.ago(run.sentAt) }

    private func needsPerson(_ job: JobStatus) -> Bool { job.state != .completed || job.unfixed > 0 }
}

/// What `status --max-age` says of a name, in one line, and whether all of it is young enough.
struct AgeReport {
    let name: String
    let limit: Duration
    /// By host.
    let found: [CompletedRun]
    let times: Times

    var isFresh: Bool { !found.isEmpty && found.allSatisfy(isFresh) }

    /// Escaped.
    var line: String {
        guard !isFresh else {
            return escaped("\(name): completed \(hostList(found.map(when), named: LabelReport.listed))")
        }
        guard !found.isEmpty else { return escaped("\(name): no completed run is known") }
        let old = found.filter { !isFresh($0) }.map { run in
            run.at == nil
                ? "no completed run" + on(run)
                : "the newest completed run is of \(when(run)), older than \(spelled(limit))"
        }
        let wayOut = found.count > 1 ? " (--host NAME asks for one host alone)" : ""
        return escaped("\(name): \(hostList(old, named: LabelReport.listed, separator: "; "))\(wayOut)")
    }

    private func isFresh(_ run: CompletedRun) -> Bool { run.age.map { .seconds($0) <= limit } ?? false }

    private func on(_ run: CompletedRun) -> String { run.host.map { " on \($0)" } ?? "" }

    private func when(_ run: CompletedRun) -> String {
        let age = run.age.map { " (\(ageText(seconds: Double($0))) ago)" } ?? ""
        return (run.at.map(times.dayAndTime) ?? "") + on(run) + age
    }
}
