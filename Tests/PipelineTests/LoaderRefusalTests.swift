// Rows that Postgres refuses: narrowed down to the row, kept as rejects; and what is no fault of a row.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

/// A trigger on users for each row.
private func trigger(_ body: String, kind: String = "BEFORE INSERT") -> String {
    let isConstraint = kind.hasPrefix("CONSTRAINT")
    return """
        CREATE FUNCTION a_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(body) RETURN NEW; END $$;
        CREATE \(isConstraint ? "CONSTRAINT TRIGGER a_trigger AFTER INSERT" : "TRIGGER a_trigger \(kind)") ON users
            \(isConstraint ? "DEFERRABLE INITIALLY DEFERRED " : "")FOR EACH ROW EXECUTE FUNCTION a_trigger();
        """
}

/// What refuses people named Bad, and how it is told.
struct Refusal: Sendable, CustomTestStringConvertible {
    let ddl: String
    let code: String
    let message: String
    var testDescription: String { code }

    init(_ ddl: String, _ code: String, _ message: String) {
        self.ddl = ddl
        self.code = code
        self.message = message
    }

    static let all = [
        Refusal(
            "ALTER TABLE users ADD CONSTRAINT \"no \\ \"\" bad\" CHECK (name <> 'Bad')", "postgres_23514",
            #"new row for relation "users" violates check constraint "no \ " bad""#),
        Refusal(
            trigger("IF NEW.name = 'Bad' THEN NEW.created_at := NULL; END IF;"), "postgres_23502",
            #"null value in column "created_at" of relation "users" violates not-null constraint"#),
        Refusal(
            """
            CREATE UNIQUE INDEX one_each ON users (phone_number); INSERT INTO users (name, age, phone_number)
            VALUES ('Owner', 150, '666')
            """, "postgres_23505", #"duplicate key value violates unique constraint "one_each""#),
        Refusal(
            """
            CREATE TABLE phones (number text PRIMARY KEY); INSERT INTO phones VALUES ('777');
            ALTER TABLE users ADD CONSTRAINT known FOREIGN KEY (phone_number) REFERENCES phones
            """, "postgres_23503", #"insert or update on table "users" violates foreign key constraint "known""#),
        Refusal(
            """
            CREATE TABLE phones (number text PRIMARY KEY); INSERT INTO phones VALUES ('777');
            ALTER TABLE users ADD CONSTRAINT known FOREIGN KEY (phone_number) REFERENCES phones
                DEFERRABLE INITIALLY DEFERRED
            """, "postgres_23503", #"insert or update on table "users" violates foreign key constraint "known""#),
        Refusal(
            "ALTER TABLE users ADD CONSTRAINT apart EXCLUDE ((name = 'Bad') WITH =) WHERE (name = 'Bad');"
                + "INSERT INTO users (name, age) VALUES ('Bad', 150)", "postgres_23P01",
            #"conflicting key value violates exclusion constraint "apart""#),
        Refusal(
            trigger("IF NEW.name = 'Bad' THEN RAISE EXCEPTION 'no % today\n\"\\', NEW.name; END IF;"),
            "postgres_P0001", "no Bad today\u{FFFD}\"\\"),
        Refusal(
            trigger(
                "IF NEW.name = 'Bad' THEN RAISE EXCEPTION 'not %', NEW.name; END IF;", kind: "CONSTRAINT"),
            "postgres_P0001", "not Bad"),
        Refusal(
            trigger("IF NEW.name = 'Bad' THEN NEW.age := (NEW.age * 1000000000::bigint)::integer; END IF;"),
            "postgres_22003", "integer out of range"),
        Refusal(
            "ALTER TABLE users ALTER COLUMN phone_number TYPE varchar(3)", "postgres_22001",
            "value too long for type character varying(3)"),
        Refusal(
            trigger("IF NEW.name = 'Bad' THEN NEW.age := NEW.name; END IF;"), "postgres_22P02",
            #"invalid input syntax for type integer: "Bad""#),
        Refusal(
            trigger("IF NEW.name = 'Bad' THEN NEW.age := 1 / (NEW.age - NEW.age); END IF;"), "postgres_22012",
            "division by zero"),
        Refusal(
            "CREATE INDEX wide ON users ((repeat(name || phone_number, CASE WHEN name = 'Bad' THEN 100000 ELSE 1 END)))",
            "postgres_54000", #"index row size 8040 exceeds btree version 4 maximum 2704 for index "wide""#),
        Refusal(
            """
            CREATE FUNCTION deep(n integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN deep(n + 1); END';
            """ + trigger("IF NEW.name = 'Bad' THEN NEW.age := deep(1); END IF;"), "postgres_54001",
            "stack depth limit exceeded"),
    ]
}

@Suite(.waiting, .everyTable) struct LoaderRefusalTests {
    /// One bad row among 200 good ones, at its place in the order of the index.
    @Test(.tags(.plainTable), arguments: Refusal.all)
    func aRefusedRowBecomesAReject(refusal: Refusal) throws {
        let fixture = try LoaderFixture()
        try fixture.execute(refusal.ddl)
        let before = Int(try fixture.rows("SELECT count(*) FROM users")[0])!
        var rows = (0..<200).map { TestRow("P\($0)", $0 % 100) }
        // Longer than any good row has, and the one phone number in use.
        rows.insert(TestRow("Bad", 50, phoneNumber: refusal.ddl.contains("one_each") ? "666" : "6666"), at: 77)
        #expect(fixture.load(rows) == "committed")
        #expect(try fixture.counts() == "200|0|1")
        #expect(try fixture.rows("SELECT count(*) FROM users") == ["\(before + 200)"])
        #expect(try fixture.rows("SELECT sum(count) FROM userload.age_counts") == ["\(before + 200)"])
        let errors = try fixture.migrated.connection.query(
            """
            SELECT e->>'field', e->>'code', e->>'message', seq, line, byte_offset, length, form,
                convert_from(bytes, 'UTF8'), kafka_offset
            FROM userload.rejects, jsonb_array_elements(errors) AS e
            """)
        #expect(errors.count == 1)
        let found = (0..<10).map { errors[0].string($0) ?? "NULL" }
        let wire = rows[77].wire
        #expect(
            found == [
                "", refusal.code, "Postgres refused it: " + refusal.message, "78", "79", "780", "\(wire.utf8.count)",
                "json", wire, "78",
            ])
    }

    @Test func manyRefusedRowsAreFoundOneByOne() throws {
        let fixture = try LoaderFixture()
        try fixture.execute("ALTER TABLE users ADD CHECK (age % 7 <> 0 OR name <> 'X')")
        try fixture.execute("INSERT INTO users (name, age) VALUES ('X', 3), ('X', 5)")
        let rows = (0..<150).map { TestRow("X", $0) } + (0..<150).map { TestRow("Y", $0) }
        #expect(fixture.load(rows) == "committed")
        // 22 ages divide by 7; two are there already.
        #expect(try fixture.counts() == "276|2|22")
        #expect(
            try fixture.rows("SELECT count(*), count(DISTINCT seq), sum(line - 2) FROM userload.rejects")
                == ["22|22|\((0..<150).filter { $0 % 7 == 0 }.reduce(0, +))"])
    }

    @Test func wireRejectsAndRefusedRowsStandSideBySide() throws {
        let fixture = try LoaderFixture()
        try fixture.execute("ALTER TABLE users ADD CHECK (name <> 'Bad')")
        let batch = fixture.batch([TestRow("Bad", 1)])
        batch.addReject(String(repeating: "x", count: 70_000), form: .truncated, seq: 2)
        batch.addReject("\u{0}\\\"ä", form: .raw, seq: 3)
        fixture.finish(batch, records: 3)
        #expect(fixture.load(batch) == "committed")
        #expect(try fixture.counts() == "0|0|3")
        #expect(
            try fixture.rows("SELECT seq, form, length(bytes) FROM userload.rejects ORDER BY seq")
                == ["1|json|22", "2|truncated|70000", "3|raw|5"])
    }

    @Test func rejectsThatAreThereAlreadyStay() throws {
        let fixture = try LoaderFixture()
        let first = fixture.batch()
        first.addReject("old", seq: 1)
        fixture.finish(first, records: 1)
        #expect(fixture.load(first) == "committed")
        // Somebody deleted the progress, and the job is pushed again.
        try fixture.execute("DELETE FROM userload.progress")
        fixture.last = -1
        let again = fixture.batch()
        again.addReject("new", seq: 1)
        again.addReject("more", seq: 2)
        fixture.finish(again, records: 2)
        #expect(fixture.load(again) == "committed")
        #expect(
            try fixture.rows("SELECT convert_from(bytes, 'UTF8') FROM userload.rejects ORDER BY seq") == [
                "old", "more",
            ])
    }

    @Test func foreignRejectsAreToldApartByTheirPlaceInKafka() throws {
        let fixture = try LoaderFixture()
        for _ in 0..<2 {
            let batch = Batch()
            batch.progress = [
                Batch.ProgressStep(job: .foreign, partition: 0, isNew: true, expectedLast: -1)
            ]
            for offset in [7, 8, 8] as [Int64] {
                batch.addReject("x", form: .json, seq: 0, kafkaOffset: offset)
            }
            batch.partitions = [
                Batch.PartitionStep(
                    partition: 0, generation: 1, expectedOffset: fixture.next, nextOffset: fixture.next + 9)
            ]
            #expect(fixture.load(batch) == "committed")
            fixture.last = -1
        }
        #expect(try fixture.rows("SELECT kafka_offset FROM userload.rejects ORDER BY 1") == ["7", "8"])
        #expect(try fixture.rows("SELECT id_text FROM userload.jobs") == ["-"])
    }

    // MARK: The valve

    @Test(.tags(.plainTable)) func aConstraintThatRefusesEverythingStopsTheLoad() throws {
        let fixture = try LoaderFixture(maxRefused: 10)
        try fixture.execute("ALTER TABLE users ADD CONSTRAINT nobody CHECK (age > 150)")
        let before = try fixture.everything()
        #expect(
            fixture.load((0..<50).map { TestRow("P\($0)", 1) }) == """
                refused configuration: Postgres refused 10 records in a row with SQLSTATE 23514, constraint nobody: new row \
                for relation "users" violates check constraint "nobody". Nothing of this batch was loaded. Correct the table's \
                constraints or triggers, or let `userload work --max-refused 0` make such records rejects
                """)
        #expect(try fixture.everything() == before)
        try fixture.execute("ALTER TABLE users DROP CONSTRAINT nobody")
        #expect(fixture.load((0..<50).map { TestRow("P\($0)", 1) }) == "committed")
    }

    /// Under a worker's feet: no fault of any record, whether Postgres refuses our bytes or takes them for others.
    @Test(arguments: [
        ("age", "bigint", "integer"), ("age", "real", "integer"), ("address", "text", "jsonb"),
        ("address", "json", "jsonb"), ("additional_info", "text", "jsonb"), ("phone_number", "bigint", "text"),
        ("email", "bytea", "text"), ("job", "text", "uuid"),
    ])
    func aColumnThatBecomesAnotherTypeStopsTheLoad(column: String, type: String, wanted: String) throws {
        let fixture = try LoaderFixture()
        let row = TestRow("A", 1, email: "a@b", phoneNumber: "12345678", more: #""address":{},"x":1"#)
        let change = "ALTER TABLE users ALTER \(column) TYPE"
        try fixture.execute(
            """
            DROP VIEW userload.age_counts CASCADE; DROP INDEX userload_foreign_ages, userload_job;
            CREATE DOMAIN once AS \(wanted); CREATE DOMAIN twice AS once; \(change) twice USING NULL
            """)
        #expect(fixture.load([row]) == "committed")
        try fixture.execute("DELETE FROM users; \(change) \(type) USING NULL")
        let before = try fixture.everything()
        #expect(
            fixture.load([row]) == """
                fatal configuration: column \(column) of public.users has become \(type); userload needs \(wanted)
                """)
        #expect(try fixture.everything() == before)
    }

    @Test func withoutAValveAllBecomeRejects() throws {
        let fixture = try LoaderFixture(maxRefused: 0)
        try fixture.execute("ALTER TABLE users ADD CHECK (age > 150)")
        #expect(fixture.load((0..<300).map { TestRow("P\($0)", $0 % 100) }) == "committed")
        #expect(try fixture.counts() == "0|0|300")
    }

    @Test func theRowGoesOnFromBatchToBatchAndEndsWithAnInsertedRow() throws {
        let fixture = try LoaderFixture(maxRefused: 10)
        try fixture.execute("ALTER TABLE users ADD CONSTRAINT bad CHECK (name NOT LIKE 'Bad%')")
        func bad(_ count: Int) -> [TestRow] { (0..<count).map { TestRow("Bad\($0)", 20) } }
        #expect(fixture.load(bad(9)) == "committed")
        #expect(fixture.load([TestRow("Good", 10)] + bad(9)) == "committed")
        let refused = fixture.load(bad(1))
        #expect(
            refused.text.hasPrefix("refused configuration: Postgres refused 10 records in a row with SQLSTATE 23514"))
        // What was rolled back did not count.
        #expect(fixture.load([TestRow("Good", 30)]) == "committed")
        #expect(fixture.load(bad(9)) == "committed")
        #expect(try fixture.counts() == "2|0|27")
    }

    @Test func anotherReasonBeginsAnotherRow() throws {
        let fixture = try LoaderFixture(maxRefused: 10)
        try fixture.execute(
            "ALTER TABLE users ADD CONSTRAINT even CHECK (age % 2 = 0), ADD CONSTRAINT odd CHECK (age % 2 = 1)")
        #expect(fixture.load((0..<100).map { TestRow("X", $0) }) == "committed")
        #expect(try fixture.counts() == "0|0|100")
    }

    // MARK: Not the row's fault

    @Test(arguments: [
        ("22P04", "fatal postgres: Postgres does not understand userload, a bug in userload: trouble (SQLSTATE 22P04)"),
        ("22021", "fatal postgres: Postgres does not understand userload, a bug in userload: trouble (SQLSTATE 22021)"),
        ("22P05", "fatal postgres: Postgres does not understand userload, a bug in userload: trouble (SQLSTATE 22P05)"),
        ("0A000", "fatal configuration: Postgres refuses: trouble (SQLSTATE 0A000)"),
        ("3F000", "fatal configuration: Postgres refuses: trouble (SQLSTATE 3F000)"),
        ("42883", "fatal configuration: Postgres refuses: trouble (SQLSTATE 42883)"),
        ("40001", "retry 40001"), ("40P01", "retry 40P01"), ("53100", "retry 53100"), ("53200", "retry 53200"),
        ("54023", "retry 54023"), ("55P03", "retry 55P03"), ("57014", "retry 57014"), ("58030", "retry 58030"),
        ("P0002", "retry P0002"), ("XX000", "retry XX000"),
    ])
    func errorsThatAreNoRowsFault(code: String, outcome: String) throws {
        let fixture = try LoaderFixture()
        try fixture.execute(trigger("RAISE EXCEPTION 'trouble' USING ERRCODE = '\(code)';"))
        let before = try fixture.everything()
        let batch = fixture.batch([TestRow("A", 1)])
        #expect(fixture.load(batch) == outcome)
        #expect(try fixture.everything() == before)
        try fixture.execute("DROP TRIGGER a_trigger ON users")
        #expect(fixture.load(batch) == "committed")
        #expect(try fixture.people() == ["A|1"])
    }

    @Test func rightsThatAreMissingAreFatal() throws {
        let fixture = try LoaderFixture()
        let role = "r" + fixture.migrated.database.name
        try fixture.execute(
            """
            CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA userload TO \(role);
            GRANT ALL ON ALL TABLES IN SCHEMA userload TO \(role)
            """)
        let loader = LoaderFixture.loader(
            fixture.migrated, parameters: fixture.migrated.database.parameters + [("user", role)])
        #expect(
            loader.load(fixture.batch([TestRow("A", 1)]))
                == "fatal configuration: Postgres refuses: permission denied for table users (SQLSTATE 42501)")
    }

    @Test func rowsThatATriggerSwallowsAreNotCounted() throws {
        let fixture = try LoaderFixture()
        try fixture.execute(trigger("IF NEW.name = 'Gone' THEN RETURN NULL; END IF;"))
        #expect(fixture.load((0..<100).map { TestRow($0 % 10 == 3 ? "Gone" : "P", $0) }) == "committed")
        #expect(
            try fixture.rows("SELECT records, inserted, duplicates, rejected FROM userload.progress") == ["100|90|0|0"])
        #expect(try fixture.rows("SELECT sum(count) FROM userload.age_counts") == ["90"])
        #expect(try fixture.rows("SELECT count FROM userload.age_counts WHERE age = 13") == [])
    }
}
