// A connection that loads batches, one transaction each (DESIGN, "Exactly once" 5, 6, 11, 12).

package import Postgres

/// Where a transaction has come to; for tests that cut it off there.
package enum LoadStage: Sendable, CaseIterable {
    case begun, positionsSwapped, progressSwapped, jobsWritten, rowsCopied, rejectsWritten, counted
}

/// Loads batches of one topic into one database. One thread at a time; connects when it has something to load.
package final class Loader {
    private let settings: DatabaseSettings
    private let interrupt: @Sendable () -> Bool
    private let patience: BlockedWatch.Patience
    private var connection: Connection?
    private var memory = LoaderMemory()
    private let environment: LoadEnvironment

    /// Called on the loading thread after each stage, with the connection; for tests.
    package var onStage: ((LoadStage, Connection) -> Void)?

    /// - Parameters:
    ///   - cluster: Kafka's cluster id.
    ///   - maxRefused: so many records in a row, refused by Postgres for one reason, are `refused`; 0: any number are
    ///     rejects.
    ///   - interrupt: true breaks the connection off, within 100 ms, and with it what is in hand.
    ///   - patience: of the watch for stopped workers.
    package init(
        target: DatabaseTarget, info: DatabaseInfo, cluster: String, topic: String, maxRefused: Int = 1_000,
        interrupt: @escaping @Sendable () -> Bool = { false }, patience: BlockedWatch.Patience = .standard
    ) {
        settings = target.settings
        self.interrupt = interrupt
        self.patience = patience
        environment = LoadEnvironment(
            info: info, cluster: cluster, topic: topic, maxRefused: maxRefused, statements: LoaderStatements(info))
    }

    deinit { close() }

    package func close() {
        connection?.close()
        connection = nil
    }

    /// Loads `batch`, all of it or nothing. If it was committed, its progress steps say what became of its records; else
    /// it is as it was.
    package func load(_ batch: Batch) -> LoadOutcome {
        batch.sortRows()
        do {
            let connection = try open()
            do {
                try perform(batch, on: connection)
                return .committed
            } catch {
                giveUp(connection)
                return LoadOutcome(error)
            }
        } catch {
            return LoadOutcome(error)
        }
    }

    private func perform(_ batch: Batch, on connection: Connection) throws {
        let watch = BlockedWatch(settings, patience: patience, interrupt: interrupt)
        defer { connection.onWait = nil }
        let transaction = LoadTransaction(batch, connection, environment, memory) { [unowned self] stage in
            onStage?(stage, connection)
        }
        watch.pid = try transaction.begin()
        connection.waitInterval = patience.interval
        connection.onWait = { watch.look(waited: $0) }
        try transaction.write()
        guard try connection.command("COMMIT") == "COMMIT" else {
            throw PostgresError(kind: .protocolViolation, message: "COMMIT was answered with something else")
        }
        memory = transaction.memory
        for index in batch.progress.indices {
            batch.progress[index].inserted = transaction.tally.inserted[index]
            batch.progress[index].duplicates = transaction.tally.duplicates[index]
            batch.progress[index].rejected = transaction.tally.rejected[index]
        }
    }

    private func open() throws(PostgresError) -> Connection {
        if let connection, !connection.isBroken { return connection }
        close()
        let opened = try Connection(settings, interrupt: interrupt)
        connection = opened
        return opened
    }

    /// Rolls back; on a connection that does not do even that, nothing more is asked.
    private func giveUp(_ connection: Connection) {
        guard !connection.isBroken, (try? connection.command("ROLLBACK")) != nil else { return close() }
    }
}

/// What every batch of a loader has in common.
struct LoadEnvironment: Sendable {
    let info: DatabaseInfo
    let cluster: String
    let topic: String
    let maxRefused: Int
    let statements: LoaderStatements
}

/// What a loader learns from a batch for the next one. Of a transaction that did not commit, nothing is learnt.
struct LoaderMemory {
    /// The last batch met keys that the table had: look for them first. A COPY that fails costs more than the look.
    var expectsDuplicates = false
    /// The last records refused without one inserted in between, all for one reason.
    var refused = RefusedInARow()
}
