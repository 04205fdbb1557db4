// Whether the role may load, asked before anything is: else the first batch would find out.

internal import Postgres

enum Rights {
    /// - Parameter updating: rows of people as well.
    /// - Throws: `configuration` with the GRANT that is missing; `PostgresError`.
    static func check(_ connection: Connection, _ info: DatabaseInfo, updating: Bool) throws {
        let missing = try connection.query(
            SQL.text(PackageResources.rights_sql),
            [.optional(info.name.schema), .text(info.name.table), .bool(updating)])
        let grants = missing.map { row in (rights: row.string(0) ?? "", table: row.string(1) ?? "") }
        guard let first = grants.first else { return }
        throw PipelineError.configuration(
            "role \(connection.user) may not \(first.rights) on \(first.table) in \(connection.place)",
            hint: grants.map { "GRANT \($0.rights) ON \($0.table) TO \(quoted(identifier: connection.user));" }
                .joined(separator: " "))
    }
}
