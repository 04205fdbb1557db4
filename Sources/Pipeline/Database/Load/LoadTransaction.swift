// One batch, one transaction: swap, rows, rejects and counts, in this order.

internal import Postgres
internal import Records

/// One attempt at a batch. The batch is read only: another attempt may follow.
final class LoadTransaction {
    let batch: Batch
    let connection: Connection
    let environment: LoadEnvironment
    var memory: LoaderMemory
    var tally: Tally
    var hasCheckedColumns = false
    let chunk = ByteBuffer(capacity: 80_000)
    private let onStage: (LoadStage) -> Void

    /// What became of the records.
    struct Tally {
        /// By progress step.
        var inserted: [Int]
        var duplicates: [Int]
        var rejected: [Int]
        /// By age, 0 to 150.
        var ages = [Int64](repeating: 0, count: 151)
        /// Rows that Postgres refused: number, and errors as JSON.
        var refused: [(row: UInt32, errors: [UInt8])] = []
    }

    init(
        _ batch: Batch, _ connection: Connection, _ environment: LoadEnvironment, _ memory: LoaderMemory,
        onStage: @escaping (LoadStage) -> Void
    ) {
        self.batch = batch
        self.connection = connection
        self.environment = environment
        self.memory = memory
        self.onStage = onStage
        tally = Tally(
            inserted: [Int](repeating: 0, count: batch.progress.count), duplicates: batch.repeated,
            rejected: batch.progress.map(\.rejected))
    }

    var statements: LoaderStatements { environment.statements }

    /// Opens the transaction; returns the server's process.
    func begin() throws(PostgresError) -> Int {
        let pid = try connection.last(of: statements.begin)[0].int(0)
        onStage(.begun)
        return pid ?? 0
    }

    /// All but COMMIT.
    func write() throws {
        try swapPositions()
        onStage(.positionsSwapped)
        try swapProgress()
        onStage(.progressSwapped)
        try writeJobs()
        onStage(.jobsWritten)
        try insertRows()
        onStage(.rowsCopied)
        try writeRejects()
        onStage(.rejectsWritten)
        try writeCounts()
        onStage(.counted)
    }
}
