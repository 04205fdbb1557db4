// The counts by age: equal to the plain GROUP BY in every snapshot, whoever writes, and without reading the table.

import Pipeline
import Postgres
import TestSupport
import Testing

/// What a loader's transaction does to the counts: the position first, as in the swap.
private let loading = """
    BEGIN;
    INSERT INTO userload.positions (cluster, topic, partition) VALUES ('c', 't', $partition)
    ON CONFLICT (cluster, topic, partition) DO UPDATE SET next_offset = userload.positions.next_offset + 50;
    WITH rows AS (
        INSERT INTO users (name, age, job)
        SELECT gen_random_uuid()::text, (random() * 150)::integer, '00000000-0000-0000-0000-00000000000a'
        FROM generate_series(1, 50) RETURNING age)
    UPDATE userload.positions SET ages = userload.add_ages(ages,
        (SELECT array_agg((SELECT count(*) FROM rows WHERE rows.age = a) ORDER BY a) FROM generate_series(0, 150) AS a))
    WHERE partition = $partition;
    COMMIT
    """

/// One statement is one snapshot.
private let agreement = """
    SELECT (SELECT coalesce(json_agg(json_build_array(age, count) ORDER BY age)::text, 'none') FROM userload.age_counts)
        = (SELECT coalesce(json_agg(json_build_array(age, count) ORDER BY age)::text, 'none')
           FROM (SELECT age, count(*) FROM users GROUP BY age) AS plain)
    """

@Suite(.waiting, .everyTable) struct AgeCountsTests {
    let fixture = try! MigratedDatabase()

    init() throws {
        _ = try PositionStore(fixture.connection, cluster: "c", topic: "t").positions([0, 1, 2])
    }

    private func agrees(_ connection: Connection) throws -> Bool {
        try connection.query(agreement)[0].bool(0) == true
    }

    private static func load(_ partition: Int, _ connection: Connection) throws {
        try connection.execute(loading.replacing("$partition", with: String(partition)))
    }

    @Test(arguments: [
        "INSERT INTO users (name, age) VALUES ('Ann', 35), ('Ann', 200), ('Ann', -5)",
        "DELETE FROM users WHERE age < 75",
        "DELETE FROM users WHERE age < 0",
        "UPDATE users SET age = age + 1, name = name || 'x' WHERE age % 2 = 0",
        "UPDATE users SET age = 151 WHERE age = 10",
        "UPDATE users SET job = NULL WHERE age > 40",
        "UPDATE users SET job = '00000000-0000-0000-0000-000000000000' WHERE age > 40",
        "INSERT INTO users (name, age) SELECT name, age FROM users ON CONFLICT (age, name) DO UPDATE SET job = NULL",
        "WITH gone AS (DELETE FROM users WHERE age > 30 RETURNING *) UPDATE users SET age = 0 WHERE age = 30",
        "TRUNCATE users",
        "BEGIN; DELETE FROM users WHERE age < 50; TRUNCATE users; INSERT INTO users (name, age) VALUES ('B', 1); COMMIT",
        "BEGIN; TRUNCATE users; ROLLBACK",
        "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; DELETE FROM users WHERE age < 50; COMMIT",
        "DELETE FROM userload.positions WHERE partition = 1",
    ])
    func agreeAfter(foreign statement: String) throws {
        for partition in [0, 1] { try Self.load(partition, fixture.connection) }
        try fixture.connection.execute("INSERT INTO users (name, age) VALUES ('Cid', 30), ('Cid', 41)")
        #expect(try agrees(fixture.connection))
        try fixture.connection.execute(statement)
        #expect(try agrees(fixture.connection))
        try Self.load(2, fixture.connection)
        #expect(try agrees(fixture.connection))
        #expect(try fixture.rows("SELECT sum(count) >= 50 FROM userload.age_counts") == ["t"])
    }

    @Test func aWriterOfUsersNeedsNoRightsHere() throws {
        try Self.load(0, fixture.connection)
        let role = "app_" + fixture.database.name
        try fixture.connection.execute(
            "CREATE ROLE \(role); GRANT SELECT, UPDATE, DELETE, TRUNCATE ON users TO \(role)")
        try fixture.connection.execute("SET ROLE \(role); DELETE FROM users WHERE age < 75; UPDATE users SET age = 1")
        try fixture.connection.execute("RESET ROLE")
        #expect(try agrees(fixture.connection))
        try fixture.connection.execute("SET ROLE \(role); TRUNCATE users; RESET ROLE")
        #expect(try agrees(fixture.connection))
        try fixture.connection.execute("DROP OWNED BY \(role); DROP ROLE \(role)")
    }

    @Test(.tags(.plainTable)) func truncateInAnOldSnapshotIsRefused() throws {
        try fixture.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        let error = #expect(throws: PostgresError.self) { try fixture.connection.execute("TRUNCATE users") }
        #expect(error?.message == "TRUNCATE of public.users needs a transaction of isolation level read committed")
        try fixture.connection.execute("ROLLBACK")
    }

    /// 3,000 people of one job, named by number, counted as a loader would.
    private func people() throws {
        try fixture.connection.execute(
            """
            INSERT INTO users (name, age, job)
            SELECT n::text, n % 100, gen_random_uuid() FROM generate_series(1, 3000) AS n;
            UPDATE userload.positions SET ages = (SELECT array_agg(CASE WHEN a < 100 THEN 30 ELSE 0 END ORDER BY a)
                FROM generate_series(0, 150) AS a) WHERE partition = 0
            """)
    }

    private func delete(_ numbers: ClosedRange<Int>, _ connection: Connection) throws {
        for number in numbers { try connection.execute("DELETE FROM users WHERE name = '\(number)'") }
    }

    @Test func adjustmentsAreFolded() throws {
        try people()
        try delete(1...600, fixture.connection)
        #expect(try agrees(fixture.connection))
        let rows = try fixture.connection.query("SELECT count(*) FROM userload.age_adjustments")[0].int(0) ?? 0
        #expect(rows < 400)
    }

    @Test func nobodyWaitsForWhoFolds() throws {
        try people()
        try delete(1...100, fixture.connection)
        let other = try fixture.connect()
        defer { other.close() }
        try other.execute("BEGIN")
        try delete(101...400, other)
        try fixture.connection.execute("SET lock_timeout = '1s'")
        try delete(401...700, fixture.connection)
        #expect(try agrees(fixture.connection))
        try other.execute("COMMIT")
        #expect(try agrees(fixture.connection))
    }

    /// Loaders, foreign writers of every kind, and a reader that compares all the time.
    @Test func agreeInEverySnapshotWhileAllWrite() throws {
        let foreign = [
            "INSERT INTO users (name, age) SELECT gen_random_uuid()::text, (random() * 160)::integer FROM generate_series(1, 9)",
            "DELETE FROM users WHERE age = (random() * 150)::integer",
            "UPDATE users SET age = (random() * 150)::integer WHERE age = (random() * 150)::integer",
            "UPDATE users SET job = NULL WHERE age = (random() * 150)::integer",
            "UPDATE users SET job = gen_random_uuid() WHERE job IS NULL AND age < 20",
            "DELETE FROM userload.positions WHERE partition = 2",
            "TRUNCATE users",
        ]
        let writers: [(Connection) throws -> Void] =
            (0...2).map { partition in
                { connection in
                    for _ in 0..<60 { try retrying(connection) { try Self.load(partition, connection) } }
                }
            }
            + foreign.enumerated().map { number, statement in
                { connection in
                    // The last ones are rare, so that there is something to count.
                    for _ in 0..<(number < 5 ? 60 : 8) {
                        try retrying(connection) { try connection.execute(statement) }
                    }
                }
            }
        let reader = try fixture.connect()
        defer { reader.close() }
        let running = try Threads(
            writers.map { writer in
                let connection = try fixture.connect()
                return {
                    defer { connection.close() }
                    try writer(connection)
                }
            })
        var (compared, differed) = (0, 0)
        repeat {
            compared += 1
            if try !agrees(reader) { differed += 1 }
        } while running.areRunning
        try running.rethrow()
        #expect(compared > 10)
        #expect(differed == 0)
        #expect(try agrees(fixture.connection))
    }

    // MARK: The cost

    @Test(.tags(.plainTable), arguments: [false, true])
    func theTableIsNotRead(analyzed: Bool) throws {
        try fixture.connection.execute(
            "INSERT INTO users (name, age, job) SELECT n::text, n % 90, gen_random_uuid() FROM generate_series(1, 50000) AS n"
        )
        if analyzed { try fixture.connection.execute("ANALYZE users") }
        let plan = try fixture.rows("EXPLAIN SELECT * FROM userload.age_counts").joined(separator: "\n")
        #expect(plan.contains("userload_foreign_ages"))
        #expect(!plan.contains("Seq Scan on users"))
        #expect(!plan.contains("userload_key"))
    }

    @Test func noTriggerRunsOnInsert() throws {
        // Bit 2 of tgtype: TRIGGER_TYPE_INSERT.
        let sql = "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'users'::regclass AND tgtype & 4 <> 0"
        #expect(try fixture.rows(sql) == ["0"])
    }

    // MARK: The groups

    @Test(arguments: [
        ([20, 40, 60], ["< 20|3", "20 to 40|3", "40 to 60|2", "> 60|3"]),
        ([18, 30, 50], ["< 18|2", "18 to 30|3", "30 to 50|2", "> 50|4"]),
        ([41], ["< 41|6", ">= 41|5"]),
        ([0, 150], ["< 0|0", "0 to 150|11", "> 150|0"]),
    ])
    func groups(bounds: [Int], expected: [String]) throws {
        let ages = [0, 17, 19, 20, 21, 40, 41, 60, 61, 62, 150]
        let rows = ages.map { "('Ann', \($0))" }.joined(separator: ", ")
        try fixture.connection.execute("INSERT INTO users (name, age) VALUES \(rows)")
        let groups = try UserReader(fixture.connection, fixture.info).ageGroups(bounds: bounds)
        #expect(groups.map { "\($0.label)|\($0.count)" } == expected)
    }

    @Test func allGroupsAreThereWithoutAnyPeople() throws {
        let empty = ["< 20", "20 to 40", "40 to 60", "> 60"].map { AgeGroup(label: $0, count: 0, percent: 0) }
        #expect(try UserReader(fixture.connection, fixture.info).ageGroups() == empty)
        #expect(
            try fixture.rows("TABLE userload.age_groups")
                == ["< 20|0|0.0", "20 to 40|0|0.0", "40 to 60|0|0.0", "> 60|0|0.0"])
    }

    @Test func theViewIsWhatStatsShows() throws {
        try fixture.connection.execute("INSERT INTO users (name, age) VALUES ('A', 1), ('B', 40), ('C', 60)")
        #expect(
            try fixture.rows("TABLE userload.age_groups")
                == ["< 20|1|33.3", "20 to 40|1|33.3", "40 to 60|1|33.3", "> 60|0|0.0"])
    }
}

/// Deadlocks among the foreign writers are theirs; the server picks one to try again.
func retrying(_ connection: Connection, _ body: () throws -> Void) throws {
    while true {
        do {
            return try body()
        } catch SQLState.deadlockDetected {
            if connection.inTransaction { try connection.execute("ROLLBACK") }
        } catch SQLState.uniqueViolation {
            if connection.inTransaction { try connection.execute("ROLLBACK") }
        }
    }
}
