// What came of a batch, and which errors of the server mean what (Design.md, "Errors of the server").

package import Postgres

package enum LoadOutcome: Sendable {
    /// All of it is in the database.
    case committed
    /// Positions or progress are not where the batch expected them, or a job's row cannot be made: nothing was written.
    /// With the table that says so.
    case lostSwap(table: String)
    /// Schema, key or identity changed since `DatabaseInfo` was read: nothing was written.
    case schemaChanged
    /// Something that passes. If the connection was lost in COMMIT, it is not known yet whether the transaction was
    /// committed; given the same batch again, the loader finds out.
    case retry(PostgresError)
    /// Another try would end the same way: nothing was written.
    case fatal(PipelineError)
    /// Too many records in a row were refused for one reason: nothing was written.
    case refused(PipelineError)
}

/// Why a transaction cannot continue, apart from the server's errors.
enum LoadObstacle: Error {
    case lostSwap(table: String)
    case schemaChanged
    /// The row of a job that was known to be there is not.
    case missingJob
    case refused(PipelineError)
}

extension LoadOutcome {
    /// For an error out of a batch's transaction, those in rows excepted: they became rejects.
    init(_ error: any Error) {
        switch error {
        case LoadObstacle.lostSwap(let table): self = .lostSwap(table: table)
        case LoadObstacle.missingJob: self = .lostSwap(table: "userload.jobs")
        case LoadObstacle.schemaChanged: self = .schemaChanged
        case LoadObstacle.refused(let failure): self = .refused(failure)
        case let failure as PipelineError: self = .fatal(failure)
        case let error as PostgresError: self.init(error)
        default: self = .fatal(PipelineError.postgres("\(error)"))
        }
    }

    private init(_ error: PostgresError) {
        if let failure = fatalFailure(error) {
            self = .fatal(failure)
        } else if error.isOurFault {
            self = .fatal(PipelineError.postgres("Postgres does not understand userload, a bug in userload: \(error)"))
        } else if error.isData {
            self = .fatal(
                PipelineError.configuration("the schema userload in the database does not take what it must: \(error)"))
        } else {
            self = .retry(error)
        }
    }
}

extension PostgresError {
    /// Malformed COPY data, or bytes that are not UTF-8: made here, whatever the record was.
    var isOurFault: Bool {
        sqlstate == .badCopyFileFormat || sqlstate == .characterNotInRepertoire || sqlstate == .untranslatableCharacter
    }

    /// In the statement on the table of people: an error of one of the rows. Data exception, integrity constraint
    /// violation, an exception raised in a trigger, a row too large for a page or index, a value too deep.
    var isData: Bool {
        guard kind == .server, let sqlstate, !isOurFault else { return false }
        switch sqlstate {
        case .raiseException, .programLimitExceeded, .statementTooComplex: return true
        default: return sqlstate.classCode == "22" || sqlstate.classCode == "23"
        }
    }
}
