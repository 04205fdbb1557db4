// What a run did, for the command that --on-finish names.

import Pipeline
import Records

struct RunTotals: Equatable, Sendable {
    private(set) var lines: Int64 = 0
    private(set) var rejected: Int64 = 0
    /// In the order in which they were noted, each once.
    private(set) var slugs: [String] = []
    private var known: Set<String> = []

    /// A file that was pushed, or its beginning.
    mutating func note(_ outcome: PushOutcome) {
        lines = lines.addingSaturated(Int64(clamping: outcome.records))
        rejected = rejected.addingSaturated(Int64(clamping: outcome.rejects))
        if let job = outcome.job { add([job.slug]) }
    }

    /// What became of jobs in the database: it takes the place of what was pushed.
    mutating func note(_ jobs: [JobStatus]) {
        lines = jobs.reduce(0) { $0.addingSaturated($1.lines) }
        rejected = jobs.reduce(0) { $0.addingSaturated($1.rejected) }
        add(jobs.map(\.slug))
    }

    /// What a drain loaded.
    mutating func note(_ summary: WorkSummary) {
        let counts = summary.counts
        lines = Int64(clamping: counts.inserted &+ counts.updated &+ counts.duplicates &+ counts.rejected)
        rejected = Int64(clamping: counts.rejected)
        add(summary.touched.filter { $0 != .foreign }.map(\.slug).sorted())
    }

    private mutating func add(_ more: [String]) {
        for slug in more where known.insert(slug).inserted { slugs.append(slug) }
    }
}
