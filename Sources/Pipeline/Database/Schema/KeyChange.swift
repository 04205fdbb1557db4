// The unique key of the table of people, when it is not, or no longer, name and age.

internal import Postgres
internal import Records

enum KeyChange {
    /// The statements that give `table` a key, another one or the same again; the transaction is the caller's.
    /// - Parameter old: the name of the index on the key there is; one that is not there is passed over.
    static func script(table: TableName, to key: KeyFields, old: String = DatabaseInfo.keyIndex) -> String {
        let schema = TableName(schema: nil, table: table.schema ?? "public").quoted
        return SQL.text(
            PackageResources.key_change_sql,
            [
                ("users", table.quoted), ("schema", schema), ("columns", columnList(key)),
                ("key_fields", "{\(key.text)}"), ("old", TableName(schema: nil, table: old).quoted),
            ])
    }

    /// The name of the table's own unique index on the key, whatever it is called; nil: there is none. The index of a
    /// partition cannot be dropped alone.
    static func index(_ connection: Connection, _ info: DatabaseInfo) throws(PostgresError) -> String? {
        try connection.query(LoaderStatements.table(info)).first { $0.bool(6) == true }?.string(5)
    }

    /// Without the index rows of one key would be loaded twice, and nobody would know.
    static func missingIndex(_ info: DatabaseInfo) -> PipelineError {
        PipelineError.configuration(
            "\(info.tableName) has no valid unique index on exactly (\(columnList(info.keyFields))), so duplicates would "
                + "be loaded; nothing of this batch was loaded",
            hint: "run `userload migrate`, which creates the index again")
    }

    /// Why the index could not be made: the first few keys that several rows share.
    static func problem(
        _ connection: Connection, _ target: DatabaseTarget, behind error: PostgresError
    ) throws -> any Error {
        guard let info = try DatabaseInfo.readIfMade(connection) else { return error }
        let (key, table) = (target.keyFields ?? info.keyFields, info.name)
        let rows = try connection.query(
            SQL.text(PackageResources.duplicates_sql, [("users", table.quoted), ("columns", columnList(key))]))
        let listed = rows.map { "\($0.string(1) ?? "") (\($0.string(0) ?? "") rows)" }.joined(separator: "; ")
        let total = rows.first?.int(2) ?? 0
        return PipelineError.configuration(
            "the key \(key.text) would not be unique in \(table.text), nothing was changed; \(total) "
                + "\(total == 1 ? "key has" : "keys have") several rows: \(listed)"
                + (total > rows.count ? "; and more" : ""))
    }

    /// As SQL lists them.
    private static func columnList(_ key: KeyFields) -> String { columns(key).joined(separator: ", ") }

    /// Age first, as in the first index.
    static func columns(_ key: KeyFields) -> [String] {
        let columns: [(field: KeyField, column: String)] = [
            (.age, "age"), (.name, "name"), (.email, "email"), (.phoneNumber, "phone_number"),
        ]
        return columns.filter { key.contains($0.field) }.map(\.column)
    }
}
