// A database that does not count people by age as rows come and go, and the way there and back.

import Pipeline
import Postgres
import Records
import Synchronization
import TestSupport
import Testing

@Suite(.waiting, .everyTable) struct WithoutAgeCountsTests {
    private static let triggers = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"
    private static let kept = """
        SELECT (SELECT count(*) FROM userload.positions AS p, unnest(p.ages) AS a WHERE a <> 0),
            (SELECT count(*) FROM userload.age_adjustments)
        """
    private static let off =
        "switched the counts by age of public.users off: its triggers are gone, and `stats` counts when it is asked"
    private static let on = "switched the counts by age of public.users on: triggers on it keep them from now on"

    private func people(_ prefix: String, _ count: Int = 150) -> [TestRow] {
        (0..<count).map { TestRow("\(prefix)\($0)", $0 % 100) }
    }

    @discardableResult
    private func migrate(
        _ migrated: MigratedDatabase, countsAges: Bool? = nil, on connection: Connection? = nil
    ) throws -> [String] {
        try Migrator.migrate(
            connection ?? migrated.connection, DatabaseTarget(settings: DatabaseSettings()), changesKey: true,
            countsAges: countsAges
        ).made
    }

    @Test func nothingOfOursStandsOnTheTable() throws {
        let fixture = try LoaderFixture(countsAges: false)
        #expect(fixture.migrated.info.countsAges == false)
        #expect(try fixture.rows(Self.triggers) == ["0"])
        #expect(fixture.load(people("a")) == "committed")
        #expect(fixture.load(people("a", 200)) == "committed")
        #expect(try fixture.counts() == "200|150|0")
        #expect(try fixture.countsAgree())
        try fixture.execute(
            """
            INSERT INTO users (name, age) VALUES ('x', 200), ('x', -1); DELETE FROM users WHERE age = 7;
            UPDATE users SET age = age + 1 WHERE age > 50
            """)
        #expect(try fixture.countsAgree())
        // Nobody has to see all rows here.
        try fixture.execute("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1")
        try fixture.execute("TRUNCATE users; COMMIT")
        #expect(try fixture.countsAgree())
        #expect(try fixture.rows(Self.kept) == ["0|0"])
        #expect(try migrate(fixture.migrated) == [])
        #expect(try migrate(fixture.migrated, countsAges: false) == [])
    }

    @Test(arguments: [
        "DELETE FROM users WHERE age < 30", "UPDATE users SET age = age + 1", "TRUNCATE users",
        "UPDATE users SET job = NULL WHERE age > 20", "UPDATE users SET job = gen_random_uuid() WHERE job IS NULL",
        "DELETE FROM userload.positions WHERE partition = 1",
    ])
    func thereAndBack(foreign statement: String) throws {
        let fixture = try LoaderFixture()
        let triggers = try fixture.rows(Self.triggers)
        #expect(fixture.load(people("a")) == "committed")
        #expect(fixture.loader.load(fixture.batch(people("b"), partition: 1)) == "committed")
        try fixture.execute("INSERT INTO users (name, age) SELECT 'x' || n, n FROM generate_series(1, 40) AS n")
        try fixture.execute(statement)
        #expect(try fixture.countsAgree())

        #expect(try migrate(fixture.migrated, countsAges: false) == [Self.off])
        #expect(try fixture.rows(Self.triggers) == ["0"])
        #expect(try fixture.countsAgree())
        let before = try fixture.everything()
        #expect(fixture.load(people("c")) == "schemaChanged")
        #expect(try fixture.everything() == before)
        try fixture.reload()
        let kept = try fixture.rows(Self.kept)
        #expect(fixture.load(people("c")) == "committed")
        #expect(try fixture.rows(Self.kept) == kept)
        try fixture.execute(statement)
        try fixture.execute("INSERT INTO users (name, age) SELECT 'y' || n, n FROM generate_series(1, 40) AS n")
        #expect(try fixture.countsAgree())

        #expect(try migrate(fixture.migrated, countsAges: true) == [Self.on])
        #expect(try fixture.rows(Self.triggers) == triggers)
        #expect(try fixture.countsAgree())
        #expect(fixture.load(people("d")) == "schemaChanged")
        try fixture.reload()
        #expect(fixture.load(people("d")) == "committed")
        #expect(try fixture.countsAgree())
        try fixture.execute(statement)
        #expect(try fixture.countsAgree())
        #expect(try migrate(fixture.migrated) == [])
    }

    /// Whoever changes rows when they are counted again is either counted or noted.
    @Test(arguments: ["DELETE FROM $table WHERE age < 30", "UPDATE $table SET age = age + 1 WHERE age > 50"])
    func aChangeUnderWayIsWaitedFor(statement: String) throws {
        let fixture = try LoaderFixture(countsAges: false)
        #expect(fixture.load(people("a")) == "committed")
        let (other, migrating) = (try fixture.migrated.connect(), try fixture.migrated.connect())
        defer {
            other.close()
            migrating.close()
        }
        let table = EveryTable.partitions == nil ? "users" : "users_p1"
        try other.execute("BEGIN; " + statement.replacing("$table", with: table))
        let running = try Threads([{ try migrate(fixture.migrated, countsAges: true, on: migrating) }])
        try eventually("migrate waits") { try fixture.migrated.connection.hasWaiters() || !running.areRunning }
        #expect(running.areRunning)
        try other.execute("COMMIT")
        try eventually("migrate has done it") { !running.areRunning }
        try running.rethrow()
        #expect(try fixture.countsAgree())
        #expect(try fixture.rows("SELECT count(*) > 0 FROM userload.age_adjustments") == ["t"])
    }

    /// Loaders, others who write, one who switches, and a reader that compares all the time.
    @Test func countsAgreeWhileItIsSwitched() throws {
        let fixture = try LoaderFixture()
        let lanes = try (0..<2).map { try Lane(fixture.migrated, partition: $0) }
        let foreign = [
            "INSERT INTO users (name, age) SELECT gen_random_uuid()::text, (random() * 160)::integer FROM generate_series(1, 9)",
            "DELETE FROM users WHERE age = (random() * 99)::integer",
            "UPDATE users SET job = NULL WHERE age = (random() * 99)::integer",
        ]
        let isSwitching = Mutex(true)
        let writers: [(Connection) throws -> Void] =
            lanes.map { lane in { _ in while isSwitching.withLock({ $0 }) { try lane.load() } } }
            + foreign.map { statement in
                { connection in
                    while isSwitching.withLock({ $0 }) {
                        try retrying(connection) { try connection.execute(statement) }
                    }
                }
            }
        let switcher: (Connection) throws -> Void = { connection in
            defer { isSwitching.withLock { $0 = false } }
            for number in 0..<8 {
                let changes = lanes.map(\.batches)
                try migrate(fixture.migrated, countsAges: number % 2 == 1, on: connection)
                try eventually("both have loaded since") { zip(lanes, changes).allSatisfy { $0.batches > $1 + 1 } }
            }
        }
        let running = try Threads(
            (writers + [switcher]).map { body in
                let connection = try fixture.migrated.connect()
                return {
                    defer { connection.close() }
                    try body(connection)
                }
            })
        var (compared, differed) = (0, 0)
        repeat {
            compared += 1
            if try !fixture.countsAgree() { differed += 1 }
        } while running.areRunning
        try running.rethrow()
        #expect(compared > 10)
        #expect(differed == 0)
        #expect(try fixture.countsAgree())
        #expect(lanes.allSatisfy { $0.reloads >= 8 })
    }

    /// Nothing has to be told by age.
    @Test(.tags(.plainTable), arguments: ["NEW.age := NEW.age + 1;", "IF NEW.age % 3 = 0 THEN RETURN NULL; END IF;"])
    func triggersDoNotKeepCopyAway(body: String) throws {
        let fixture = try LoaderFixture(countsAges: false)
        try fixture.execute(
            """
            CREATE TABLE statements (tag text);
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO statements VALUES (substring(current_query() FROM '(COPY|WITH) ')); RETURN NULL; END $$;
            CREATE TRIGGER note AFTER INSERT ON users FOR EACH STATEMENT EXECUTE FUNCTION note()
            """)
        try fixture.beforeInsert(body)
        #expect(fixture.load(people("a")) == "committed")
        #expect(fixture.load(people("b")) == "committed")
        #expect(try fixture.rows("SELECT * FROM statements") == ["COPY", "COPY"])
        #expect(try fixture.countsAgree())
        #expect(try fixture.counts() == fixture.rows("SELECT count(*) FROM users")[0] + "|0|0")
    }

    @Test(.tags(.plainTable)) func countingReadsTheIndexAlone() throws {
        let fixture = try MigratedDatabase(countsAges: false)
        try fixture.connection.execute(
            """
            INSERT INTO users (name, age, job, additional_info)
            SELECT n::text, n % 90, gen_random_uuid(), jsonb_build_object('note', repeat('x', 200))
            FROM generate_series(1, 50000) AS n ORDER BY 2, 1
            """)
        try fixture.connection.execute("VACUUM ANALYZE users")
        let plan = try fixture.rows("EXPLAIN SELECT * FROM userload.age_counts").joined(separator: "\n")
        #expect(plan.contains("Index Only Scan using userload_key on users"), "\(plan)")
        #expect(!plan.contains("Seq Scan"), "\(plan)")
    }
}

/// A worker's loop over one partition: a batch that the schema outran is made again by what the schema is then.
private final class Lane {
    private let migrated: MigratedDatabase
    private let partition: Int32
    private let connection: Connection
    private var loader: Loader
    private var last: Int64 = -1
    private let counts = Mutex((batches: 0, reloads: 0))

    init(_ migrated: MigratedDatabase, partition: Int32) throws {
        self.migrated = migrated
        self.partition = partition
        connection = try migrated.connect()
        loader = LoaderFixture.loader(migrated)
    }

    deinit {
        connection.close()
        loader.close()
    }

    /// Committed. Any thread may ask.
    var batches: Int { counts.withLock { $0.batches } }
    /// Any thread may ask.
    var reloads: Int { counts.withLock { $0.reloads } }

    func load() throws {
        let batch = Batch()
        batch.progress = [
            Batch.ProgressStep(
                job: JobID(high: 1, low: UInt64(partition)), partition: partition, isNew: last < 0, expectedLast: last)
        ]
        let first = max(last, 0) + 1
        for seq in first..<first + 20 { batch.add(TestRow("\(partition)/\(seq)", Int(seq) % 100), seq: seq) }
        batch.progress[0].last = first + 19
        batch.partitions = [
            Batch.PartitionStep(
                partition: partition, generation: 1, expectedOffset: last < 0 ? -1 : first, nextOffset: first + 20)
        ]
        switch loader.load(batch) {
        case .committed:
            last = first + 19
            counts.withLock { $0.batches += 1 }
        case .schemaChanged:
            loader.close()
            loader = LoaderFixture.loader(migrated, info: try DatabaseInfo.read(connection))
            counts.withLock { $0.reloads += 1 }
        case .retry: break
        case let outcome: throw TestSupportError("batch of partition \(partition): \(outcome.text)")
        }
    }
}
