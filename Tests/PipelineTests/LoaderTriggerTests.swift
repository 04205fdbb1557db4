// Triggers that change rows on their way into the table: the counts by age are those of the table.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting, .everyTable) struct LoaderTriggerTests {
    private func people(_ numbers: Range<Int>) -> [TestRow] {
        numbers.map {
            TestRow(
                "P\($0)", $0 % 100, email: $0 % 2 == 0 ? "p\($0)@x" : nil, phoneNumber: $0 % 3 == 0 ? "12345" : nil,
                more: #""address":{"line1":"\#($0)"},"x":[\#($0),"ä"]"#)
        }
    }

    @Test(
        .tags(.plainTable),
        arguments: [
            "NEW.age := NEW.age / 2;",
            "NEW.age := NEW.age - 60;",
            "NEW.age := NEW.age * 3;",
            "NEW.job := NULL;",
            "IF NEW.age > 50 THEN NEW.job := NULL; END IF; NEW.age := 7;",
            "NEW.job := gen_random_uuid();",
            "IF NEW.age % 3 = 0 THEN RETURN NULL; END IF;",
            "IF NEW.age % 3 = 0 THEN RETURN NULL; END IF; NEW.age := NEW.age + 100; NEW.name := NEW.name || '!';",
            "RETURN NULL;",
            "UPDATE users SET age = age + 1 WHERE name = 'P7';",
            "",
        ])
    func countsAreThoseOfTheTable(body: String) throws {
        let fixture = try LoaderFixture()
        #expect(fixture.load(people(0..<50)) == "committed")
        try fixture.beforeInsert(body)
        #expect(fixture.load(people(40..<300)) == "committed")
        #expect(try fixture.countsAgree())
        // The second time the trigger is known beforehand.
        #expect(fixture.load(people(200..<500)) == "committed")
        #expect(try fixture.countsAgree())
        try fixture.execute("DROP TRIGGER a_trigger ON users")
        #expect(fixture.load(people(600..<700)) == "committed")
        #expect(fixture.load(people(700..<800)) == "committed")
        #expect(try fixture.countsAgree())
        try fixture.execute("DELETE FROM users WHERE age > 20; UPDATE users SET age = age + 1, name = name || '?'")
        #expect(try fixture.countsAgree())
    }

    /// The same values as COPY brings, NULLs and all.
    @Test func rowsAreThoseThatCopyBrings() throws {
        let (copied, inserted) = (try LoaderFixture(), try LoaderFixture())
        try inserted.beforeInsert("")
        #expect(copied.load(people(0..<100)) == "committed")
        #expect(inserted.load(people(0..<100)) == "committed")
        let all = "SELECT name, age, email, phone_number, address, additional_info, job FROM users ORDER BY age, name"
        #expect(try copied.rows(all) == inserted.rows(all))
        #expect(try copied.counts() == inserted.counts())
    }

    @Test func aTriggerOfAPartitionCounts() throws {
        let fixture = try LoaderFixture()
        try fixture.partition(by: "HASH (name)", "WITH (MODULUS 1, REMAINDER 0)")
        try fixture.beforeInsert("NEW.age := NEW.age + 1;", on: "users_0")
        #expect(fixture.load(people(0..<10)) == "committed")
        #expect(
            try fixture.rows("SELECT ages[1:12] FROM userload.positions WHERE partition = 0")
                == ["{0,1,1,1,1,1,1,1,1,1,1,0}"])
    }

    /// A trigger that makes an upsert of it: rows that are there are changed, and none is inserted.
    @Test func anUpsertInATriggerIsToldApart() throws {
        let fixture = try LoaderFixture()
        #expect(fixture.load(people(0..<20)) == "committed")
        try fixture.beforeInsert(
            """
            UPDATE users SET email = NEW.email WHERE age = NEW.age AND name = NEW.name;
            IF FOUND THEN RETURN NULL; END IF;
            """)
        #expect(fixture.load(people(10..<30)) == "committed")
        #expect(try fixture.rows("SELECT count(*) FROM users") == ["30"])
        #expect(try fixture.counts() == "30|0|0")
        #expect(try fixture.countsAgree())
    }

    /// Rows without a trigger go in by COPY, as ever.
    @Test func withoutTriggersCopyIsUsed() throws {
        let fixture = try LoaderFixture()
        try fixture.execute("CREATE TABLE statements (tag text)")
        try fixture.execute(
            """
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO statements VALUES (substring(current_query() FROM '(COPY|WITH) ')); RETURN NULL; END $$;
            CREATE TRIGGER note AFTER INSERT ON users FOR EACH STATEMENT EXECUTE FUNCTION note()
            """)
        #expect(fixture.load(people(0..<10)) == "committed")
        #expect(try fixture.rows("SELECT * FROM statements") == ["COPY"])
        try fixture.beforeInsert("")
        #expect(fixture.load(people(10..<20)) == "committed")
        #expect(fixture.load(people(20..<30)) == "committed")
        try fixture.execute("ALTER TABLE users DISABLE TRIGGER a_trigger")
        #expect(fixture.load(people(30..<40)) == "committed")
        #expect(fixture.load(people(40..<50)) == "committed")
        #expect(try fixture.rows("SELECT * FROM statements") == ["COPY", "WITH", "WITH", "WITH", "COPY"])
    }
}
