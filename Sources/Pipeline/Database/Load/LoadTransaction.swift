// One batch, one transaction: swap, rows, rejects and counts, in this order.

internal import Postgres
internal import Records

/// How many of a batch's records were inserted, updated a row, were duplicates or rejected.
struct LoadTally {
    /// By progress step.
    var inserted: [Int]
    var updated: [Int]
    var duplicates: [Int]
    var rejected: [Int]
    /// Rows with a job, by age, 0 to 150; `otherAges` has those that a trigger took elsewhere.
    var ages = [Int64](repeating: 0, count: 151)
    var otherAges: [Int: Int64] = [:]
    /// Rows that Postgres refused: number, and errors as JSON.
    var refused: [(row: UInt32, errors: [UInt8])] = []
    /// Rows that a trigger kept out of the table.
    var swallowed: Set<UInt32> = []

    init(_ batch: Batch) {
        inserted = [Int](repeating: 0, count: batch.progress.count)
        updated = inserted
        duplicates = Torture.has(.duplicatesNotCounted) ? inserted : batch.repeated
        rejected = batch.progress.map(\.rejected)
    }

    mutating func count(age: Int, _ rows: Int) {
        if ages.indices.contains(age) { ages[age] += Int64(rows) } else { otherAges[age, default: 0] += Int64(rows) }
    }
}

/// One attempt at a batch. The batch is read only: another attempt may follow.
final class LoadTransaction {
    let batch: Batch
    let connection: Connection
    let environment: LoadEnvironment
    var memory: LoaderMemory
    var tally: LoadTally
    /// Known after the first attempt to insert rows.
    var facts: TableFacts?
    /// The facts are those of the table as rows were inserted into it.
    var isChecked = false
    /// Rows that were refused or swallowed since the rows repeating their keys were last looked at.
    var lost: [UInt32] = []
    /// Folded rows that were refused.
    var unfolded: Set<UInt32> = []
    /// Whether rows were inserted behind the savepoint; nil: there is none yet.
    var isSavepointUsed: Bool?
    let chunk = ByteBuffer(capacity: 80_000)
    private let onStage: (LoadStage) -> Void

    init(
        _ batch: Batch, _ connection: Connection, _ environment: LoadEnvironment, _ memory: LoaderMemory,
        onStage: @escaping (LoadStage) -> Void
    ) {
        self.batch = batch
        self.connection = connection
        self.environment = environment
        self.memory = memory
        self.onStage = onStage
        tally = LoadTally(batch)
    }

    var statements: LoaderStatements { environment.statements }

    /// All between BEGIN and COMMIT.
    func write() throws {
        onStage(.begun)
        try swap()
        if Torture.has(.offsetsBeforeRows) { try connection.execute("COMMIT; BEGIN READ WRITE") }
        onStage(.swapped)
        try insertRows()
        onStage(.rowsCopied)
        try writeRejects()
        try writeFixes()
        onStage(.rejectsWritten)
        try writeCounts()
        onStage(.counted)
    }
}
