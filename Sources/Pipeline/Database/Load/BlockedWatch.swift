// Frees a batch that waits for a worker that was stopped (SIGSTOP, a suspended machine) in the middle of its transaction:
// no timeout of the server ends a session stopped inside COPY, only pg_terminate_backend does.

internal import Postgres

/// Looks, on a connection of its own, at who blocks another connection. Used by that one's thread, while it waits.
package final class BlockedWatch {
    package struct Patience: Sendable {
        /// A wait shorter than this is nobody's business.
        package var start = Duration.seconds(5)
        /// Between two looks.
        package var interval = Duration.seconds(1)
        /// So many looks in a row must see a session waiting for its client in the same transaction: a slow worker
        /// sends something in between.
        package var looks = 5

        package static let standard = Patience()

        package init() {}
    }

    private struct Suspect: Equatable {
        let transaction: String
        let statement: String
    }

    /// The server process that may be blocked.
    var pid = 0
    private let settings: DatabaseSettings
    private let patience: Patience
    private let interrupt: @Sendable () -> Bool
    private var connection: Connection?
    private var suspects: [Int: (suspect: Suspect, looks: Int)] = [:]
    private static let blockers = SQL.text(PackageResources.loader_blockers_sql)

    init(_ settings: DatabaseSettings, patience: Patience, interrupt: @escaping @Sendable () -> Bool) {
        self.settings = settings
        self.patience = patience
        self.interrupt = interrupt
    }

    /// - Parameter waited: since the blocked statement was sent. An error is no reason to disturb the one who waits:
    ///   the next look tries again.
    func look(waited: Duration) {
        guard waited >= patience.start else {
            suspects = [:]
            return
        }
        do {
            if connection?.isBroken ?? true {
                connection = try Connection(settings, timeout: .seconds(2), interrupt: interrupt)
            }
            try look(on: connection!)
        } catch {
            connection?.close()
            connection = nil
        }
    }

    private func look(on connection: Connection) throws(PostgresError) {
        let rows = try connection.query(Self.blockers, [.int(pid), .text(settings.applicationName)])
        var seen: [Int: (suspect: Suspect, looks: Int)] = [:]
        for row in rows {
            guard let blocker = row.int(0) else { continue }
            let suspect = Suspect(transaction: row.string(1) ?? "", statement: row.string(2) ?? "")
            let before = suspects[blocker].flatMap { $0.suspect == suspect ? $0.looks : nil } ?? 0
            seen[blocker] = (suspect, before + 1)
            if before + 1 >= patience.looks {
                _ = try connection.query("SELECT pg_terminate_backend($1)", [.int(blocker)])
                seen[blocker] = nil
            }
        }
        suspects = seen
    }
}
