// Who reads a topic by hand into this database: one at a time, so that two of them do not do the same work. Correctness
// does not depend on it (Design.md, "Exactly once" 13). A lease in a row, not a lock in an open transaction: that would take a
// connection of its own for as long as it is held or waited for, and a pooler has few.

package import Postgres
import Records

/// One thread at a time, on a connection that is not in a transaction.
package final class HandReaderLease {
    /// A holder that died or was stopped is missed for so long; renewed three times as often.
    package static let duration = Duration.seconds(3)

    private let connection: Connection
    private let parameters: [Parameter]
    private var isHeld = false

    package init(_ connection: Connection, cluster: String, topic: String) {
        self.connection = connection
        var random = SystemRandomNumberGenerator()
        let holder = JobID(high: random.next(), low: random.next()).uuid
        parameters = [.text(cluster), .text(topic), .text(holder)]
    }

    /// Takes it or renews it; false: somebody else has it.
    package func take() throws(PostgresError) -> Bool {
        let milliseconds = Self.duration.components.seconds * 1000
        isHeld = try !connection.change(
            SQL.text(PackageResources.hand_reader_take_sql), parameters + [.int(milliseconds)]
        ).isEmpty
        return isHeld
    }

    /// Lets the next one take it at once.
    package func release() {
        guard isHeld, !connection.isBroken else { return }
        isHeld = false
        _ = try? connection.change(SQL.text(PackageResources.hand_reader_release_sql), parameters)
    }
}

extension Connection {
    /// A statement that writes, outside a transaction of ours; where transactions are read-only by default, in one that is not.
    func change(_ sql: String, _ parameters: [Parameter]) throws(PostgresError) -> Rows {
        do {
            return try query(sql, parameters)
        } catch {
            guard error.sqlstate == .readOnlyTransaction, !isBroken else { throw error }
            try execute("BEGIN READ WRITE")
            do {
                let rows = try query(sql, parameters)
                try commit()
                return rows
            } catch {
                if !isBroken { try? execute("ROLLBACK") }
                throw error
            }
        }
    }
}
