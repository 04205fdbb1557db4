// The table of people in partitions: made, taken or refused; and counted when somebody writes to a partition itself.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting) struct PartitioningTests {
    let database: TestDatabase
    let connection: Connection

    init() throws {
        database = try PostgresServer.shared.database()
        connection = try Connection(DatabaseSettings(parameters: database.parameters))
    }

    private var place: String { "\(database.name) on 127.0.0.1" }
    private let columns = """
        name text COLLATE "C", age integer, email text COLLATE "C", phone_number text COLLATE "C", address jsonb,
        additional_info jsonb, job uuid, created_at timestamptz
        """

    @discardableResult
    private func migrate(
        _ partitions: Int? = nil, key: String? = nil, table: String? = nil, changesKey: Bool = true
    ) throws -> [String] {
        let target = try DatabaseTarget(table: table, key: key)
        return try Migrator.migrate(connection, target, changesKey: changesKey, partitions: partitions).made
    }

    @Test(arguments: [nil, "name,age,email"])
    func aNewTableIsMadeInPartitions(key: String?) throws {
        #expect(
            try migrate(4, key: key)
                == ["created schema userload and table public.users of 4 partitions in \(place), as postgres"])
        #expect(
            try database.psql(
                """
                SELECT pg_get_partkeydef('users'::regclass), string_agg(relid::text, ' ' ORDER BY relid::text)
                FROM pg_partition_tree('users') WHERE isleaf
                """) == "HASH (name)|users_p0 users_p1 users_p2 users_p3")
        #expect(try migrate(4) == [] && migrate() == [])
        #expect(
            problem { try migrate(8) }
                == "public.users in \(place) has 4 partitions by HASH (name), which --partitions 8 cannot change; "
                + "nothing was changed")
    }

    /// As `migrate --print --partitions 4`, edited or not, has it.
    @Test func thePrintedTableIsTheSame() throws {
        let target = DatabaseTarget(settings: DatabaseSettings())
        try connection.execute(Migrator.script(target, partitions: 4))
        #expect(try DatabaseInfo.read(connection).keyFields == .standard)
        #expect(try migrate(4) == [])
    }

    @Test func aLongNameIsCutForPartitions() throws {
        let name = String(repeating: "n", count: 63)
        try migrate(2, table: name)
        #expect(
            try database.psql("SELECT max(length(relid::text)) FROM pg_partition_tree('\(name)') WHERE isleaf") == "60")
    }

    @Test func aTableWithoutPartitionsStaysSo() throws {
        try migrate()
        #expect(
            problem { try migrate(4) }
                == "public.users in \(place) was made without partitions, and they cannot be added; nothing was changed"
        )
    }

    @Test func aNameThatIsTakenIsSaid() throws {
        try database.psql("CREATE TABLE users_p1 (a integer)")
        #expect(
            problem { try migrate(4) }
                == #"relation "users_p1" already exists in \#(place), and userload would make one of that name; nothing "#
                + "was touched")
        #expect(try database.psql("SELECT to_regclass('users'), to_regnamespace('userload')") == "|")
    }

    // MARK: Brought

    @Test(arguments: [
        ("HASH (name)", "WITH (MODULUS 1, REMAINDER 0)", nil), ("LIST (age)", "DEFAULT", nil),
        ("RANGE (age, name)", "DEFAULT", nil), ("HASH (email)", "WITH (MODULUS 1, REMAINDER 0)", "name,age,email"),
    ])
    func aTableThatFitsIsTaken(by: String, partition: String, key: String?) throws {
        let values = partition == "DEFAULT" ? partition : "FOR VALUES \(partition)"
        try database.psql(
            """
            CREATE TABLE users (\(columns), updated_by uuid, ours text) PARTITION BY \(by);
            CREATE TABLE mine PARTITION OF users \(values)
            """)
        #expect(
            try migrate(key: key) == [
                "created schema userload, took table public.users, which is partitioned by \(by), in \(place), as postgres"
            ])
        #expect(try migrate() == [])
        try connection.execute("INSERT INTO users (name, age) VALUES ('Ann', 30)")
        #expect(try database.psql("SELECT tableoid::regclass, created_at IS NOT NULL FROM users") == "mine|t")
        let error = #expect(throws: PostgresError.self) {
            try connection.execute("INSERT INTO users (name, age) VALUES ('Ann', 30)")
        }
        #expect(error?.sqlstate == .uniqueViolation)
    }

    @Test func aTableThatDoesNotFitIsNotTouched() throws {
        try database.psql(
            "CREATE TABLE users (name text COLLATE \"C\", age bigint, address jsonb, job uuid) PARTITION BY HASH (name)"
        )
        #expect(
            problem { try migrate() }
                == "table public.users in \(place) is partitioned, but not one for people, nothing was touched: it needs "
                + #"age integer, email text COLLATE "C", phone_number text COLLATE "C", additional_info jsonb, "#
                + "created_at timestamp with time zone")
        #expect(try database.psql("SELECT to_regnamespace('userload'), count(*) FROM users") == "|0")
    }

    @Test func aTableWithRowsIsNotTaken() throws {
        try database.psql(
            """
            CREATE TABLE users (\(columns)) PARTITION BY LIST (age); CREATE TABLE mine PARTITION OF users DEFAULT;
            INSERT INTO users (name, age) VALUES ('Ann', 30)
            """)
        #expect(
            problem { try migrate() }
                == "table public.users in \(place) has rows already, nothing was touched: userload takes a partitioned table "
                + "only while it is empty")
    }

    @Test(arguments: ["HASH (job)", "RANGE (created_at)", "LIST (lower(name))"])
    func aTablePartitionedBesideTheKeyIsRefused(by: String) throws {
        try database.psql("CREATE TABLE users (\(columns)) PARTITION BY \(by)")
        #expect(
            problem { try migrate() }
                == "public.users is partitioned by \(by), which is not part of the key name,age, so Postgres cannot keep the "
                + "key unique; nothing was changed")
    }

    /// Of a partition that is partitioned itself, and of a key that is to change.
    @Test func aKeyKeepsWhatTheTableIsPartitionedBy() throws {
        try database.psql(
            """
            CREATE TABLE users (\(columns)) PARTITION BY HASH (name);
            CREATE TABLE mine PARTITION OF users FOR VALUES WITH (MODULUS 1, REMAINDER 0) PARTITION BY LIST (email);
            CREATE TABLE leaf PARTITION OF mine DEFAULT
            """)
        let sentence =
            "public.users is partitioned by LIST (email), which is not part of the key name,age, so Postgres cannot keep the "
            + "key unique; nothing was changed"
        #expect(problem { try migrate() } == sentence)
        try migrate(key: "name,age,email")
        #expect(problem { try migrate(key: "name,age") } == sentence)
        #expect(
            try migrate(key: "name,age,email,phoneNumber")
                == ["changed the unique key of public.users from name,age,email to name,age,email,phoneNumber"])
    }

    // MARK: Written to by partition

    @Test(arguments: [
        "DELETE FROM users_p0", "UPDATE users_p1 SET age = age + 1", "TRUNCATE users_p0", "TRUNCATE users",
        "TRUNCATE users_p0, users_p1", "UPDATE users SET name = name || 'x'",
        "BEGIN; DELETE FROM users_p0 WHERE age < 20; TRUNCATE users_p0; COMMIT",
    ])
    func countsAgreeAfter(statement: String) throws {
        try EveryTable.$partitions.withValue(3) {
            let fixture = try LoaderFixture()
            #expect(fixture.load((0..<200).map { TestRow("P\($0)", $0 % 40) }) == "committed")
            try fixture.execute("INSERT INTO users (name, age) SELECT 'F' || n, n FROM generate_series(1, 30) AS n")
            #expect(try fixture.countsAgree())
            let before = try fixture.rows("SELECT json_agg(t ORDER BY name) FROM users AS t")
            try fixture.execute(statement)
            #expect(try fixture.rows("SELECT json_agg(t ORDER BY name) FROM users AS t") != before)
            #expect(try fixture.countsAgree())
        }
    }

    /// A partition made later has no triggers until `migrate` runs; a worker's start does not make them.
    @Test func aPartitionMadeLaterIsWatched() throws {
        try database.psql(
            """
            CREATE TABLE users (\(columns)) PARTITION BY LIST (age); CREATE TABLE mine PARTITION OF users DEFAULT
            """)
        try migrate()
        try database.psql("CREATE TABLE more PARTITION OF users FOR VALUES IN (7)")
        #expect(try migrate(changesKey: false) == [])
        #expect(try migrate() == ["gave 1 partition of public.users the triggers for the counts by age"])
        #expect(try migrate() == [])
        try connection.execute(
            """
            INSERT INTO users (name, age, job) VALUES ('A', 7, gen_random_uuid());
            INSERT INTO userload.age_adjustments (age, delta) VALUES (7, 1); DELETE FROM more
            """)
        #expect(try database.psql("SELECT count(*) FROM userload.age_counts") == "0")
    }

    @Test func aPersonThatNoPartitionTakesIsAReject() throws {
        try database.psql(
            "CREATE TABLE users (\(columns)) PARTITION BY LIST (age); CREATE TABLE mine PARTITION OF users FOR VALUES IN (7)"
        )
        try migrate()
        _ = try PositionStore(connection, cluster: "cluster", topic: "users").positions([0])
        let loader = Loader(
            target: DatabaseTarget(settings: DatabaseSettings(parameters: database.parameters)),
            info: try DatabaseInfo.read(connection), cluster: "cluster", topic: "users")
        let batch = Batch()
        batch.progress = [
            Batch.ProgressStep(job: JobID(high: 1, low: 1), partition: 0, isNew: true, expectedLast: -1, last: 2)
        ]
        batch.add(TestRow("A", 7), seq: 1)
        batch.add(TestRow("B", 8), seq: 2)
        batch.partitions = [Batch.PartitionStep(partition: 0, generation: 1, expectedOffset: -1, nextOffset: 3)]
        #expect(loader.load(batch) == "committed")
        loader.close()
        #expect(
            try database.psql(
                "SELECT inserted, rejected, errors -> 0 ->> 'message' FROM userload.progress, userload.rejects")
                == #"1|1|Postgres refused it: no partition of relation "users" found for row"#)
    }
}
