// A connection to a migrated database, for the commands that read it.

import CommandLineOptions
import Foundation
import Log
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
    private static let listPatience = Duration.seconds(600)

    /// - Throws: `PostgresError`; `PipelineError` for a database without our schema, or with a newer one.
    /// - Parameter patience: how long the server may say nothing to what is asked then: a long list may have to be sorted
    ///   before its first row comes. nil: as long as it likes, for what changes many rows.
    func openDatabase(
        _ arguments: ParsedArguments, patience: Duration? = listPatience
    ) throws -> DatabaseSession {
        let connection = try connect(
            try databaseTarget(arguments), patience: min(.seconds(30), patience ?? .seconds(30)))
        return try session(on: connection, patience: patience)
    }

    private func session(on connection: Connection, patience: Duration?) throws -> DatabaseSession {
        let info = try DatabaseInfo.read(connection)
        connection.patience = patience
        return DatabaseSession(
            connection: connection, info: info, jobs: JobReader(connection), users: UserReader(connection, info))
    }

    /// The same, of a database that may have no schema yet: whoever loads makes it, and may start later.
    /// - Returns: nil: not within `timeout`, or the program was told to stop.
    func openDatabaseOnceMade(_ arguments: ParsedArguments, timeout: Duration?) throws -> DatabaseSession? {
        let start = ContinuousClock.now
        let connection = try connect(try databaseTarget(arguments), patience: .seconds(30))
        var hasSaid = false
        while try !DatabaseInfo.isMade(connection) {
            if !hasSaid {
                logger.info(
                    "\(connection.place) has no schema userload yet: waiting for `userload work`, `userload load` or "
                        + "`userload migrate` to make it")
            }
            hasSaid = true
            let left = timeout.map { $0 - (.now - start) } ?? .seconds(1)
            guard left > .zero, !interrupt.isSet else { return nil }
            pause(min(left, .seconds(1)))
        }
        return try session(on: connection, patience: Self.listPatience)
    }

    /// On a connection of its own; a database that does not answer is not waited for.
    func openUpdates(_ arguments: ParsedArguments, holdingUp topic: Topic) throws -> [OpenUpdate] {
        let session = try openDatabase(arguments, patience: .seconds(5))
        defer { session.connection.close() }
        return try session.jobs.openUpdates(holdingUp: topic)
    }

    /// - Parameter patience: nil: what is asked may take as long as it likes.
    func connect(_ target: DatabaseTarget, patience: Duration? = nil) throws(PostgresError) -> Connection {
        let interrupt = interrupt
        let connection = try Connection(
            target.settings, timeout: min(.seconds(10), patience ?? .seconds(10)), interrupt: { interrupt.isSet })
        connection.patience = patience
        return connection
    }

    /// The same, tried again while the server is away or has no connection to spare.
    /// - Throws: `PostgresError` once that has lasted for `patience`.
    func connectPatiently(_ target: DatabaseTarget, for patience: Duration) throws(PostgresError) -> Connection {
        let start = ContinuousClock.now
        var backoff = Backoff()
        while true {
            do {
                return try connect(target, patience: min(.seconds(30), patience))
            } catch {
                let isOver = interrupt.isSet || fatalFailure(error) != nil
                let pause = backoff.next()
                if isOver || ContinuousClock.now - start + pause >= patience { throw error }
                Thread.sleep(forTimeInterval: pause.seconds)
            }
        }
    }
}

extension Context {
    private static let damagedNamed = 20

    /// Says which jobs were left out because their rows cannot be read.
    /// - Returns: the exit code for that.
    func tellDamaged(_ jobs: [DamagedJob]) -> ExitCode {
        for job in jobs.prefix(Self.damagedNamed) { logger.warning(job.sentence, [("job", job.id.slug)]) }
        if jobs.count > Self.damagedNamed {
            logger.warning("the rows of \(counted(jobs.count - Self.damagedNamed, "other job")) cannot be read, either")
        }
        return jobs.isEmpty ? .done : .configuration
    }
}

extension DatabaseSession {
    /// The one job that `name` means.
    /// - Throws: `Failure` with exit code 4: none, or several.
    func job(_ name: String) throws -> JobStatus {
        let match = try jobs.find(name)
        // The one that is meant may be one of these.
        if let damaged = jobs.damaged.jobs.first { throw Failure(.configuration, damaged.sentence) }
        switch match {
        case .found(let job, _): return job
        case .ambiguous(let jobs): throw ambiguous(name, jobs)
        case .none: throw noSuchJob(name)
        }
    }

    /// What is wrong with their rejects.
    func errors(of jobs: [JobStatus]) throws(PostgresError) -> [JobID: JobErrors] {
        try self.jobs.errors(of: jobs.filter { $0.unfixed > 0 }.map(\.id))
    }

    func noSuchJob(_ name: String) -> Failure {
        Failure(.noSuchJob, "no job '\(name)' in \(connection.place)", hint: "`userload jobs` lists them")
    }

    func ambiguous(_ name: String, _ jobs: [JobStatus]) -> Failure {
        let ids = jobs.map { $0.id.text.prefix(12) }.joined(separator: ", ")
        return Failure(.noSuchJob, "several jobs begin with '\(name)': \(ids)")
    }
}
