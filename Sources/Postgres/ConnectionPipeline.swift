// Statements that are sent together and answered together: one round trip (libpq's pipeline mode, 14 and newer).

internal import CPostgres

/// One statement and its parameters, to be run with others.
package struct Statement {
    let sql: String
    let parameters: [Parameter]

    package init(_ sql: String, _ parameters: [Parameter] = []) {
        self.sql = sql
        self.parameters = parameters
    }
}

extension Connection {
    /// Runs statements in order, one round trip for all of them, and returns the rows of each. They may begin and
    /// end a transaction; after a failure it is open. Not for COPY.
    /// - Throws: the first failure. What stands behind it was not run.
    package func pipeline(_ statements: [Statement]) throws(PostgresError) -> [Rows] {
        guard !statements.isEmpty else { return [] }
        guard !isBroken else {
            throw PostgresError(kind: .connection, message: "the connection to Postgres is closed")
        }
        startWaiting()
        guard PQenterPipelineMode(handle) == 1 else { throw PostgresError(connection: handle) }
        do throws(PostgresError) {
            for statement in statements {
                let packed = PackedParameters(statement.parameters)
                guard packed.send(statement.sql, on: handle) == 1 else { throw PostgresError(connection: handle) }
            }
            guard PQpipelineSync(handle) == 1 else { throw PostgresError(connection: handle) }
            try flush()
            let rows = try pipelineResults(statements.count)
            guard PQexitPipelineMode(handle) == 1 else { throw PostgresError(connection: handle) }
            return try rows.get()
        } catch {
            // An answer may still come: it must not be taken for another statement's.
            if PQpipelineStatus(handle) != PQ_PIPELINE_OFF { giveUp() }
            throw error
        }
    }

    /// Reads up to the end of the pipeline. A failure of a statement is a result: the answers behind it are read, too.
    private func pipelineResults(_ count: Int) throws(PostgresError) -> Result<[Rows], PostgresError> {
        var rows: [Rows] = []
        var failure: PostgresError?
        for _ in 0..<count {
            var last: ResultHandle?
            while let result = try nextResult() {
                switch PQresultStatus(result.pointer) {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK: last = result
                // Not run, because of the failure before it.
                case PGRES_PIPELINE_ABORTED: break
                default: failure = failure ?? PostgresError(result: result.pointer)
                }
                guard !isBroken else { throw failure ?? PostgresError(connection: handle) }
            }
            if let last { rows.append(Rows(result: last)) }
        }
        guard let end = try nextResult(), PQresultStatus(end.pointer) == PGRES_PIPELINE_SYNC else {
            throw failure ?? PostgresError(kind: .protocolViolation, message: "no end of the answers to a pipeline")
        }
        if let failure { return .failure(failure) }
        guard rows.count == count else {
            return .failure(PostgresError(kind: .protocolViolation, message: "no answer to a statement of a pipeline"))
        }
        return .success(rows)
    }
}
