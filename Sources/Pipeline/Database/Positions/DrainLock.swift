// Who reads a topic by hand into this database: one at a time, so that two of them do not do the same work. Correctness
// does not depend on it (DESIGN, "Exactly once" 13).

package import Postgres

/// `pg_try_advisory_xact_lock` in an open transaction on a connection of its own: a session's lock would stay on a
/// pooler's connection. One thread at a time.
package final class DrainLock {
    private let connect: () throws -> Connection
    private let cluster: String
    private let topic: String
    private var connection: Connection?
    private var isHeld = false

    /// - Parameter connect: makes the connection, at the first try and after one that broke.
    package init(cluster: String, topic: String, connect: @escaping () throws -> Connection) {
        self.cluster = cluster
        self.topic = topic
        self.connect = connect
    }

    /// Whether we hold it now; tries to take it. Without a connection to be had we do not.
    package func take() -> Bool {
        do {
            let open = try opened()
            if isHeld {
                // The lock is gone with its connection.
                try open.execute("SELECT")
                return true
            }
            let rows = try open.query(
                SQL.text(PackageResources.drain_lock_sql), [.text(cluster), .text(topic)])
            isHeld = rows.first?.bool(0) == true
            return isHeld
        } catch {
            close()
            return false
        }
    }

    /// Gives it back. Idempotent; it may be taken again.
    package func close() {
        isHeld = false
        connection?.close()
        connection = nil
    }

    private func opened() throws -> Connection {
        if let connection, !connection.isBroken { return connection }
        close()
        let made = try connect()
        connection = made
        try made.execute(SQL.text(PackageResources.drain_lock_begin_sql))
        return made
    }
}
