// The runs of a label: what `status LABEL` answers for.

package import Foundation
package import Postgres
package import Records

/// One push or load command, as far as its start markers came.
package struct LabelRun: Equatable, Sendable {
    package let id: JobID
    package let host: String
    /// That the command was given.
    package let files: Int
    /// Of its latest start marker, by the broker's clock.
    package let sentAt: Date
    package let label: String?
    /// In the order of their files' names.
    package var jobs: [JobID] = []
    /// Files that these jobs are.
    package var sent = 0

    package init(
        id: JobID, host: String, files: Int, sentAt: Date, label: String?, jobs: [JobID] = [], sent: Int = 0
    ) {
        self.id = id
        self.host = host
        self.files = files
        self.sentAt = sentAt
        self.label = label
        self.jobs = jobs
        self.sent = sent
    }

    /// Files that have no job: push refused them, was stopped before them, or has not come to them yet.
    package var missing: Int { max(0, files - sent) }
}

/// The newest completed run of a host, or push of a file.
package struct CompletedRun: Equatable, Sendable {
    /// nil: of a file, wherever it was pushed.
    package let host: String?
    /// nil: there is none.
    package let at: Date?
    /// In seconds, by the database's clock.
    package let age: Int64?

    package init(host: String?, at: Date?, age: Int64?) {
        self.host = host
        self.at = at
        self.age = age
    }
}

extension JobReader {
    /// So many runs of a host are looked at for one that is completed.
    private static let runsLookedAt = 100

    /// Of more hosts the runs are only counted: anybody who may write to the topic can make them up.
    package static let hostsLookedAt = 1_000

    /// The latest run of each host, or of one, with this label, the newest first; and how many hosts there are.
    package func latestRuns(label: String, host: String?) throws(PostgresError) -> (runs: [LabelRun], hosts: Int) {
        let rows = try connection.query(
            SQL.text(PackageResources.latest_runs_sql), [.text(label), .optional(host), .int(Self.hostsLookedAt)])
        let runs = try runs(rows.compactMap { $0.string(0).flatMap(JobID.init(uuid:)) })
        return (runs, rows.first?.int(1) ?? 0)
    }

    /// As they are now.
    package func runs(_ ids: [JobID]) throws(PostgresError) -> [LabelRun] {
        guard !ids.isEmpty else { return [] }
        var runs: [LabelRun] = []
        for row in try connection.query(SQL.text(PackageResources.runs_sql), [.array(ids.map(\.uuid))]) {
            guard let id = row.string(0).flatMap(JobID.init(uuid:)) else { continue }
            if runs.last?.id != id {
                runs.append(
                    LabelRun(
                        id: id, host: row.string(1) ?? "", files: row.int(2) ?? 0, sentAt: Self.date(row.int(3)),
                        label: row.string(4)))
            }
            guard let job = row.string(5).flatMap(JobID.init(uuid:)) else { continue }
            runs[runs.count - 1].jobs.append(job)
            runs[runs.count - 1].sent = runs[runs.count - 1].sent.addingSaturated(row.int(6) ?? 0)
        }
        return runs
    }

    /// By host; empty: there is no run with this label.
    package func completedRuns(label: String, host: String?) throws(PostgresError) -> [CompletedRun] {
        let sql = SQL.text(PackageResources.completed_runs_sql)
        return try connection.query(sql, [.text(label), .optional(host), .int(Self.runsLookedAt)]).map { row in
            CompletedRun(
                host: row.string(0), at: row.int(1).map { Self.date($0) }, age: row.int(2).map { Int64($0) })
        }
    }

    /// The newest push of those of these jobs that are completed.
    package func completedPush(of jobs: [JobID]) throws(PostgresError) -> CompletedRun {
        let rows = try connection.query(SQL.text(PackageResources.completed_push_sql), [.array(jobs.map(\.uuid))])
        return CompletedRun(
            host: nil, at: rows.first?.int(0).map { Self.date($0) }, age: rows.first?.int(1).map { Int64($0) })
    }

    private static func date(_ milliseconds: Int?) -> Date {
        Date(timeIntervalSince1970: Double(milliseconds ?? 0) / 1000)
    }
}
