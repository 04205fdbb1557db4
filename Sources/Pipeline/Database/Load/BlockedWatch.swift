// Frees a transaction that waits for a worker that was stopped (SIGSTOP, a suspended machine) in the middle of its own:
// no timeout of the server ends a session stopped inside COPY, only pg_terminate_backend does.

package import Postgres

/// Looks, on a connection of its own, at who blocks another connection. Used by that one's thread, while it waits: once
/// the lock is there, nobody can tell any more whom it waited for.
package final class BlockedWatch {
    package struct Patience: Sendable {
        /// Shorter waits are not looked into.
        package var start = Duration.seconds(5)
        /// Between two looks.
        package var interval = Duration.seconds(1)
        /// So many looks in a row must see a session waiting for its client in the same transaction and statement, with
        /// a COPY that has not moved: a worker behind a slow line sends something in between.
        package var looks = 5
        /// The same in the middle of a statement, of which nothing shows whether it still arrives: in this time the
        /// largest batch, 16 MiB, arrives at 140 kB/s.
        package var looksInStatement = 120

        package static let standard = Patience()

        package init() {}
    }

    private let settings: DatabaseSettings
    private let patience: Patience
    private let interrupt: @Sendable () -> Bool
    private let own = OwnBackends.shared
    private var connection: Connection?
    private var standstill = StandstillCount()
    private static let blockers = SQL.text(PackageResources.blockers_sql)
    private static let terminate = SQL.text(PackageResources.terminate_sql)
    /// A look that takes longer is given up: the next one tries again.
    private static let limit = Duration.seconds(5)

    package init(
        _ settings: DatabaseSettings, patience: Patience = .standard, interrupt: @escaping @Sendable () -> Bool
    ) {
        self.settings = settings
        self.patience = patience
        self.interrupt = interrupt
    }

    /// Watches over all waits of `connection`, whose transaction process `pid` serves, until `body` returns. `pid` counts
    /// as ours for as long.
    func watch<R>(_ connection: Connection, pid: Int, _ body: () throws -> R) rethrows -> R {
        own.add(pid)
        standstill.forget()
        connection.waitInterval = patience.interval
        connection.onWait = { [self] in look(at: pid, waited: $0) }
        defer {
            connection.onWait = nil
            own.remove(pid)
        }
        return try body()
    }

    /// - Parameter waited: since the server last took or sent anything. An error must not disturb the connection
    ///   that waits: the next look tries again.
    private func look(at pid: Int, waited: Duration) {
        guard waited >= patience.start else { return standstill.forget() }
        do {
            let connection = try open()
            let rows = try connection.query(Self.blockers, [.int(pid), .text(settings.applicationName)])
            let others = rows.compactMap { row in
                row.int(0).map {
                    StandstillCount.Session(
                        pid: $0, state: row.string(1) ?? "",
                        looks: row.bool(2) == true ? patience.looks : patience.looksInStatement)
                }
            }
            for stopped in standstill.look(at: others.filter { !own.contains($0.pid) }) {
                _ = try connection.query(Self.terminate, [.int(stopped)])
            }
        } catch {
            connection?.close()
            connection = nil
        }
    }

    private func open() throws(PostgresError) -> Connection {
        if let connection, !connection.isBroken {
            connection.deadline = .now + Self.limit
            return connection
        }
        let opened = try Connection(settings, timeout: .seconds(2), interrupt: interrupt)
        opened.deadline = .now + Self.limit
        connection = opened
        return opened
    }
}
