// Row security that applies to the role: rows that it hides would be counted, deleted or listed as if they were not there.

package import Postgres
internal import Records

package enum RowSecurity {
    /// - Throws: `configuration` if it applies to the table of people; `PostgresError`.
    package static func check(_ connection: Connection, _ info: DatabaseInfo) throws {
        let name: [Parameter] = [.optional(info.name.schema), .text(info.name.table)]
        let table = try connection.query(SQL.text(PackageResources.doctor_table_sql), name).first
        guard table?.bool(0) == true else { return }
        throw PipelineError.configuration(
            "row security applies to role \(connection.user) on \(info.tableName) in \(connection.place), and may hide rows "
                + "from it",
            hint: "ALTER ROLE \(quoted(identifier: connection.user)) BYPASSRLS; or take the role that owns the table")
    }
}
