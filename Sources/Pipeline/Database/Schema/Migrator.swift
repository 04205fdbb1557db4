// Brings a database to the schema this userload works with. Whoever comes first does it, under a lock; a database that
// is up to date needs no right to change anything.

package import Postgres
internal import Records

package struct MigrationReport: Equatable, Sendable {
    /// Sentences without their end, in order; empty: nothing was to do.
    package var made: [String] = []
    /// The database as it is now.
    package let info: DatabaseInfo
}

package enum Migrator {
    /// Into how many partitions the table of people can be made.
    package static let partitionCounts = Partitioning.counts

    /// Creates or upgrades the schema.
    /// - Parameter changesKey: an existing table gets `target.keyFields` as its key, and its unique index again if that is
    ///   gone. Only `userload migrate` may: a worker's environment must not rebuild an index that others rely on.
    /// - Parameter newIdentity: for a physical clone, which must not share its original's consumer group.
    /// - Parameter partitions: into how many the table of people is made, by hash of the name; nil: as it is, a new one into
    ///   none. See `Partitioning.counts`.
    /// - Parameter countsAges: whether people are counted by age as rows come and go, by the loader and by triggers; nil: as
    ///   it is, in a new database they are.
    /// - Parameter patience: with workers that were stopped while they held the lock.
    /// - Throws: `PostgresError`; `PipelineError`, and then nothing was changed.
    package static func migrate(
        _ connection: Connection, _ target: DatabaseTarget, changesKey: Bool = false, newIdentity: Bool = false,
        partitions: Int? = nil, countsAges: Bool? = nil, patience: BlockedWatch.Patience = .standard
    ) throws -> MigrationReport {
        try checkServer(connection)
        let run = Run(
            connection: connection, target: target, changesKey: changesKey, newIdentity: newIdentity,
            partitions: partitions, countsAges: countsAges, patience: patience)
        if let info = try DatabaseInfo.readIfMade(connection), try !run.isNeeded(info) {
            return MigrationReport(info: info)
        }
        do {
            return try run.perform()
        } catch {
            if connection.inTransaction { try? connection.execute("ROLLBACK") }
            throw try run.problem(behind: error)
        }
    }

    /// What `migrate` would run in an empty database, for psql; and what a worker's role needs.
    package static func script(_ target: DatabaseTarget, partitions: Int? = nil, countsAges: Bool = true) -> String {
        let table = TableName(schema: target.table?.schema ?? "public", table: target.table?.table ?? "users")
        let key = target.keyFields ?? .standard
        var steps = Migration.all.map { $0.text(table: table.quoted) }
        if let partitions {
            steps.insert(Partitioning.script(table, count: partitions, key: key), at: 1)
        } else if key != .standard {
            steps.append(KeyChange.script(table: table, to: key))
        }
        if !countsAges { steps.append(AgeCounts.script(table, isOn: false)) }
        return SQL.text(
            PackageResources.script_sql,
            [("lock", String(SchemaLock.key)), ("steps", steps.joined(separator: "\n")), ("users", table.quoted)])
    }

    private static func checkServer(_ connection: Connection) throws(PipelineError) {
        guard connection.serverVersion >= 150_000 else {
            throw PipelineError.configuration(
                "\(connection.place) runs Postgres \(connection.serverVersion / 10_000); userload needs 15 or newer")
        }
        guard connection.serverEncoding == "UTF8" else {
            throw PipelineError.configuration(
                "\(connection.place) is encoded in \(connection.serverEncoding); userload needs a database in UTF8")
        }
    }
}

/// One run of `migrate`.
private struct Run {
    let connection: Connection
    let target: DatabaseTarget
    let changesKey: Bool
    let newIdentity: Bool
    let partitions: Int?
    let countsAges: Bool?
    let patience: BlockedWatch.Patience

    func isNeeded(_ info: DatabaseInfo) throws -> Bool {
        guard info.schemaVersion <= Migration.latest else { throw info.isNewer(connection) }
        if let table = target.table {
            let asked = try qualified(table)
            guard asked == info.name else {
                throw PipelineError.configuration(
                    "\(connection.place) has kept people in \(info.tableName) since its first migration; "
                        + "USERLOAD_TABLE says \(asked.text)")
            }
        }
        guard try connection.exists(info.name) else {
            throw PipelineError.configuration(
                "table \(info.tableName) is gone from \(connection.place): restore it, or start over with "
                    + "DROP SCHEMA userload CASCADE")
        }
        try checkPartitions(info)
        return try info.schemaVersion < Migration.latest || newKey(info) != nil || newIdentity
            || switchesCounts(info) || lacksIndex(info) || unwatched() > 0
    }

    /// A table cannot be partitioned once it is there, nor in another way.
    private func checkPartitions(_ info: DatabaseInfo) throws {
        guard let partitions else { return }
        guard let found = try Partitioning.of(info.name, connection) else {
            throw PipelineError.configuration(
                "\(info.tableName) in \(connection.place) was made without partitions, and they cannot be added; nothing was "
                    + "changed",
                hint: "partition a new table: the page Operation tells how the people get there")
        }
        guard found.key == "HASH (name)", found.count == partitions else {
            throw PipelineError.configuration(
                "\(info.tableName) in \(connection.place) has \(found.count) partition\(found.count == 1 ? "" : "s") by "
                    + "\(found.key), which --partitions \(partitions) cannot change; nothing was changed")
        }
    }

    /// How many partitions have no triggers for the counts by age.
    private func unwatched() throws -> Int {
        guard changesKey else { return 0 }
        return try connection.query(SQL.text(PackageResources.partitions_unwatched_sql))[0].int(0) ?? 0
    }

    private func lacksIndex(_ info: DatabaseInfo) throws -> Bool {
        try changesKey && KeyChange.index(connection, info) == nil
    }

    func newKey(_ info: DatabaseInfo) -> KeyFields? {
        guard changesKey, let key = target.keyFields, key != info.keyFields else { return nil }
        return key
    }

    private func switchesCounts(_ info: DatabaseInfo) -> Bool { countsAges.map { $0 != info.countsAges } ?? false }

    func perform() throws -> MigrationReport {
        let watch = BlockedWatch(target.settings, patience: patience, interrupt: connection.interrupt)
        return try SchemaTransaction.run(on: connection, watch) { _ in
            try connection.execute(SchemaLock.exclusiveScript)
            return try performLocked()
        }
    }

    private func performLocked() throws -> MigrationReport {
        var made: [String] = []
        // Read again: somebody else may have been faster.
        let before = try DatabaseInfo.readIfMade(connection)
        if let before {
            if try isNeeded(before) { made = try change(before) }
        } else {
            made = try create()
        }
        guard let info = try DatabaseInfo.readIfMade(connection) else {
            throw PipelineError.configuration(
                "schema userload in \(connection.place) disappeared while it was being created")
        }
        // Whoever loads needs it.
        if !made.isEmpty { _ = try info.identity(connection) }
        try connection.commit()
        return MigrationReport(made: made, info: info)
    }

    private func create() throws -> [String] {
        let table = try qualified(target.table ?? TableName(schema: nil, table: "users"))
        let key = target.keyFields ?? .standard
        let brought = try Partitioning.of(table, connection)
        guard try partitions == nil && brought != nil || !connection.exists(table) else {
            throw PipelineError.configuration(
                "table \(table.text) in \(connection.place) is not userload's, nothing was touched: "
                    + "name another with USERLOAD_TABLE=schema.table")
        }
        if brought != nil { try connection.execute(Partitioning.settingAside(table)) }
        for migration in Migration.all {
            try connection.execute(migration.text(table: table.quoted))
            guard migration.number == 1 else { continue }
            if let partitions {
                try connection.execute(Partitioning.script(table, count: partitions, key: key))
            } else if brought != nil {
                try Partitioning.take(table, key: key, connection)
            } else if key != .standard {
                try connection.execute(KeyChange.script(table: table, to: key))
            }
        }
        let what =
            if let brought {
                "created schema userload, took table \(table.text), which is partitioned by \(brought.key),"
            } else if let partitions {
                "created schema userload and table \(table.text) of \(partitions) partitions"
            } else {
                "created schema userload and table \(table.text)"
            }
        let made = ["\(what) in \(connection.place), as \(connection.user)"]
        return try countsAges == false ? made + [AgeCounts.switch(table, isOn: false, connection)] : made
    }

    private func change(_ info: DatabaseInfo) throws -> [String] {
        var made: [String] = []
        if info.schemaVersion < Migration.latest {
            for migration in Migration.all where migration.number > info.schemaVersion {
                try connection.execute(migration.text(table: info.table))
            }
            made.append(
                "brought schema userload in \(connection.place) from version \(info.schemaVersion) to "
                    + "\(Migration.latest), as \(connection.user)")
        }
        let index = changesKey ? try KeyChange.index(connection, info) : nil
        if let key = newKey(info) {
            try Partitioning.check(key, fits: info.name, at: info.name, connection)
            try connection.execute(
                KeyChange.script(table: info.name, to: key, old: index ?? DatabaseInfo.keyIndex))
            made.append("changed the unique key of \(info.tableName) from \(info.keyFields.text) to \(key.text)")
        } else if changesKey, index == nil {
            try connection.execute(KeyChange.script(table: info.name, to: info.keyFields))
            made.append("created the unique index on \(info.keyFields.text) of \(info.tableName) again")
        }
        if switchesCounts(info) { made.append(try AgeCounts.switch(info.name, isOn: !info.countsAges, connection)) }
        let watched = try unwatched()
        if watched > 0 {
            try connection.execute(SQL.text(PackageResources.partitions_watch_sql))
            made.append(
                "gave \(watched) partition\(watched == 1 ? "" : "s") of \(info.tableName) the triggers for the counts by age"
            )
        }
        if newIdentity {
            try connection.execute(SQL.text(PackageResources.new_identity_sql))
            made.append("gave \(connection.place) an identity, and so a consumer group, of its own")
        }
        return made
    }

    /// With its schema: the one given, or the first of the search path that exists.
    private func qualified(_ table: TableName) throws -> TableName {
        if table.schema != nil { return table }
        guard let schema = try connection.query("SELECT current_schema()")[0].string(0) else {
            throw PipelineError.configuration(
                "no schema of the search path exists in \(connection.place): "
                    + "name the table with USERLOAD_TABLE=schema.table")
        }
        return TableName(schema: schema, table: table.table)
    }

    /// Errors of the server that a person has to mend, as sentences; all others as they are.
    func problem(behind error: any Error) throws -> any Error {
        guard let failure = error as? PostgresError, let sqlstate = failure.sqlstate else { return error }
        switch sqlstate {
        case .uniqueViolation:
            return try KeyChange.problem(connection, target, behind: failure)
        case .insufficientPrivilege:
            return PipelineError.configuration(
                "role \(connection.user) may not change \(connection.place) (\(failure.message)): let a role that may "
                    + "run 'userload migrate' once; 'userload migrate --print' shows the SQL")
        case .duplicateTable:
            let schemas: [Parameter] = [.text("userload")]
            guard try !connection.query("SELECT FROM pg_namespace WHERE nspname = $1", schemas).isEmpty else {
                return PipelineError.configuration(
                    "\(failure.message) in \(connection.place), and userload would make one of that name; nothing was touched"
                )
            }
            return PipelineError.configuration(
                "schema userload in \(connection.place) is not userload's, nothing was touched (\(failure.message))")
        case .invalidSchemaName:
            return PipelineError.configuration("\(failure.message) in \(connection.place): create it first")
        default: return error
        }
    }
}

extension SQLState {
    fileprivate static let duplicateTable = SQLState(rawValue: "42P07")
    fileprivate static let invalidSchemaName = SQLState(rawValue: "3F000")
}
