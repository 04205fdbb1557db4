// What a worker reads and writes between batches: positions, anchors and generations of one topic's partitions, and how
// far its jobs are. Every write compares, so that a stale owner changes nothing.

package import Postgres
package import Records

/// One thread at a time, on the connection it was given. Not in a transaction: each call is its own.
package final class PositionStore {
    private let connection: Connection
    private let cluster: String
    private let topic: String
    private let watch: BlockedWatch?

    /// - Parameters:
    ///   - cluster: Kafka's cluster id.
    ///   - watch: of the connection, where generations are begun.
    package init(_ connection: Connection, cluster: String, topic: String, watch: BlockedWatch? = nil) {
        self.watch = watch
        self.connection = connection
        self.cluster = cluster
        self.topic = topic
    }

    /// The positions, ascending by partition. Partitions never read before get a row: generation 1, the log's start.
    package func positions(_ partitions: [Int32]) throws(PostgresError) -> [Position] {
        let known = try knownPositions(partitions)
        guard known.count < Set(partitions).count else { return known }
        _ = try connection.change(SQL.text(PackageResources.positions_create_sql), wanted(partitions))
        Torture.reached("positions.created")
        return try knownPositions(partitions)
    }

    /// The same without those never read before; for roles that may only read.
    package func knownPositions(_ partitions: [Int32]) throws(PostgresError) -> [Position] {
        try connection.query(SQL.text(PackageResources.positions_sql), wanted(partitions)).map(Position.init)
    }

    private func wanted(_ partitions: [Int32]) -> [Parameter] { [.text(cluster), .text(topic), .array(partitions)] }

    /// How far jobs are in `partitions`: those of which anything is known.
    package func progress(of jobs: [JobID], partitions: [Int32]) throws(PostgresError) -> [JobID: KnownProgress] {
        let rows = try connection.query(
            SQL.text(PackageResources.progress_sql), [.array(jobs.map(\.uuid)), .array(partitions)])
        var known: [JobID: KnownProgress] = [:]
        for row in rows {
            guard let job = row.string(0).flatMap(JobID.init(uuid:)) else { continue }
            known[job, default: KnownProgress()].add(row)
        }
        return known
    }

    /// Jobs that update and have not ended.
    /// - Parameter begun: such jobs that the database may not know yet.
    func openUpdates(begun: [JobID]) throws(PostgresError) -> OpenUpdates {
        let question: [Parameter] = [.text(cluster), .text(topic), .array(begun.map(\.uuid))]
        var updates = OpenUpdates()
        for row in try connection.queryUncompiled(SQL.text(PackageResources.open_updates_sql), question) {
            guard let id = row.string(0).flatMap(JobID.init(uuid:)) else { continue }
            if let partitions = row.int(1) {
                updates.open.append(OpenUpdates.Job(id: id, partitions: partitions))
            } else {
                updates.unknown.insert(id)
            }
        }
        return updates
    }

    /// Starts again at the log's start, because the topic is not the same one as before.
    /// - Returns: the new position; nil if the row is no longer as `expected`.
    /// - Throws: `configuration` when the generations have come to their end; `PostgresError`.
    package func newGeneration(_ expected: Position) throws -> Position? {
        guard expected.generation < .max else { throw outOfGenerations(expected.partition) }
        let rows = try changeWatched(SQL.text(PackageResources.positions_new_generation_sql), key(of: expected))
        Torture.reached("positions.generation")
        return rows.first.map(Position.init)
    }

    /// Writes another anchor.
    /// - Returns: false if the row is no longer as `expected`.
    package func moveAnchor(_ expected: Position, to anchor: Anchor) throws(PostgresError) -> Bool {
        let moved = try connection.change(
            SQL.text(PackageResources.positions_move_anchor_sql),
            key(of: expected) + [.int(anchor.offset), .int(Int64(bitPattern: anchor.hash))])
        Torture.reached("positions.anchor")
        return moved.affected == 1
    }

    /// A worker that was stopped in the middle of a batch keeps the row locked: then no batch of ours, which would end its
    /// session, comes before this.
    private func changeWatched(_ sql: String, _ parameters: [Parameter]) throws -> Rows {
        guard let watch else { return try connection.change(sql, parameters) }
        do {
            return try SchemaTransaction.run(on: connection, watch) { _ in
                let rows = try connection.query(sql, parameters)
                try connection.commit()
                return rows
            }
        } catch {
            if !connection.isBroken { try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    /// Only somebody who wrote the table by hand can have come so far.
    private func outOfGenerations(_ partition: Int32) -> PipelineError {
        let reset = SQL.text(
            PackageResources.positions_reset_sql, [("cluster", cluster), ("topic", topic)])
        return .configuration(
            "partition \(partition) of topic \(topic) must be read from its start as a new generation, but "
                + "\(connection.place) says generation \(Int32.max), the highest there is: somebody changed "
                + "userload.positions",
            hint: "stop every worker of this topic, then in psql: \(reset.prefix { $0 != "\n" })")
    }

    private func key(of position: Position) -> [Parameter] {
        [
            .text(cluster), .text(topic), .int(position.partition), .int(position.generation),
            .int(position.nextOffset),
        ]
    }
}

extension Position {
    /// A row of positions.sql.
    fileprivate init(_ row: Row) {
        let anchor = row.int(3).map { Anchor(offset: Int64($0), hash: UInt64(bitPattern: Int64(row.int(4) ?? 0))) }
        self.init(
            partition: Int32(clamping: row.int(0) ?? 0), generation: Int32(clamping: row.int(1) ?? 0),
            nextOffset: Int64(row.int(2) ?? -1), anchor: anchor)
    }
}

extension KnownProgress {
    /// A row of progress.sql.
    fileprivate mutating func add(_ row: Row) {
        if let fields = row.string(6), let onDuplicate = row.string(7) {
            key = JobKey(fields: fields.split(separator: ",").map(String.init), onDuplicate: onDuplicate)
        }
        guard let partition = row.int(1) else { return }
        places[Int32(clamping: partition)] = Progress(
            last: Int64(row.int(2) ?? -1), passedOver: Int64(row.int(3) ?? -1),
            digest: UInt64(bitPattern: Int64(row.int(4) ?? 0)), ended: row.bool(5) ?? false, exists: true)
    }
}
