// Keys that are there already: in the batch, in the table, or brought by somebody else at the same moment.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting, .everyTable) struct LoaderDuplicateTests {
    @Test func withinABatchTheFirstStays() throws {
        let fixture = try LoaderFixture()
        #expect(
            fixture.load([
                TestRow("A", 1, email: "first@x"), TestRow("A", 2), TestRow("A", 1, email: "second@x"),
                TestRow("A ", 1), TestRow("a", 1),
            ]) == "committed")
        #expect(
            try fixture.rows("SELECT name, age, email FROM users ORDER BY age, name")
                == ["A|1|first@x", "a|1|NULL", "A|2|NULL"])
        #expect(try fixture.counts() == "3|2|0")
        #expect(try fixture.rows("SELECT age, count FROM userload.age_counts") == ["1|2", "2|1"])
    }

    @Test func duplicatesCountForTheirOwnJob() throws {
        let fixture = try LoaderFixture()
        let batch = fixture.batch([TestRow("A", 1)])
        let other = JobID(high: 1, low: 1)
        batch.progress.append(Batch.ProgressStep(job: other, partition: 0, isNew: true, expectedLast: -1, last: 1))
        batch.add(TestRow("A", 1), step: 1, seq: 1)
        #expect(fixture.load(batch) == "committed")
        #expect(
            try fixture.rows("SELECT job, inserted, duplicates FROM userload.progress ORDER BY job") == [
                "\(other.uuid)|0|1", "\(fixture.job.uuid)|1|0",
            ])
    }

    @Test func inTheTableTheOldRowStays() throws {
        let fixture = try LoaderFixture()
        #expect(fixture.load([TestRow("A", 1, email: "old@x"), TestRow("B", 1)]) == "committed")
        // Direct COPY fails and looks; looks first; looks first and finds none; direct again; and once more.
        for (number, expected) in ["3|1|0", "4|2|0", "6|2|0", "8|2|0", "9|3|0"].enumerated() {
            let key = number == 2 || number == 3 ? "New" : "A"
            #expect(
                fixture.load([
                    TestRow(key, number == 2 || number == 3 ? number : 1, email: "new@x"),
                    TestRow("C\(number)", 1),
                ]) == "committed")
            #expect(try fixture.counts() == expected)
        }
        #expect(try fixture.rows("SELECT email FROM users WHERE name = 'A'") == ["old@x"])
        #expect(try fixture.rows("SELECT sum(count) FROM userload.age_counts") == ["9"])
    }

    @Test func aBatchOfDuplicatesAloneLoadsNothing() throws {
        let fixture = try LoaderFixture()
        let rows = (0..<500).map { TestRow("P\($0)", $0 % 100) }
        #expect(fixture.load(rows) == "committed")
        #expect(fixture.load(rows) == "committed")
        #expect(fixture.load(rows.reversed()) == "committed")
        #expect(try fixture.counts() == "500|1000|0")
    }

    @Test(arguments: [
        ("name,age", ["A|1|NULL|NULL"], "1|5|0"),
        ("name,age,email", ["A|1|NULL|NULL", "A|1|x@y|123"], "2|4|0"),
        ("name,age,phoneNumber", ["A|1|NULL|NULL", "A|1|x@y|123"], "2|4|0"),
        (
            "name,age,email,phoneNumber",
            ["A|1|NULL|NULL", "A|1|NULL|123", "A|1|x@y|NULL", "A|1|x@y|123"], "4|2|0"
        ),
    ])
    func optionalKeyFieldsTakePart(key: String, people: [String], counts: String) throws {
        let fixture = try LoaderFixture(key: try KeyFields(parsing: key))
        let once = [TestRow("A", 1), TestRow("A", 1, email: "x@y", phoneNumber: "123")]
        #expect(fixture.load(once) == "committed")
        #expect(fixture.load(once) == "committed")
        #expect(
            fixture.load([TestRow("A", 1, email: "x@y"), TestRow("A", 1, phoneNumber: "123")]) == "committed")
        #expect(
            try fixture.rows(
                "SELECT name, age, email, phone_number FROM users ORDER BY 1, 2, 3 NULLS FIRST, 4 NULLS FIRST")
                == people)
        #expect(try fixture.counts() == counts)
    }

    @Test func namesThatLookAlikeAreTwoPeople() throws {
        let fixture = try LoaderFixture()
        // é in one scalar and in two: equal to Swift, not to the index.
        let rows = [TestRow("Ren\u{E9}", 1), TestRow("Rene\u{301}", 1)]
        #expect(fixture.load(rows) == "committed")
        #expect(fixture.load(rows) == "committed")
        #expect(try fixture.counts() == "2|2|0")
    }

    @Test(arguments: [false, true])
    func aForeignWriterMayBeFaster(looksFirst: Bool) throws {
        let fixture = try LoaderFixture()
        if looksFirst {
            fixture.load([TestRow("Old", 1)])
            fixture.load([TestRow("Old", 1)])
        }
        let foreign = try fixture.migrated.connect()
        let monitor = try fixture.migrated.connect()
        let commit = Background {
            // COPY waits for the other one's fate.
            try! waitUntil { try monitor.hasWaiters() }
            try! foreign.execute("COMMIT")
        }
        fixture.loader.onStage = { stage, _ in
            guard stage == .swapped else { return }
            try! foreign.execute("BEGIN; INSERT INTO users (name, age, email) VALUES ('B', 2, 'foreign@x')")
            commit.start()
        }
        let old = looksFirst ? [TestRow("Old", 1)] : []
        #expect(fixture.load(old + [TestRow("A", 1), TestRow("B", 2), TestRow("C", 3)]) == "committed")
        commit.result
        #expect(
            try fixture.rows("SELECT name, email FROM users WHERE name < 'O' ORDER BY 1")
                == ["A|NULL", "B|foreign@x", "C|NULL"])
        #expect(try fixture.counts() == (looksFirst ? "3|3|0" : "2|1|0"))
    }

    @Test(.tags(.plainTable)) func keysThatATriggerChangesAreFoundRowByRow() throws {
        let fixture = try LoaderFixture()
        try fixture.execute(
            """
            CREATE FUNCTION upper_case() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN NEW.name := upper(NEW.name); RETURN NEW; END';
            CREATE TRIGGER upper_case BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION upper_case()
            """)
        #expect(fixture.load([TestRow("a", 1), TestRow("A", 1), TestRow("b", 1)]) == "committed")
        #expect(try fixture.people() == ["A|1", "B|1"])
        #expect(try fixture.counts() == "2|1|0")
    }
}
