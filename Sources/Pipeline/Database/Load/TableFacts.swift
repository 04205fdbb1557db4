// What a batch must know of the table of people, asked in its transaction while nobody can change it: that its columns are
// what COPY's binary format is written for, that the unique index is there, and whether triggers change rows.

internal import Postgres
internal import Records

/// An answer of loader_table.sql.
struct TableFacts {
    /// Rows go in by INSERT, which tells what the table got: people are counted by age, and triggers run for each row
    /// before it is inserted.
    let needsInsert: Bool
    /// Schema and name of the unique index on the key, and of its partitions.
    private let keyIndexes: Set<[String]>

    /// - Throws: `PipelineError` if a column has another type, or the index is missing.
    init(_ connection: Connection, _ environment: LoadEnvironment) throws {
        try self.init(connection, environment.info, look: environment.statements.table)
    }

    /// - Parameter look: `LoaderStatements.table` of the same `info`.
    init(_ connection: Connection, _ info: DatabaseInfo, look: String) throws {
        let rows = try connection.query(look)
        guard let first = rows.first else {
            throw PostgresError(kind: .protocolViolation, message: "no answer to a look at the table")
        }
        if let column = first.string(0) {
            throw PipelineError.configuration(
                "column \(column) of \(info.tableName) has become \(first.string(1) ?? "another type"); "
                    + "userload needs \(first.string(2) ?? "its own")")
        }
        needsInsert = info.countsAges && first.bool(3) ?? false
        keyIndexes = Set(
            rows.compactMap { row in
                guard let schema = row.string(4), let name = row.string(5) else { return nil }
                return [schema, name]
            })
        guard !keyIndexes.isEmpty else { throw KeyChange.missingIndex(info) }
    }

    /// Another row has this row's key: the index on the key says so.
    func isDuplicate(_ error: PostgresError) -> Bool {
        guard error.sqlstate == .uniqueViolation, let schema = error.schema, let name = error.constraint else {
            return false
        }
        return keyIndexes.contains([schema, name])
    }
}
