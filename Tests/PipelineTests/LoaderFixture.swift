// A loader over a migrated database, and batches of rows for it.

import FoundationEssentials
import Pipeline
import Postgres
import Records
import TestSupport

final class LoaderFixture {
    let migrated: MigratedDatabase
    private(set) var loader: Loader
    let job = JobID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
    /// How far partition 0 was loaded.
    var next: Int64 = -1
    var last: Int64 = -1

    init(
        key: KeyFields? = nil, countsAges: Bool? = nil, maxRefused: Int = 1_000,
        patience: BlockedWatch.Patience = .standard
    ) throws {
        migrated = try MigratedDatabase(key: key, countsAges: countsAges)
        loader = Self.loader(migrated, maxRefused: maxRefused, patience: patience)
        _ = try PositionStore(migrated.connection, cluster: "cluster", topic: "users").positions([0, 1, 2])
    }

    deinit { loader.close() }

    /// Another loader: one that knows what the database says of itself now.
    func reload() throws { loader = Self.loader(migrated, info: try DatabaseInfo.read(migrated.connection)) }

    static func loader(
        _ migrated: MigratedDatabase, info: DatabaseInfo? = nil, parameters: [DatabaseSettings.Entry]? = nil,
        maxRefused: Int = 1_000, patience: BlockedWatch.Patience = .standard
    ) -> Loader {
        Loader(
            target: DatabaseTarget(
                settings: DatabaseSettings(parameters: parameters ?? migrated.database.parameters)),
            info: info ?? migrated.info, cluster: "cluster", topic: "users", maxRefused: maxRefused, patience: patience)
    }

    /// The next batch of partition 0: `rows` as the next records of `job`.
    func batch(_ rows: [TestRow] = [], _ mode: OnDuplicate = .skip) -> Batch {
        let batch = Batch()
        batch.progress = [Batch.ProgressStep(job: job, partition: 0, isNew: last < 0, expectedLast: last)]
        batch.progress[0].onDuplicate = mode
        for (index, row) in rows.enumerated() {
            batch.add(row, seq: max(last, 0) + Int64(index) + 1, key: migrated.info.keyFields)
        }
        finish(batch, records: rows.count)
        return batch
    }

    /// A batch of another partition than 0, where nothing of `job` has come yet.
    func batch(_ rows: [TestRow], partition: Int32) -> Batch {
        let batch = Batch()
        batch.progress = [Batch.ProgressStep(job: job, partition: partition, isNew: true, expectedLast: -1)]
        for (index, row) in rows.enumerated() { batch.add(row, seq: Int64(index) + 1, key: migrated.info.keyFields) }
        batch.progress[0].last = Int64(rows.count)
        batch.partitions = [
            Batch.PartitionStep(
                partition: partition, generation: 1, expectedOffset: -1, nextOffset: Int64(rows.count) + 1)
        ]
        return batch
    }

    /// Sets where the batch's only partition and job come to with `records` records.
    func finish(_ batch: Batch, records: Int) {
        batch.progress[0].last = max(last, 0) + Int64(records)
        batch.progress[0].digest = 0xFFFF_FFFF_0000_0000 + UInt64(records)
        batch.partitions = [
            Batch.PartitionStep(
                partition: 0, generation: 1, expectedOffset: next, nextOffset: max(next, 0) + Int64(records) + 1,
                anchor: Anchor(offset: max(next, 0), hash: .max))
        ]
    }

    /// Loads the next batch and counts it if it was committed.
    @discardableResult
    func load(_ rows: [TestRow], _ mode: OnDuplicate = .skip) -> LoadOutcome { load(batch(rows, mode)) }

    @discardableResult
    func load(_ batch: Batch) -> LoadOutcome {
        let outcome = loader.load(batch)
        if outcome == "committed" {
            next = batch.partitions[0].nextOffset
            last = batch.progress[0].last
        }
        return outcome
    }

    func execute(_ sql: String) throws { try migrated.connection.execute(sql) }

    func rows(_ sql: String) throws -> [String] { try migrated.rows(sql) }

    func people() throws -> [String] { try rows("SELECT name, age FROM users ORDER BY age, name") }

    /// A trigger on `table` for each row before it is inserted; `body` may change NEW or return.
    func beforeInsert(_ body: String, on table: String = "users") throws {
        try execute(
            """
            CREATE OR REPLACE FUNCTION a_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(body) RETURN NEW; END $$;
            CREATE TRIGGER a_trigger BEFORE INSERT ON \(table) FOR EACH ROW EXECUTE FUNCTION a_trigger()
            """)
    }

    /// Whether the counts by age are those of the table, in one snapshot.
    func countsAgree() throws -> Bool {
        try rows(
            """
            SELECT (SELECT json_agg(json_build_array(age, count) ORDER BY age)::text FROM userload.age_counts)
                IS NOT DISTINCT FROM (SELECT json_agg(json_build_array(age, count) ORDER BY age)::text
                    FROM (SELECT age, count(*) FROM users GROUP BY age) AS plain)
            """) == ["t"]
    }

    /// Puts a partitioned table in the place of users, with the key's index; its people are gone.
    func partition(by strategy: String, index: String = "userload_key", _ partitions: String...) throws {
        try execute(
            """
            DROP VIEW userload.age_counts CASCADE; ALTER TABLE users RENAME TO users_before;
            CREATE TABLE users (LIKE users_before INCLUDING DEFAULTS) PARTITION BY \(strategy);
            ALTER TABLE users ALTER COLUMN id DROP NOT NULL;
            \(partitions.enumerated().map { "CREATE TABLE users_\($0) PARTITION OF users FOR VALUES \($1);" }.joined());
            DROP INDEX userload_key; CREATE UNIQUE INDEX \(index) ON users (age, name)
            """)
    }

    /// inserted|duplicates|rejected of all jobs.
    func counts() throws -> String {
        try rows("SELECT sum(inserted), sum(duplicates), sum(rejected) FROM userload.progress")[0]
    }

    /// All that a batch's transaction may write, as text: two are equal if nothing was written in between. The rows of
    /// its jobs are written beforehand.
    func everything() throws -> [String] {
        try ["users", "userload.positions", "userload.progress", "userload.rejects"].flatMap { table in
            try rows("SELECT '\(table)', t::text FROM \(table) AS t ORDER BY 2")
        }
    }
}

extension LoadOutcome {
    /// The case's name, with what makes it out: "retry 40P01", "fatal …", "refused …".
    var text: String {
        switch self {
        case .committed: "committed"
        case .lostSwap: "lostSwap"
        case .schemaChanged: "schemaChanged"
        case .retry(let error): "retry \(error.sqlstate?.rawValue ?? "\(error.kind)")"
        case .fatal(let failure): "fatal \(failure.kind): \(failure.message)"
        case .refused(let failure): "refused \(failure.kind): \(failure.message)"
        }
    }

    static func == (outcome: LoadOutcome, text: String) -> Bool { outcome.text == text }
}

extension Connection {
    /// Whether a session with this database has waited for a lock for so long.
    func hasWaiters(longerThan interval: String = "0") throws -> Bool {
        try query(
            """
            SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > $1::interval
            """, [.text(interval)]
        ).count > 0
    }
}
