// The unique key of the table of people, when it is not, or no longer, name and age.

internal import Postgres
internal import Records

enum KeyChange {
    /// The statements that give `table` another key; the transaction is the caller's.
    static func script(table: TableName, to key: KeyFields) -> String {
        let schema = TableName(schema: nil, table: table.schema ?? "public").quoted
        return SQL.text(
            PackageResources.key_change_sql,
            [
                ("users", table.quoted), ("schema", schema), ("columns", columns(key)),
                ("key_fields", "{\(key.text)}"),
            ])
    }

    /// Why the index could not be made: the first few keys that several rows share.
    static func problem(
        _ connection: Connection, _ target: DatabaseTarget, behind error: PostgresError
    ) throws -> any Error {
        guard let key = target.keyFields, let table = try DatabaseInfo.readIfMade(connection)?.name else {
            return error
        }
        let rows = try connection.query(
            SQL.text(PackageResources.duplicates_sql, [("users", table.quoted), ("columns", columns(key))]))
        let listed = rows.map { "\($0.string(1) ?? "") (\($0.string(0) ?? "") rows)" }.joined(separator: "; ")
        let total = rows.first?.int(2) ?? 0
        return PipelineError.configuration(
            "the key \(key.text) would not be unique in \(table.text), nothing was changed; \(total) "
                + "\(total == 1 ? "key has" : "keys have") several rows: \(listed)"
                + (total > rows.count ? "; and more" : ""))
    }

    /// Age first, as in the first index.
    private static func columns(_ key: KeyFields) -> String {
        let columns: [(field: KeyField, column: String)] = [
            (.age, "age"), (.name, "name"), (.email, "email"), (.phoneNumber, "phone_number"),
        ]
        return columns.filter { key.contains($0.field) }.map(\.column).joined(separator: ", ")
    }
}
