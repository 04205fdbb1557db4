// A connection that loads batches, one transaction each (Design.md, "Exactly once" 5, 6, 11, 12).

package import Postgres

/// Where a batch has come to; for tests that cut it off there.
package enum LoadStage: Sendable, CaseIterable {
    /// The jobs' rows are committed.
    case jobsWritten
    case begun, swapped, rowsCopied, rejectsWritten, counted
}

/// Loads batches of one topic into one database. One thread at a time; connects at the latest when it has something to load.
package final class Loader {
    private let settings: DatabaseSettings
    private let interrupt: @Sendable () -> Bool
    private let watch: BlockedWatch
    private var connection: Connection?
    private var memory = LoaderMemory()
    private var knownJobs = KnownJobs()
    private let environment: LoadEnvironment

    /// Jobs whose descriptions the database refused, since the caller last emptied the list: their label, path and the
    /// like are not kept, their records are loaded all the same. At most a hundred.
    package var refusedDescriptions: [RefusedDescription] = []

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
        watch = BlockedWatch(settings, patience: patience, interrupt: interrupt)
        environment = LoadEnvironment(
            info: info, cluster: cluster, topic: topic, maxRefused: maxRefused, statements: LoaderStatements(info))
    }

    deinit { close() }

    package func close() {
        connection?.close()
        connection = nil
    }

    /// Connects ahead of the first batch; a failure is that batch's.
    package func connect() { _ = try? open() }

    /// Loads `batch`, all of it or nothing. If it was committed, its progress steps count its records by what was
    /// done with them; else it is as it was.
    package func load(_ batch: Batch) -> LoadOutcome {
        batch.sortRows()
        do {
            do {
                try attempt(batch)
            } catch LoadObstacle.missingJob {
                // Somebody deleted a job's row: once more, with all rows written again.
                knownJobs.forget()
                try attempt(batch)
            }
            return .committed
        } catch {
            return LoadOutcome(error)
        }
    }

    private func attempt(_ batch: Batch) throws {
        let connection = try open()
        do {
            try writeJobs(of: batch, on: connection)
            try write(batch, on: connection)
        } catch LoadObstacle.lostSwap(let table) where batch.unconfirmed != nil {
            giveUp(connection)
            guard try confirm(batch) else { throw LoadObstacle.lostSwap(table: table) }
        } catch {
            giveUp(connection)
            throw error
        }
    }

    /// The rows of the batch's jobs, in a transaction of their own.
    private func writeJobs(of batch: Batch, on connection: Connection) throws {
        let rows = JobRows(batch, known: knownJobs)
        guard !rows.isEmpty else { return }
        do {
            _ = try rows.write(on: connection, watch, environment, guarding: false)
        } catch let error as PostgresError where error.isData && !connection.isBroken {
            try connection.execute("ROLLBACK")
            let refused = try rows.write(on: connection, watch, environment, guarding: true)
            refusedDescriptions.append(contentsOf: refused.prefix(max(0, 100 - refusedDescriptions.count)))
        }
        knownJobs.add(rows)
        Torture.reached("load.jobsWritten")
        onStage?(.jobsWritten, connection)
    }

    private func write(_ batch: Batch, on connection: Connection) throws {
        let transaction = LoadTransaction(batch, connection, environment, memory) { [unowned self] stage in
            Torture.reached("load.\(stage)")
            onStage?(stage, connection)
        }
        try SchemaTransaction.run(on: connection, watch) { opened in
            try transaction.write()
            Torture.reached("load.committing") { _ = try? connection.command("SELECT 1 / 0") }
            do {
                try connection.commit()
            } catch {
                // Without an answer the transaction may have been committed: its id tells, once a server answers.
                if connection.isBroken { batch.unconfirmed = (opened.id, transaction.tally) }
                throw error
            }
        }
        Torture.reached("load.committed")
        memory = transaction.memory
        batch.conclude(transaction.tally)
    }

    /// Whether an earlier attempt at `batch`, whose COMMIT was not answered, is what moved the positions.
    ///
    /// The server keeps the fate of a transaction by its id, so nobody else's work is taken for ours. An id may mean
    /// another transaction in a database that was restored meanwhile; there the positions are behind what ours wrote.
    /// Were they moved on since, by whoever, the batch was committed all the same, and the next one loses its swap.
    private func confirm(_ batch: Batch) throws -> Bool {
        guard let (transaction, tally) = batch.unconfirmed else { return false }
        let steps = batch.partitions
        let connection = try open()
        let question: [Parameter] = [
            .text(transaction), .text(environment.cluster), .text(environment.topic),
            .array(steps.map(\.partition)), .array(steps.map(\.generation)), .array(steps.map(\.nextOffset)),
        ]
        do {
            let answer = try connection.query(environment.statements.wasCommitted, question)
            guard answer.first?.bool(0) == true else { return false }
        } catch {
            // The server has never given out this id. Of one that is too old it says NULL.
            if error.sqlstate == .invalidParameterValue { return false }
            throw error
        }
        batch.conclude(tally)
        return true
    }

    private func open() throws(PostgresError) -> Connection {
        if let connection, !connection.isBroken { return connection }
        close()
        // A crash of the server may have lost the jobs' rows: their COMMIT does not wait for the disk.
        knownJobs.forget()
        let opened = try Connection(settings, interrupt: interrupt)
        connection = opened
        return opened
    }

    /// Rolls back; on a connection that does not do even that, nothing more is asked.
    private func giveUp(_ connection: Connection) {
        if connection.transactionStatus == .idle { return }
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
    /// Of the last records to update rows at least half changed nothing: to find those first costs less. Otherwise it
    /// costs less to write first, and to look at what was not changed.
    var expectsEqual = true
    /// COPY would not say what triggers make of the rows; see `TableFacts.needsInsert`.
    var needsInsert = false
    /// The last records refused without one inserted in between, all for one reason.
    var refused = RefusedInARow()
}
