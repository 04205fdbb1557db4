// How every transaction begins that a migration must not meet half-way: the server's process is asked before the first
// lock is, so that the wait for the lock is watched, too.

internal import Postgres

/// An open transaction, as the server knows it.
struct SchemaTransaction {
    /// The server process that serves it.
    let pid: Int
    /// Its id (xid8), by which its fate can be asked for when the answer to COMMIT was lost.
    let id: String

    private static let script = SQL.text(PackageResources.begin_sql)

    /// Begins one on `connection`; `body` takes the lock, does the work and commits. If it throws, the caller rolls back.
    static func run<R>(
        on connection: Connection, _ watch: BlockedWatch, _ body: (SchemaTransaction) throws -> R
    ) throws -> R {
        let rows = try connection.last(of: script)
        guard let row = rows.first, let pid = row.int(0), let id = row.string(1) else {
            throw PostgresError(kind: .protocolViolation, message: "BEGIN was answered with something else")
        }
        return try watch.watch(connection, pid: pid) { try body(SchemaTransaction(pid: pid, id: id)) }
    }
}

extension Connection {
    /// Commits. COMMIT of a failed transaction answers ROLLBACK, without an error.
    func commit() throws(PostgresError) {
        guard try command("COMMIT") == "COMMIT" || Torture.has(.rollbackBelieved) else {
            throw PostgresError(kind: .protocolViolation, message: "the transaction was rolled back at COMMIT")
        }
    }

    /// Keeps migrations away until the end of the transaction, and runs `statements` in the same round trip; returns
    /// their rows.
    /// - Throws: `LoadObstacle.schemaChanged` if there was a migration since `info` was read.
    func lockSchema(as info: DatabaseInfo, andRun statements: [Statement]) throws -> ArraySlice<Rows> {
        let lock = [Statement(SchemaLock.shared), Statement(SchemaLock.revision)]
        let rows = try pipeline(lock + statements)
        guard rows[1].first?.int(0) == info.revision else { throw LoadObstacle.schemaChanged }
        return rows[2...]
    }
}
