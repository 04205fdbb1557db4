// A fresh database with our schema in it, and the few writes of a loader that readers and counts are tested against.

import Pipeline
import Postgres
import Records
import TestSupport

extension DatabaseTarget {
    /// The table and the key as a user writes them.
    init(table: String?, key: String?) throws {
        self.init(
            settings: DatabaseSettings(), table: try table.map { try TableName(parsing: $0) },
            keyFields: try key.map { try KeyFields(parsing: $0) })
    }
}

final class MigratedDatabase {
    let database: TestDatabase
    let connection: Connection
    let info: DatabaseInfo

    /// - Parameter partitions: of the table of people; nil: none, or as many as `EveryTable` says.
    init(key: KeyFields? = nil, partitions: Int? = nil, countsAges: Bool? = nil) throws {
        database = try PostgresServer.shared.database()
        connection = try Connection(DatabaseSettings(parameters: database.parameters))
        info = try Migrator.migrate(
            connection, DatabaseTarget(settings: DatabaseSettings(), keyFields: key),
            partitions: partitions ?? EveryTable.partitions, countsAges: countsAges
        ).info
    }

    deinit { connection.close() }

    func connect(applicationName: String = "userload") throws -> Connection {
        var settings = DatabaseSettings(parameters: database.parameters)
        settings.applicationName = applicationName
        return try Connection(settings)
    }

    /// All rows, a line each, columns joined by "|".
    func rows(_ sql: String) throws -> [String] {
        try connection.query(sql).map { row in
            (0..<row.count).map { row.string($0) ?? "NULL" }.joined(separator: "|")
        }
    }
}
