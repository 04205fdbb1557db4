// The unique index on the key, by whatever name, in one table or in partitions; and what happens without it.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting) struct LoaderKeyIndexTests {
    private static let missing = """
        fatal configuration: public.users has no valid unique index on exactly (age, name), so duplicates would be loaded; \
        nothing of this batch was loaded
        """

    private func people(_ numbers: Range<Int>) -> [TestRow] { numbers.map { TestRow("P\($0)", $0 % 100) } }

    @Test(arguments: [
        "ALTER INDEX userload_key RENAME TO people_once",
        "CREATE UNIQUE INDEX other_order ON users (name, age); DROP INDEX userload_key",
        "CREATE UNIQUE INDEX with_more ON users (age, name) INCLUDE (email) NULLS NOT DISTINCT; DROP INDEX userload_key",
        "DROP INDEX userload_key; ALTER TABLE users ADD PRIMARY KEY (age, name)",
    ])
    func anotherNameIsAsGood(ddl: String) throws {
        let fixture = try LoaderFixture()
        try fixture.execute(ddl)
        #expect(fixture.load(people(0..<200)) == "committed")
        #expect(fixture.load(people(100..<300)) == "committed")
        #expect(fixture.load(people(0..<300)) == "committed")
        #expect(try fixture.counts() == "300|400|0")
    }

    @Test(arguments: ["userload_key", "\"Once each\""])
    func partitionsTellDuplicates(index: String) throws {
        let fixture = try LoaderFixture()
        try fixture.partition(
            by: "HASH (name)", index: index, "WITH (MODULUS 3, REMAINDER 0)", "WITH (MODULUS 3, REMAINDER 1)",
            "WITH (MODULUS 3, REMAINDER 2)")
        #expect(fixture.load(people(0..<200)) == "committed")
        #expect(fixture.load(people(100..<300)) == "committed")
        #expect(fixture.load(people(0..<300)) == "committed")
        #expect(try fixture.counts() == "300|400|0")
        #expect(try fixture.rows("SELECT count(*), count(DISTINCT name) FROM users") == ["300|300"])
        #expect(try fixture.rows("SELECT count(*) FROM userload.rejects") == ["0"])
    }

    /// Partitions' own unique indexes refuse rows like any other constraint.
    @Test func anIndexOfOnePartitionRefusesRows() throws {
        let fixture = try LoaderFixture()
        try fixture.partition(by: "HASH (name)", "WITH (MODULUS 1, REMAINDER 0)")
        try fixture.execute("CREATE UNIQUE INDEX ON users_0 (email)")
        #expect(fixture.load([TestRow("A", 1, email: "a@x"), TestRow("B", 1, email: "a@x")]) == "committed")
        #expect(try fixture.counts() == "1|0|1")
    }

    /// A second unique index on the same columns complains first: the table has the key, so it is a duplicate.
    @Test func anIndexThatIsNotCheckedIsLookedBehind() throws {
        let fixture = try LoaderFixture()
        try fixture.execute(
            """
            CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.name = 'Twice' THEN
                    RAISE unique_violation USING CONSTRAINT = 'made_up', MESSAGE = 'made up';
                END IF;
                RETURN NEW; END $$;
            CREATE TRIGGER forget BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION forget();
            INSERT INTO users (name, age) VALUES ('There', 1)
            """)
        #expect(fixture.load([TestRow("There", 1), TestRow("Twice", 2), TestRow("New", 3)]) == "committed")
        #expect(try fixture.counts() == "1|1|1")
        #expect(try fixture.rows("SELECT errors -> 0 ->> 'code' FROM userload.rejects") == ["postgres_23505"])
    }

    @Test(arguments: [
        "",
        "CREATE INDEX plain ON users (age, name)",
        "CREATE UNIQUE INDEX more ON users (age, name, email)",
        "CREATE UNIQUE INDEX fewer ON users (phone_number)",
        "CREATE UNIQUE INDEX partly ON users (age, name) WHERE age > 0",
        "CREATE UNIQUE INDEX other ON users (age, lower(name))",
        "ALTER TABLE users ADD UNIQUE (age, name) DEFERRABLE INITIALLY IMMEDIATE",
        "CREATE UNIQUE INDEX broken ON users (age, name); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass",
    ])
    func withoutItNothingIsLoaded(ddl: String) throws {
        let fixture = try LoaderFixture()
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        try fixture.execute("DROP INDEX userload_key; " + ddl)
        let before = try fixture.everything()
        #expect(fixture.load([TestRow("A", 1), TestRow("B", 2)]) == Self.missing)
        #expect(try fixture.everything() == before)
    }

    @Test func withOptionalFieldsNullsMustNotBeDistinct() throws {
        let fixture = try LoaderFixture(key: try KeyFields(parsing: "name,age,email"))
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        try fixture.execute("DROP INDEX userload_key; CREATE UNIQUE INDEX ON users (age, name, email)")
        #expect(fixture.load([TestRow("A", 1)]).text.hasPrefix("fatal configuration: public.users has no valid unique"))
        try fixture.execute("CREATE UNIQUE INDEX ON users (email, name, age) NULLS NOT DISTINCT")
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        #expect(try fixture.counts() == "1|1|0")
    }

    @Test func theWayOutIsInTheHint() throws {
        let fixture = try LoaderFixture()
        try fixture.execute("DROP INDEX userload_key")
        guard case .fatal(let error) = fixture.load([TestRow("A", 1)]) else {
            Issue.record("not fatal")
            return
        }
        #expect(error.hint == "run `userload migrate`, which creates the index again")
        // And so it does; a worker's start does not.
        let target = DatabaseTarget(settings: DatabaseSettings())
        let connection = fixture.migrated.connection
        #expect(try Migrator.migrate(connection, target).made == [])
        #expect(
            try Migrator.migrate(connection, target, changesKey: true).made
                == ["created the unique index on name,age of public.users again"])
        #expect(try Migrator.migrate(connection, target, changesKey: true).made == [])
        #expect(fixture.load([TestRow("A", 1)]) == "schemaChanged")
        try fixture.reload()
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
    }

    @Test func rowsInTheWayOfTheIndexAreListed() throws {
        let fixture = try LoaderFixture()
        try fixture.execute("DROP INDEX userload_key; INSERT INTO users (name, age) VALUES ('Ann', 35), ('Ann', 35)")
        #expect(
            problem {
                _ = try Migrator.migrate(
                    fixture.migrated.connection, DatabaseTarget(settings: DatabaseSettings()), changesKey: true)
            }
                == "the key name,age would not be unique in public.users, nothing was changed; 1 key has several rows: 35, "
                + "Ann (2 rows)")
    }

    @Test func aRenamedIndexGivesWayToAnotherKey() throws {
        let fixture = try LoaderFixture()
        try fixture.execute("ALTER INDEX userload_key RENAME TO \"Once \"\"each\"")
        let target = DatabaseTarget(settings: DatabaseSettings(), keyFields: try KeyFields(parsing: "name,age,email"))
        _ = try Migrator.migrate(fixture.migrated.connection, target, changesKey: true)
        #expect(
            try fixture.rows("SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
                == ["userload_foreign_ages", "userload_job", "userload_key"])
    }

    /// A partition's index cannot be dropped: the table's own is.
    @Test(arguments: ["userload_key", "\"Once each\""])
    func aPartitionedTableGetsAnotherKey(index: String) throws {
        let fixture = try LoaderFixture()
        try fixture.partition(
            by: "HASH (name)", index: index, "WITH (MODULUS 5, REMAINDER 0)", "WITH (MODULUS 5, REMAINDER 1)",
            "WITH (MODULUS 5, REMAINDER 2)", "WITH (MODULUS 5, REMAINDER 3)", "WITH (MODULUS 5, REMAINDER 4)")
        let target = DatabaseTarget(settings: DatabaseSettings(), keyFields: try KeyFields(parsing: "name,age,email"))
        let connection = fixture.migrated.connection
        #expect(
            try Migrator.migrate(connection, target, changesKey: true).made
                == [
                    "changed the unique key of public.users from name,age to name,age,email",
                    "gave 5 partitions of public.users the triggers for the counts by age",
                ])
        let indexes = """
            SELECT indexrelid::regclass, (SELECT count(*) FROM pg_inherits WHERE inhparent = indexrelid)
            FROM pg_index WHERE indrelid = 'users'::regclass
            """
        #expect(try fixture.rows(indexes) == ["userload_key|5"])
        #expect(try Migrator.migrate(connection, target, changesKey: true).made == [])
    }
}
