// Deletes a person, and the rejects that name exactly this person.

package import FoundationEssentials
package import Postgres
package import Records

/// One thread, on the connection it was given, to a migrated database.
package struct PersonForgetter {
    /// Where a reject is that mentions the name.
    package struct Mention: Equatable, Sendable {
        package let job: JobID
        /// Of the file; of the job "-", the offset in Kafka.
        package let line: Int64
    }

    package struct Outcome: Equatable, Sendable {
        package var rows: Int64 = 0
        /// When the latest of them came.
        package var latest: Date?
        package var rejects: Int64 = 0
        /// Rejects with the name in their bytes that are another person's, or cannot be told: they stay.
        package var mentions: Int64 = 0
        /// The first of them.
        package var firstMentions: [Mention] = []
    }

    package static let mentionsListed = 20
    /// Rejects deleted by one statement.
    private static let chunk = 1_000

    private struct Key {
        let partition, seq, offset, time: Int
        let cluster, topic: String
    }

    private let connection: Connection
    private let info: DatabaseInfo

    package init(_ connection: Connection, _ info: DatabaseInfo) {
        self.connection = connection
        self.info = info
    }

    /// - Parameter records: how the rejects of a job are read.
    package func forget(name: String, age: Int, records: (JobStatus) -> KeptRecords) throws -> Outcome {
        var outcome = Outcome()
        let sql = SQL.text(PackageResources.forget_person_sql, [("users", info.table)])
        for row in try connection.query(sql, [.text(name), .int(age)]) {
            outcome.rows += 1
            let came = row.double(0).map { Date(timeIntervalSince1970: $0 / 1000) }
            outcome.latest = [outcome.latest, came].compactMap { $0 }.max()
        }
        let jobs = JobReader(connection)
        let ids = try connection.query(SQL.text(PackageResources.forget_jobs_sql)).compactMap {
            $0.string(0).flatMap(JobID.init(uuid:))
        }
        for id in ids {
            guard let job = try jobs.statuses([id]).first else { continue }
            let keys = try keys(of: job, Array(name.utf8), age, records(job), &outcome)
            for start in stride(from: 0, to: keys.count, by: Self.chunk) {
                outcome.rejects += try delete(keys[start..<min(start + Self.chunk, keys.count)], of: id)
            }
        }
        return outcome
    }

    private func keys(
        of job: JobStatus, _ name: [UInt8], _ age: Int, _ records: KeptRecords, _ outcome: inout Outcome
    ) throws -> [Key] {
        var keys: [Key] = []
        var mentions: [Mention] = []
        var count: Int64 = 0
        try connection.stream(SQL.text(PackageResources.forget_rejects_sql), [.text(job.id.uuid)]) { row in
            let bytes = row.bytea(8) ?? []
            let person = records.person(in: bytes, isOriginal: row.string(7) != Reject.Form.json.rawValue)
            if person?.name == name, person?.age == age {
                keys.append(
                    Key(
                        partition: row.int(0) ?? 0, seq: row.int(1) ?? 0, offset: row.int(2) ?? 0,
                        time: row.int(3) ?? 0, cluster: row.string(4) ?? "", topic: row.string(5) ?? ""))
            } else if person?.name == name || Self.mentions(name, in: bytes, besides: person?.name) {
                count += 1
                guard mentions.count < Self.mentionsListed else { return }
                mentions.append(Mention(job: job.id, line: Int64(row.int(job.id == .foreign ? 2 : 6) ?? 0)))
            }
        }
        outcome.mentions += count
        outcome.firstMentions += mentions.prefix(Self.mentionsListed - outcome.firstMentions.count)
        return keys
    }

    /// Whether a record has the name other than as a part of the longer name of the person it is about.
    private static func mentions(_ name: [UInt8], in bytes: [UInt8], besides other: [UInt8]?) -> Bool {
        let all = bytes.ranges(of: name).count
        guard all > 0, let other else { return all > 0 }
        return all > bytes.ranges(of: other).count * other.ranges(of: name).count
    }

    private func delete(_ keys: ArraySlice<Key>, of job: JobID) throws(PostgresError) -> Int64 {
        let parameters: [Parameter] = [
            .text(job.uuid), .array(keys.map(\.partition)), .array(keys.map(\.seq)), .array(keys.map(\.offset)),
            .array(keys.map(\.time)), .array(keys.map(\.cluster)), .array(keys.map(\.topic)),
        ]
        return Int64(try connection.query(SQL.text(PackageResources.forget_delete_sql), parameters).affected)
    }
}
