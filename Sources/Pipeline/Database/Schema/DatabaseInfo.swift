// What a migrated database says about itself: read at a worker's start, after a lost swap, and before any answer.

package import Postgres
package import Records

package struct DatabaseInfo: Equatable, Sendable {
    package let schemaVersion: Int
    /// Grows with every change of schema, key or identity; a batch's transaction compares it
    /// (`userload.settings.revision`).
    package let revision: Int
    /// The table of people, with its schema.
    package let name: TableName
    package let keyFields: KeyFields
    /// Whether people are counted by age as rows come and go; else the view `userload.age_counts` counts when it is read.
    package let countsAges: Bool

    /// For SQL: qualified and quoted.
    package var table: String { name.quoted }
    /// For people: `public.users`.
    package var tableName: String { name.text }

    /// What we call the unique index on the key, in the schema of the table. It may be renamed.
    package static let keyIndex = "userload_key"

    /// - Throws: `PostgresError`; `PipelineError` if the database was not migrated, or by a newer userload.
    package static func read(_ connection: Connection) throws -> DatabaseInfo {
        guard let info = try readIfMade(connection) else {
            throw PipelineError.configuration(
                "\(connection.place) has no schema userload yet: 'userload work' or 'userload migrate' creates it")
        }
        guard info.schemaVersion <= Migration.latest else { throw info.isNewer(connection) }
        guard info.schemaVersion == Migration.latest else {
            throw PipelineError.configuration(
                "schema userload in \(connection.place) is version \(info.schemaVersion), this userload needs "
                    + "\(Migration.latest): run 'userload migrate'")
        }
        return info
    }

    /// Whether it was ever migrated.
    package static func isMade(_ connection: Connection) throws -> Bool { try readIfMade(connection) != nil }

    /// nil: never migrated.
    static func readIfMade(_ connection: Connection) throws -> DatabaseInfo? {
        do {
            guard try connection.exists(TableName(schema: "userload", table: "settings")) else { return nil }
            guard let row = try connection.query(SQL.text(PackageResources.settings_sql)).first else {
                throw PipelineError.configuration("userload.settings in \(connection.place) is empty: restore its row")
            }
            return try DatabaseInfo(row)
        } catch SQLState.insufficientPrivilege {
            throw PipelineError.configuration(
                "role \(connection.user) may not read schema userload in \(connection.place): "
                    + "GRANT USAGE ON SCHEMA userload, GRANT SELECT ON ALL TABLES IN SCHEMA userload")
        }
    }

    /// A row of settings.sql.
    private init(_ row: Row) throws(PipelineError) {
        schemaVersion = row.int(0) ?? 0
        revision = row.int(1) ?? 0
        name = TableName(schema: row.string(2), table: row.string(3) ?? "")
        keyFields = try Self.key(row.string(4) ?? "")
        countsAges = row.bool(5) ?? true
    }

    /// 32 hexadecimal digits that no other database has, for the consumer group's name: a copy by pg_dump has its own. A
    /// physical clone keeps them until `userload migrate --new-identity`.
    ///
    /// Without counts by age the server's id is not asked for, which some services keep to themselves. Copies by pg_dump
    /// in newly created servers may then have the same digits.
    /// - Throws: `PostgresError`; `PipelineError` if the role may not ask for the server's id.
    package func identity(_ connection: Connection) throws -> String {
        let question = countsAges ? PackageResources.identity_sql : PackageResources.identity_without_server_sql
        do {
            return try connection.query(SQL.text(question)).first?.string(0) ?? ""
        } catch {
            guard countsAges, error.sqlstate == .insufficientPrivilege else { throw error }
            throw PipelineError.configuration(
                "role \(connection.user) may not execute pg_control_system() in \(connection.place), which tells userload "
                    + "this server from others",
                hint:
                    "GRANT EXECUTE ON FUNCTION pg_control_system() TO \(quoted(identifier: connection.user)); or, where "
                    + "that cannot be had, `userload migrate --without-age-counts`")
        }
    }

    private static func key(_ text: String) throws(PipelineError) -> KeyFields {
        do {
            return try KeyFields(parsing: text)
        } catch {
            throw PipelineError.configuration("userload.settings.key_fields cannot be used: \(error.message)")
        }
    }

    func isNewer(_ connection: Connection) -> PipelineError {
        PipelineError.configuration(
            "schema userload in \(connection.place) is version \(schemaVersion), this userload knows "
                + "\(Migration.latest): upgrade userload")
    }
}

extension Connection {
    /// "crm on db1", for messages.
    package var place: String { "\(database) on \(host.hasPrefix("/") ? "the local socket" : host)" }

    /// Whether the name, which must have a schema, is taken: by a table or anything of its kind.
    func exists(_ table: TableName) throws(PostgresError) -> Bool {
        let name: [Parameter] = [.optional(table.schema), .text(table.table)]
        return try query(SQL.text(PackageResources.relation_exists_sql), name)[0].bool(0) == true
    }
}
