// Takes what is no longer needed of jobs that ended long ago (Design.md, "Runs, labels, rejects that come back").

package import Postgres
package import Records

/// One thread, on the connection it was given, to a migrated database.
package struct JobPruner {
    /// What there is to take.
    package struct Look: Equatable, Sendable {
        /// Jobs whose rejects go, and how many these are.
        package var rejectJobs: [JobID] = []
        package var rejects: Int64 = 0
        /// Jobs that ended long enough ago: their journal entries go.
        package var endedJobs: [JobID] = []
        /// Those of them that have a header or options yet.
        package var describedJobs: [JobID] = []
        /// Of the job of other producers, which never ends: those that are old themselves.
        package var foreignRejects: Int64 = 0
        /// Older ones than the newest of their label and host.
        package var runs: Int64 = 0
    }

    private let connection: Connection

    package init(_ connection: Connection) { self.connection = connection }

    /// - Parameters:
    ///   - age: for how many seconds jobs must have ended.
    ///   - rejectsAge: the same for their rejects.
    package func look(age: Int64, rejectsAge: Int64) throws(PostgresError) -> Look {
        var look = Look()
        for row in try connection.query(SQL.text(PackageResources.prune_look_sql), [.int(age), .int(rejectsAge)]) {
            guard let id = row.string(0).flatMap(JobID.init(uuid:)) else { continue }
            let rejects = Int64(row.int(2) ?? 0)
            if rejects > 0 { look.rejectJobs.append(id) }
            look.rejects += rejects
            guard row.bool(1) == true else { continue }
            look.endedJobs.append(id)
            if row.bool(3) == true { look.describedJobs.append(id) }
        }
        look.foreignRejects = try count(PackageResources.prune_foreign_look_sql, rejectsAge)
        look.runs = try count(PackageResources.prune_runs_look_sql, age)
        return look
    }

    private func count(_ file: [UInt8], _ age: Int64) throws(PostgresError) -> Int64 {
        Int64(try connection.query(SQL.text(file), [.int(age)]).first?.int(0) ?? 0)
    }

    /// Each kind in a transaction of its own: run again, it goes on where it was broken off.
    /// - Parameters: as of `look`.
    /// - Returns: the same with what was deleted.
    package func prune(_ look: Look, age: Int64, rejectsAge: Int64) throws(PostgresError) -> Look {
        var done = look
        done.rejects = 0
        // A job at a time: short transactions.
        for job in look.rejectJobs {
            let sql = SQL.text(PackageResources.prune_rejects_sql)
            done.rejects += Int64(try connection.query(sql, [.array([job.uuid])]).affected)
        }
        if !look.describedJobs.isEmpty {
            let sql = SQL.text(PackageResources.prune_descriptions_sql)
            _ = try connection.query(sql, [.array(look.describedJobs.map(\.uuid))])
        }
        let foreign = SQL.text(PackageResources.prune_foreign_sql)
        done.foreignRejects = Int64(try connection.query(foreign, [.int(rejectsAge)]).affected)
        done.runs = try count(PackageResources.prune_runs_sql, age)
        return done
    }
}
