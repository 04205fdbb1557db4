// Records whose keys the table has, of jobs that update rows or reject duplicates.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

extension LoaderFixture {
    /// inserted|updated|duplicates|rejected of all jobs.
    func allCounts() throws -> String {
        try rows("SELECT sum(inserted), sum(updated), sum(duplicates), sum(rejected) FROM userload.progress")[0]
    }

    func fields(_ name: String = "A") throws -> String {
        try rows("SELECT email, phone_number, address, additional_info FROM users WHERE name = '\(name)'").joined()
    }
}

@Suite(.waiting, .everyTable) struct LoaderUpdateTests {
    private static let full = TestRow(
        "A", 1, email: "a@x", phoneNumber: "123", more: #""address":{"city":"X"},"gender":"f","x":{"y":1}"#)
    private static let fullFields = #"a@x|123|{"city": "X"}|{"x": {"y": 1}, "gender": "f"}"#

    /// What a row comes to that had all fields; nil: it does not change.
    @Test(
        arguments: [
            (TestRow("A", 1), nil),
            (TestRow("A", 1, email: "b@x"), #"b@x|123|{"city": "X"}|{"x": {"y": 1}, "gender": "f"}"#),
            (TestRow("A", 1, more: #""email":null"#), #"NULL|123|{"city": "X"}|{"x": {"y": 1}, "gender": "f"}"#),
            (
                TestRow("A", 1, more: #""phoneNumber":null,"address":null"#),
                #"a@x|NULL|NULL|{"x": {"y": 1}, "gender": "f"}"#
            ),
            (TestRow("A", 1, more: #""address":"Y""#), #"a@x|123|"Y"|{"x": {"y": 1}, "gender": "f"}"#),
            // Key by key, not deeper.
            (
                TestRow("A", 1, more: #""x":{"z":2},"w":[null]"#),
                #"a@x|123|{"city": "X"}|{"w": [null], "x": {"z": 2}, "gender": "f"}"#
            ),
            (TestRow("A", 1, more: #""x":null,"absent":null"#), #"a@x|123|{"city": "X"}|{"gender": "f"}"#),
            (TestRow("A", 1, more: #""x":null,"gender" : null"#), #"a@x|123|{"city": "X"}|NULL"#),
            (TestRow("A", 1, email: "a@x", more: #""gender":"f","absent":null,"x":{"y":1.0}"#), nil),
        ] as [(TestRow, String?)], [0, 1_000])
    func fieldByField(_ row: (row: TestRow, expected: String?), beside count: Int) throws {
        // Many rows that change, batch after batch, are written without a look at them first.
        func others(_ version: Int) -> [TestRow] { (0..<count).map { TestRow("O\($0)", 3, email: "\(version)@x") } }
        let (row, expected) = row
        let fixture = try LoaderFixture()
        #expect(fixture.load([Self.full] + others(1), .update) == "committed")
        #expect(fixture.load(others(2), .update) == "committed")
        #expect(try fixture.fields() == Self.fullFields)
        #expect(fixture.load([row, TestRow("B", 2)] + others(3), .update) == "committed")
        #expect(try fixture.fields() == expected ?? Self.fullFields)
        let updated = 2 * count + (expected == nil ? 0 : 1)
        #expect(try fixture.allCounts() == "\(2 + count)|\(updated)|\(expected == nil ? 1 : 0)|0")
        #expect(
            try fixture.rows("SELECT job IS NOT NULL, updated_by FROM users WHERE name = 'A'")
                == ["t|\(expected == nil ? "NULL" : fixture.job.uuid)"])
        #expect(try fixture.countsAgree())
        #expect(try fixture.rows("SELECT count(*) FROM userload.age_adjustments") == ["0"])
    }

    @Test func anInsertDropsNullsAndSkipKeepsThem() throws {
        let fixture = try LoaderFixture()
        let row = TestRow("A", 1, more: #""b":null,"c":[null],"d":null,"e":1"#)
        #expect(fixture.load([row], .update) == "committed")
        #expect(try fixture.fields() == #"NULL|NULL|NULL|{"c": [null], "e": 1}"#)
        #expect(fixture.load([TestRow("A", 2, more: #""b":null"#)], .update) == "committed")
        #expect(fixture.load([TestRow("B", 1, more: #""b":null"#)], .skip) == "committed")
        #expect(try fixture.rows("SELECT additional_info FROM users ORDER BY age DESC, name LIMIT 1") == ["NULL"])
        #expect(try fixture.fields("B") == #"NULL|NULL|NULL|{"b": null}"#)
    }

    @Test func recordsOfOneKeyAreFoldedInOrder() throws {
        let fixture = try LoaderFixture()
        let rows = [
            TestRow("A", 1, email: "1@x", phoneNumber: "111", more: #""a":1,"b":{"c":1}"#), TestRow("B", 2),
            TestRow("A", 1, email: "2@x", more: #""phoneNumber":null,"a":null,"d":"\u00e9""#),
            TestRow("A", 1, more: #""b":2,"\u0061":3,"d":null"#),
        ]
        #expect(fixture.load(rows, .update) == "committed")
        #expect(try fixture.fields() == #"2@x|NULL|NULL|{"a": 3, "b": 2}"#)
        #expect(try fixture.allCounts() == "2|0|2|0")
        // The same once more: nothing differs in the end.
        #expect(fixture.load(rows, .update) == "committed")
        #expect(try fixture.allCounts() == "2|0|6|0")
        #expect(
            fixture.load([TestRow("A", 1, phoneNumber: "999"), TestRow("A", 1, email: "3@x")], .update) == "committed")
        #expect(try fixture.fields() == #"3@x|999|NULL|{"a": 3, "b": 2}"#)
        #expect(try fixture.allCounts() == "2|1|7|0")
        #expect(try fixture.countsAgree())
    }

    /// The row is that of the job that brought it first, also where both jobs come in one batch.
    @Test func recordsOfTwoJobsAreNotFolded() throws {
        let fixture = try LoaderFixture()
        let second = JobID(high: 1, low: 2)
        let batch = fixture.batch([TestRow("A", 1, email: "1@x"), TestRow("A", 1, phoneNumber: "111")], .update)
        batch.progress.append(Batch.ProgressStep(job: second, partition: 0, isNew: true, expectedLast: -1))
        batch.progress[1].onDuplicate = .update
        batch.add(TestRow("A", 1, email: "2@x"), step: 1, seq: 1)
        batch.add(TestRow("A", 1, more: #""a":1"#), step: 1, seq: 2)
        batch.progress[1].last = 2
        #expect(fixture.load(batch) == "committed")
        #expect(try fixture.fields() == #"2@x|111|NULL|{"a": 1}"#)
        #expect(try fixture.rows("SELECT job, updated_by FROM users") == ["\(fixture.job.uuid)|\(second.uuid)"])
        #expect(
            try fixture.rows(
                "SELECT inserted, updated, duplicates FROM userload.progress ORDER BY job = '\(second.uuid)'")
                == ["1|0|1", "0|1|1"])
    }

    /// In a large batch those that change nothing are found first, by their text: it must be what Postgres prints.
    @Test(
        arguments: [
            #""gender":"f","x":{"bb":1.50,"a":[1,-2,{"z":"ä","y":null}]},"address":{"city":"X","a":true}"#,
            #""address" : "a street" , "long key":"\u00e9\n","n":1e2,"m":-0.0,"l":[ ]"#,
            #""address":{},"o":{},"p":[[]]"#, #""email":null"#, #""note":"\#(String(repeating: "ab", count: 3_000))""#,
        ])
    func aLargeBatch(more: String) throws {
        let fixture = try LoaderFixture()
        let rows = (0..<1_200).map { TestRow("A\($0)", 1, phoneNumber: "123", more: more) }
        #expect(fixture.load(Array(rows[100...]), .update) == "committed")
        for expected in ["1200|0|1100|0", "1200|0|2300|0"] {
            #expect(fixture.load(rows, .update) == "committed")
            #expect(try fixture.allCounts() == expected)
        }
        // Some change one thing, some are new, none gives all that the row has.
        let mixed = (0..<1_300).map { number in
            switch number % 10 {
            case 0: TestRow("A\(number)", 1, email: "\(number)@x")
            case 1: TestRow("A\(number)", 1, more: #""zz":1"#)
            case 2: TestRow("A\(number)", 1, more: #""address":{"q":1}"#)
            default: TestRow("A\(number)", 1, more: more)
            }
        }
        #expect(fixture.load(mixed, .update) == "committed")
        #expect(try fixture.allCounts() == "1300|360|3140|0")
        #expect(try fixture.rows("SELECT count(*) FROM users WHERE email LIKE '%0@x'") == ["130"])
        #expect(try fixture.countsAgree())
    }

    @Test func jsonIsPrintedAsPostgresDoes() throws {
        let fixture = try LoaderFixture()
        var printer = JSONBText()
        let words = [
            "null", "true", "false", "0", "-1", "1.50", "10000000000000000000000", #""""#, #""é, : {""#, "[]", "{}",
            #"[1 , "a",[ ]]"#, #"{"b":1,"a":2,"aa":{"z":[{"y":1,"x":2}]}}"#, #"{ "10" : 1, "9" : [ true ] }"#,
            #"{"é":1,"z":2,"ab":3}"#,
        ]
        for word in words {
            let isPrinted = withBytes(word) { printer.print($0) }
            #expect(isPrinted, "\(word)")
            var text = ""
            printer.withText { text = String(decoding: $0 ?? Bytes(start: nil, count: 0), as: UTF8.self) }
            #expect(try fixture.migrated.connection.query("SELECT $1::jsonb::text", [.text(word)])[0].string(0) == text)
        }
        let unclear = [
            "-0", "-0.0", "1e5", "1E5", #""\n""#, #"{"a":1,"a":2}"#, #"{"\u0061":1}"#,
            String(repeating: "[", count: 40) + String(repeating: "]", count: 40),
        ]
        for word in unclear {
            let isPrinted = withBytes(word) { printer.print($0) }
            #expect(!isPrinted, "\(word)")
        }
    }

    /// Each record may be written out in a megabyte: many of them must not become a row that nobody can read.
    @Test(arguments: [1, 40]) func aRowDoesNotGrowWithoutEnd(batchSize: Int) throws {
        let fixture = try LoaderFixture()
        let rows = (0..<40).map { record in
            TestRow(
                "A", 1, more: (0..<7).map { field in #""k\#(record)_\#(field)":1e131000"# }.joined(separator: ","))
        }
        for start in stride(from: 0, to: rows.count, by: batchSize) {
            #expect(fixture.load(Array(rows[start..<start + batchSize]), .update) == "committed")
        }
        #expect(try fixture.rows("SELECT octet_length(additional_info::text) <= 8388608 FROM users") == ["t"])
        #expect(try fixture.allCounts() == "1|8|0|31")
        #expect(try fixture.countsAgree())
    }

    @Test func noRowOfALargeBatchGrowsWithoutEnd() throws {
        let fixture = try LoaderFixture()
        let others = (0..<1_000).map { TestRow("O\($0)", 3) }
        #expect(fixture.load([TestRow("A", 1)] + others, .update) == "committed")
        for record in 0..<12 {
            let more = (0..<7).map { field in #""k\#(record)_\#(field)":1e131000"# }.joined(separator: ",")
            let changed = others.map { TestRow($0.name, 3, email: "\(record)@x") }
            #expect(fixture.load([TestRow("A", 1, more: more)] + changed, .update) == "committed")
        }
        #expect(
            try fixture.rows("SELECT max(octet_length(additional_info::text)) <= 8388608 FROM users") == ["t"])
        #expect(try fixture.allCounts() == "1001|12009|0|3")
    }

    /// What is cleared in a fold is cleared in the table.
    @Test func aFoldClears() throws {
        let fixture = try LoaderFixture()
        fixture.load([Self.full], .update)
        let rows = [
            TestRow("A", 1, email: "n@x", more: #""gender":null"#), TestRow("A", 1, more: #""email":null,"n":1"#),
        ]
        #expect(fixture.load(rows, .update) == "committed")
        #expect(try fixture.fields() == #"NULL|123|{"city": "X"}|{"n": 1, "x": {"y": 1}}"#)
        #expect(try fixture.allCounts() == "1|1|1|0")
    }

    @Test func aFoldThatIsRefusedIsTriedSinglyInOrder() throws {
        let fixture = try LoaderFixture()
        try fixture.execute("ALTER TABLE users ADD CONSTRAINT fine CHECK (email <> 'bad@x')")
        let rows = [
            TestRow("A", 1, email: "1@x", more: #""a":1"#), TestRow("A", 1, more: #""b":1"#), TestRow("C", 3),
            TestRow("A", 1, email: "bad@x", more: #""c":1"#),
        ]
        #expect(fixture.load(rows, .update) == "committed")
        #expect(try fixture.fields() == #"1@x|NULL|NULL|{"a": 1, "b": 1}"#)
        #expect(try fixture.allCounts() == "2|1|0|1")
        #expect(
            fixture.load(
                [TestRow("A", 1, email: "2@x"), TestRow("A", 1, email: "bad@x"), TestRow("C", 3, email: "c@x")], .update
            ) == "committed")
        #expect(try fixture.fields() == #"2@x|NULL|NULL|{"a": 1, "b": 1}"#)
        #expect(try fixture.allCounts() == "2|3|0|2")
        #expect(try fixture.countsAgree())
    }

    @Test func rejectKeepsTheRecord() throws {
        let fixture = try LoaderFixture()
        #expect(fixture.load([Self.full, TestRow("B", 2), TestRow("B", 2)], .reject) == "committed")
        #expect(fixture.load([TestRow("A", 1, email: "b@x"), TestRow("C", 3)], .reject) == "committed")
        #expect(fixture.load([TestRow("C", 3)], .reject) == "committed")
        #expect(try fixture.fields() == Self.fullFields)
        #expect(try fixture.allCounts() == "3|0|0|3")
        #expect(
            try fixture.rows("SELECT seq, form, errors FROM userload.rejects ORDER BY seq LIMIT 1") == [
                #"3|json|[{"code": "duplicate", "field": "", "message": "a person with this name and age was loaded before"}]"#
            ])
    }

    /// Several jobs in one batch, each with its own mode; within a key in the order they came.
    @Test func modesMix() throws {
        let fixture = try LoaderFixture()
        let batch = fixture.batch([TestRow("A", 1, email: "u@x"), TestRow("B", 2, email: "u@x")], .update)
        for (number, mode) in [OnDuplicate.skip, .reject, .update].enumerated() {
            let job = JobID(high: 1, low: UInt64(number) + 1)
            batch.progress.append(Batch.ProgressStep(job: job, partition: 0, isNew: true, expectedLast: -1, last: 1))
            batch.progress[number + 1].onDuplicate = mode
            batch.add(TestRow("A", 1, email: "\(mode)@x", more: #""\#(mode)":1"#), step: number + 1, seq: 1)
        }
        #expect(fixture.load(batch) == "committed")
        #expect(try fixture.fields() == #"update@x|NULL|NULL|{"update": 1}"#)
        #expect(
            try fixture.rows("SELECT inserted, updated, duplicates, rejected FROM userload.progress ORDER BY job") == [
                "0|0|1|0", "0|0|0|1", "0|1|0|0", "2|0|0|0",
            ])
    }

    @Test func aRowThatIsGoneByThenIsInserted() throws {
        let fixture = try LoaderFixture()
        fixture.load([Self.full, TestRow("B", 2)], .update)
        fixture.load([TestRow("B", 2)], .update)
        let foreign = try fixture.migrated.connect()
        let monitor = try fixture.migrated.connect()
        let commit = Background {
            try! waitUntil { try monitor.hasWaiters() }
            try! foreign.execute("COMMIT")
        }
        fixture.loader.onStage = { stage, _ in
            guard stage == .swapped else { return }
            try! foreign.execute(
                "BEGIN; DELETE FROM users WHERE name = 'A'; UPDATE users SET email = 'f@x' WHERE name = 'B'")
            commit.start()
        }
        let rows = [TestRow("A", 1, email: "n@x"), TestRow("B", 2, phoneNumber: "999")]
        #expect(fixture.load(rows, .update) == "committed")
        commit.result
        #expect(try fixture.fields("A") == "n@x|NULL|NULL|NULL")
        // What the other one wrote stays.
        #expect(try fixture.fields("B") == "f@x|999|NULL|NULL")
        #expect(try fixture.allCounts() == "3|1|1|0")
        #expect(try fixture.countsAgree())
    }

    @Test(arguments: ["name,age,email", "name,age,email,phoneNumber"])
    func optionalKeyFieldsTakePart(key: String) throws {
        let fixture = try LoaderFixture(key: try KeyFields(parsing: key))
        let rows = [TestRow("A", 1), TestRow("A", 1, email: "x@y", phoneNumber: "123")]
        fixture.load(rows, .update)
        #expect(
            fixture.load(
                rows.map { row in
                    var row = row
                    row.more = #""z":1"#
                    return row
                }, .update) == "committed")
        #expect(try fixture.allCounts() == "2|2|0|0")
        #expect(
            try fixture.rows("SELECT email, additional_info FROM users ORDER BY 1") == [
                #"x@y|{"z": 1}"#, #"NULL|{"z": 1}"#,
            ])
    }

    @Test func withoutTheRightItSaysWhatToGrant() throws {
        let fixture = try LoaderFixture()
        fixture.load([Self.full], .update)
        let role = "r" + fixture.migrated.database.name
        try fixture.execute(
            """
            CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA userload TO \(role);
            GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA userload TO \(role);
            GRANT SELECT, INSERT ON users TO \(role)
            """)
        let loader = LoaderFixture.loader(
            fixture.migrated, parameters: fixture.migrated.database.parameters + [("user", role)])
        defer { loader.close() }
        guard case .fatal(let failure) = loader.load(fixture.batch([TestRow("A", 1, email: "n@x")], .update)) else {
            Issue.record("loaded")
            return
        }
        #expect(failure.message.hasPrefix("role \(role) may not UPDATE on public.users in "))
        let grant = try #require(failure.hint)
        #expect(grant.hasPrefix("GRANT UPDATE ON "))
        try fixture.execute(grant)
        #expect(loader.load(fixture.batch([TestRow("A", 1, email: "n@x")], .update)) == "committed")
    }

    /// A trigger that swallows the change: the sum does not come out.
    @Test func aSwallowedChangeCountsAsNothing() throws {
        let fixture = try LoaderFixture()
        fixture.load([Self.full], .update)
        try fixture.execute(
            """
            CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER no BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION no()
            """)
        #expect(fixture.load([TestRow("A", 1, email: "n@x")], .update) == "committed")
        #expect(try fixture.allCounts() == "1|0|0|0")
    }
}
