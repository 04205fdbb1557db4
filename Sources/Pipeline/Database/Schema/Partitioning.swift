// The table of people in partitions: made so by `migrate --partitions`, or brought by whoever runs the database.

internal import Postgres
internal import Records

/// How a table is partitioned.
struct Partitioning {
    /// In Postgres' own words: `HASH (name)`.
    let key: String
    let count: Int

    /// More would make every statement that names no key slow.
    static let counts = 2...1024

    /// nil: it is not partitioned, or not there.
    static func of(_ table: TableName, _ connection: Connection) throws(PostgresError) -> Partitioning? {
        let name: [Parameter] = [.optional(table.schema), .text(table.table)]
        return try connection.query(SQL.text(PackageResources.partitioning_sql), name).first.map {
            Partitioning(key: $0.string(0) ?? "", count: $0.int(1) ?? 0)
        }
    }

    /// - Parameter found: where the table stands now, if not under its own name.
    /// - Throws: `PipelineError` if Postgres could not keep `key` unique across partitions.
    static func check(_ key: KeyFields, fits table: TableName, at found: TableName, _ connection: Connection) throws {
        let parameters: [Parameter] = [
            .optional(found.schema), .text(found.table), .array(KeyChange.columns(key)),
        ]
        let unfit = try connection.query(SQL.text(PackageResources.partitioning_unfit_sql), parameters)
        guard let row = unfit.first else { return }
        throw PipelineError.configuration(
            "\(table.text) is partitioned by \(row.string(0) ?? ""), which is not part of the key \(key.text), so Postgres "
                + "cannot keep the key unique; nothing was changed",
            hint: "partition it by name, or by other columns of the key")
    }

    /// Makes the table that migration 1 leaves a partitioned one, by hash of the name.
    static func script(_ table: TableName, count: Int, key: KeyFields) -> String {
        let base = String(decoding: table.table.utf8.prefix(57), as: UTF8.self)
        let partitions = (0..<count).map { number in
            let partition = TableName(schema: table.schema, table: "\(base)_p\(number)").quoted
            return SQL.text(
                PackageResources.users_partition_sql,
                [
                    ("next", next(table).quoted), ("partition", partition), ("count", String(count)),
                    ("number", String(number)),
                ])
        }
        let made = SQL.text(
            PackageResources.users_partitioned_sql, [("users", table.quoted), ("next", next(table).quoted)])
        return made + partitions.joined() + taking(table, key: key)
    }

    // MARK: A table that was brought

    static func settingAside(_ table: TableName) -> String {
        SQL.text(PackageResources.users_bring_sql, [("users", table.quoted)])
    }

    /// Puts the table set aside in the place of the one that migration 1 made, if it is like that one, and empty.
    static func take(_ table: TableName, key: KeyFields, _ connection: Connection) throws {
        let next = next(table)
        let fit = SQL.text(PackageResources.users_fit_sql, [("users", table.quoted), ("next", next.quoted)])
        let lacking = try connection.query(fit).map { $0.string(0) ?? "" }
        guard lacking.isEmpty else {
            throw PipelineError.configuration(
                "table \(table.text) in \(connection.place) is partitioned, but not one for people, nothing was touched: it "
                    + "needs \(lacking.joined(separator: ", "))",
                hint:
                    "name another with USERLOAD_TABLE=schema.table; `userload migrate --print --partitions 8` shows one "
                    + "that fits")
        }
        guard try connection.query(SQL.text(PackageResources.users_empty_sql, [("next", next.quoted)])).isEmpty else {
            throw PipelineError.configuration(
                "table \(table.text) in \(connection.place) has rows already, nothing was touched: userload takes a "
                    + "partitioned table only while it is empty",
                hint: "name another with USERLOAD_TABLE=schema.table")
        }
        try check(key, fits: table, at: next, connection)
        try connection.execute(taking(table, key: key))
    }

    private static func next(_ table: TableName) -> TableName {
        TableName(schema: table.schema, table: "userload_next")
    }

    private static func taking(_ table: TableName, key: KeyFields) -> String {
        SQL.text(
            PackageResources.users_take_sql,
            [
                ("users", table.quoted), ("next", next(table).quoted),
                ("table", TableName(schema: nil, table: table.table).quoted),
                ("columns", KeyChange.columns(key).joined(separator: ", ")), ("key_fields", "{\(key.text)}"),
            ])
    }
}
