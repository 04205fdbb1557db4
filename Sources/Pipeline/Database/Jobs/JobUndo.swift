// Takes back what a job inserted (Design.md, "Runs, labels, rejects that come back").

package import Postgres
package import Records

/// What undoing a job would come to, or came to.
package struct UndoLook: Equatable, Sendable {
    /// A job that updated rows since: these stay.
    package struct Kept: Equatable, Sendable {
        package let slug: String
        /// Those that it updated last.
        package let rows: Int64
    }

    /// A job that may have passed over records because of these rows.
    package struct Later: Equatable, Sendable {
        package let slug: String
        package let duplicates: Int64
    }

    package static let keptListed = 20

    /// Rows to be deleted.
    package var rows: Int64
    /// Rows that stay.
    package var keptRows: Int64
    /// Who updated them, most rows first: as many jobs as are listed.
    package var kept: [Kept]
    package var later: [Later]
}

/// One thread, on the connection it was given, to a migrated database.
package struct JobUndo {
    package enum Outcome: Equatable, Sendable {
        /// So many rows were deleted.
        case undone(rows: Int64)
        /// The job has not ended, or was undone already; nothing was changed.
        case notNow(JobState)
        case noSuchJob
    }

    /// Attempts while others' transactions are in the way.
    private static let attempts = 5

    private let connection: Connection
    private let info: DatabaseInfo
    private let watch: BlockedWatch

    /// - Parameter settings: of a second connection, which looks at who is in the way.
    package init(
        _ connection: Connection, _ info: DatabaseInfo, settings: DatabaseSettings,
        interrupt: @escaping @Sendable () -> Bool
    ) {
        self.connection = connection
        self.info = info
        watch = BlockedWatch(settings, interrupt: interrupt)
    }

    package func look(_ id: JobID) throws(PostgresError) -> UndoLook {
        let counts = try query(PackageResources.undo_look_sql, [.text(id.uuid)])
        let kept = try query(PackageResources.undo_kept_sql, [.text(id.uuid), .int(UndoLook.keptListed)])
        let later = try query(PackageResources.undo_later_sql, [.text(id.uuid)])
        return UndoLook(
            rows: Int64(counts.first?.int(0) ?? 0), keptRows: Int64(counts.first?.int(1) ?? 0),
            kept: kept.map { UndoLook.Kept(slug: $0.string(0) ?? "", rows: Int64($0.int(1) ?? 0)) },
            later: later.map { UndoLook.Later(slug: $0.string(0) ?? "", duplicates: Int64($0.int(1) ?? 0)) })
    }

    /// Deletes the job's rows, all in one transaction, and closes the job to what still comes of it.
    package func undo(_ id: JobID) throws -> Outcome {
        for _ in 1..<Self.attempts {
            do {
                return try attempt(id)
            } catch let error as PostgresError where error.sqlstate == .deadlockDetected {}
        }
        return try attempt(id)
    }

    private func attempt(_ id: JobID) throws -> Outcome {
        do {
            return try SchemaTransaction.run(on: connection, watch) { _ in
                _ = try connection.lockSchema(as: info, andRun: [])
                _ = try query(PackageResources.undo_lock_sql, [.text(id.uuid)])
                let state = try query(PackageResources.undo_state_sql, [.text(id.uuid)]).first?.string(0)
                guard let state = state.flatMap(JobState.init) else {
                    try connection.execute("ROLLBACK")
                    return .noSuchJob
                }
                guard state.isEnd, id != .foreign else {
                    try connection.execute("ROLLBACK")
                    return .notNow(state)
                }
                _ = try query(PackageResources.undo_close_sql, [.text(id.uuid)])
                _ = try query(PackageResources.undo_mark_sql, [.text(id.uuid)])
                _ = try query(PackageResources.undo_fixes_sql, [.text(id.uuid)])
                let rows = try query(PackageResources.undo_delete_sql, [.text(id.uuid)]).affected
                try connection.commit()
                return .undone(rows: Int64(rows))
            }
        } catch {
            if !connection.isBroken { try? connection.execute("ROLLBACK") }
            guard case LoadObstacle.schemaChanged = error else { throw error }
            throw PipelineError.configuration(
                "the schema userload was migrated meanwhile, nothing was changed", hint: "run the command again")
        }
    }

    private func query(_ file: [UInt8], _ parameters: [Parameter]) throws(PostgresError) -> Rows {
        try connection.query(SQL.text(file, [("users", info.table)]), parameters)
    }
}

extension JobState {
    /// A job that can be undone: nothing of it is expected, but what would be dropped.
    fileprivate var isEnd: Bool {
        switch self {
        case .completed, .abandoned, .inconsistent: true
        case .pending, .processing, .interrupted, .stalled, .undone: false
        }
    }
}
