// Several records of one key in a batch: the later ones have their fate after the first.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting, .everyTable) struct LoaderRepeatTests {
    /// The first is refused by a constraint that its e-mail breaks; the next is another record, and a good one.
    @Test(
        .tags(.plainTable),
        arguments: [
            "ALTER TABLE users ADD CONSTRAINT fine CHECK (email <> 'bad@x')",
            "CREATE UNIQUE INDEX one_each ON users (email); INSERT INTO users (name, age, email) VALUES ('Owner', 9, 'bad@x')",
        ])
    func aValidOneBehindARefusedOneIsLoaded(ddl: String) throws {
        let fixture = try LoaderFixture()
        try fixture.execute(ddl)
        #expect(
            fixture.load([
                TestRow("A", 1, email: "bad@x"), TestRow("B", 2), TestRow("A", 1, email: "good@x"),
                TestRow("A", 1, email: "late@x"),
            ]) == "committed")
        #expect(
            try fixture.rows("SELECT name, email FROM users WHERE name <> 'Owner' ORDER BY 1") == [
                "A|good@x", "B|NULL",
            ])
        #expect(try fixture.counts() == "2|1|1")
        #expect(try fixture.rows("SELECT seq FROM userload.rejects") == ["1"])
        #expect(try fixture.countsAgree())
    }

    @Test func aWholeChainOfRefusedOnesIsTried() throws {
        let fixture = try LoaderFixture(maxRefused: 0)
        try fixture.execute("ALTER TABLE users ADD CONSTRAINT fine CHECK (email LIKE 'good%')")
        // Many keys, each with some bad ones before a good one and one more behind it; two keys have bad ones alone.
        var rows: [TestRow] = []
        for round in 0..<8 {
            for key in 0..<40 where key >= 2 || round < 3 {
                rows.append(
                    TestRow("P\(key)", key, email: round < key % 7 || key < 2 ? "bad@\(round)" : "good@\(round)"))
            }
        }
        #expect(fixture.load(rows) == "committed")
        let refused = (2..<40).reduce(6) { $0 + $1 % 7 }
        #expect(try fixture.counts() == "38|\(rows.count - 38 - refused)|\(refused)")
        #expect(
            try fixture.rows("SELECT name, email FROM users ORDER BY age")
                == (2..<40).map { "P\($0)|good@\($0 % 7)" })
        #expect(try fixture.countsAgree())
    }

    @Test func oneBehindASwallowedOneIsTried() throws {
        let fixture = try LoaderFixture()
        try fixture.beforeInsert("IF NEW.email = 'gone@x' THEN RETURN NULL; END IF;")
        #expect(
            fixture.load([
                TestRow("A", 1, email: "gone@x"), TestRow("A", 1, email: "here@x"), TestRow("A", 1, email: "late@x"),
                TestRow("B", 2, email: "gone@x"), TestRow("C", 3),
            ]) == "committed")
        #expect(try fixture.rows("SELECT name, email FROM users ORDER BY 1") == ["A|here@x", "C|NULL"])
        #expect(try fixture.counts() == "2|1|0")
        #expect(try fixture.countsAgree())
    }

    @Test func countsGoToTheJobsOfTheRecordsThatMadeThem() throws {
        let fixture = try LoaderFixture()
        try fixture.execute("ALTER TABLE users ADD CONSTRAINT fine CHECK (email <> 'bad@x')")
        let batch = fixture.batch([TestRow("A", 1, email: "bad@x")])
        let other = JobID(high: 1, low: 1)
        batch.progress.append(Batch.ProgressStep(job: other, partition: 0, isNew: true, expectedLast: -1, last: 2))
        batch.add(TestRow("A", 1, email: "good@x"), step: 1, seq: 1)
        batch.add(TestRow("A", 1, email: "late@x"), step: 1, seq: 2)
        #expect(fixture.load(batch) == "committed")
        #expect(
            try fixture.rows("SELECT job, inserted, duplicates, rejected FROM userload.progress ORDER BY job") == [
                "\(other.uuid)|1|1|0", "\(fixture.job.uuid)|0|0|1",
            ])
    }

    /// One that the table has is no reason to try the others.
    @Test func behindADuplicateAllAreDuplicates() throws {
        let fixture = try LoaderFixture()
        #expect(fixture.load([TestRow("A", 1, email: "old@x")]) == "committed")
        try fixture.execute("ALTER TABLE users ADD CONSTRAINT fine CHECK (name <> 'Bad')")
        #expect(
            fixture.load([TestRow("A", 1, email: "x@x"), TestRow("A", 1, email: "y@x"), TestRow("Bad", 1)])
                == "committed")
        #expect(try fixture.rows("SELECT name, email FROM users") == ["A|old@x"])
        #expect(try fixture.counts() == "1|2|1")
    }
}
