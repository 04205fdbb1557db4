// Questions that Postgres must not compile (jit).

internal import Postgres

extension Connection {
    /// The server guesses that many small look-ups cost much, and compiling them would take seconds where they take
    /// milliseconds. In one round trip.
    func queryUncompiled(_ sql: String, _ parameters: [Parameter] = []) throws(PostgresError) -> Rows {
        let statement = Statement(sql, parameters)
        guard transactionStatus == .idle else { return try pipeline([statement])[0] }
        do {
            return try pipeline([
                Statement("BEGIN READ ONLY"), Statement("SET LOCAL jit = off"), statement, Statement("COMMIT"),
            ])[2]
        } catch {
            if !isBroken { try? execute("ROLLBACK") }
            throw error
        }
    }
}
