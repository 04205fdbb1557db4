// A connection to a migrated database, for the commands that read it.

import CommandLineOptions
import Pipeline
import Records
import Postgres

struct DatabaseSession {
    let connection: Connection
    let info: DatabaseInfo
    let jobs: JobReader
    let users: UserReader
}

extension Context {
    /// - Throws: `PostgresError`; `PipelineError` for a database without our schema, or with a newer one.
    func openDatabase(_ arguments: ParsedArguments) throws -> DatabaseSession {
        let connection = try connect(try databaseTarget(arguments))
        let info = try DatabaseInfo.read(connection)
        return DatabaseSession(
            connection: connection, info: info, jobs: JobReader(connection), users: UserReader(connection, info))
    }

    func connect(_ target: DatabaseTarget) throws(PostgresError) -> Connection {
        let interrupt = interrupt
        return try Connection(target.settings, interrupt: { interrupt.isSet })
    }
}

extension DatabaseSession {
    /// The one job that `name` means.
    /// - Throws: `Failure` with exit code 4: none, or several.
    func job(_ name: String) throws -> JobStatus {
        switch try jobs.find(name) {
        case .found(let job, _): return job
        case .ambiguous(let jobs): throw ambiguous(name, jobs)
        case .none: throw noSuchJob(name)
        }
    }

    /// What is wrong with their rejects.
    func errors(of jobs: [JobStatus]) throws(PostgresError) -> [JobID: JobErrors] {
        try self.jobs.errors(of: jobs.filter { $0.rejected > 0 }.map(\.id))
    }

    func noSuchJob(_ name: String) -> Failure {
        Failure(.noSuchJob, "no job '\(name)' in \(connection.place)", hint: "`userload jobs` lists them")
    }

    func ambiguous(_ name: String, _ jobs: [JobStatus]) -> Failure {
        let ids = jobs.map { $0.id.text.prefix(12) }.joined(separator: ", ")
        return Failure(.noSuchJob, "several jobs begin with '\(name)': \(ids)")
    }
}
