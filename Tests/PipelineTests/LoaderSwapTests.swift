// What a batch writes, and that it writes nothing unless positions, progress and schema are as it expects them.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting) struct LoaderSwapTests {
    @Test func writesRowsRejectsPositionsAndProgress() throws {
        let fixture = try LoaderFixture()
        let batch = fixture.batch()
        batch.add(
            TestRow(
                "Tab\there\\", 42, email: "a@b", phoneNumber: "+49 30",
                more: #""address": {"line1": "a\"b"}, "x": "line\nbreak""#), seq: 1)
        batch.add(TestRow("Plain", 7), seq: 2)
        batch.addReject("no,such\0age", seq: 3)
        batch.progress[0].end = EndMarker(lastSeq: 3, records: 3, digest: 0xFFFF_FFFF_FFFF_FFFE)
        fixture.finish(batch, records: 3)
        #expect(fixture.load(batch) == "committed")
        #expect(
            try fixture.rows(
                "SELECT name, age, email, phone_number, address->>'line1', additional_info->>'x', job FROM users ORDER BY 2"
            )
                == [
                    "Plain|7|NULL|NULL|NULL|NULL|01234567-89ab-cdef-fedc-ba9876543210",
                    "Tab\there\\|42|a@b|+49 30|a\"b|line\nbreak|01234567-89ab-cdef-fedc-ba9876543210",
                ])
        #expect(
            try fixture.rows(
                "SELECT partition, generation, next_offset, anchor_offset, anchor_hash FROM userload.positions ORDER BY 1"
            )
                == ["0|1|4|0|-1", "1|1|-1|NULL|NULL", "2|1|-1|NULL|NULL"])
        #expect(
            try fixture.rows(
                """
                SELECT partition, last_seq, passed_over, records, bytes, digest, inserted, updated, duplicates, rejected,
                    end_seq, end_records, end_digest, ended_at IS NOT NULL, broken FROM userload.progress
                """) == ["0|3|-1|3|30|-4294967293|2|0|0|1|3|3|-2|t|f"])
        #expect(
            try fixture.rows(
                """
                SELECT job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster, topic, kafka_offset,
                    kafka_time FROM userload.rejects
                """) == [
                    "01234567-89ab-cdef-fedc-ba9876543210|0|3|4|30|11|raw|\\x6e6f2c7375636800616765"
                        + #"|[{"code": "missing", "field": "age", "message": "missing"}]|cluster|users|3|1000"#
                ])
        #expect(try fixture.rows("SELECT age, count FROM userload.age_counts") == ["7|1", "42|1"])
        #expect(
            try fixture.rows("SELECT id, id_text, run_at, cluster, topic FROM userload.jobs")
                == ["\(fixture.job.uuid)|\(fixture.job.text)|NULL|cluster|users"])
        #expect([batch.progress[0].inserted, batch.progress[0].duplicates, batch.progress[0].rejected] == [2, 0, 1])
    }

    @Test(arguments: [
        "UPDATE userload.positions SET generation = 2 WHERE partition = 0",
        "UPDATE userload.positions SET next_offset = 99 WHERE partition = 0",
        "DELETE FROM userload.positions WHERE partition = 0",
        "UPDATE userload.positions SET next_offset = 99 WHERE partition = 1",
        "UPDATE userload.progress SET last_seq = 7 WHERE partition = 0",
        "UPDATE userload.progress SET last_seq = 0 WHERE partition = 0",
        "DELETE FROM userload.progress WHERE partition = 0",
    ])
    func writesNothingWhenASwapIsLost(change: String) throws {
        let fixture = try LoaderFixture()
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        try fixture.execute(change)
        let before = try fixture.everything()
        let batch = fixture.batch([TestRow("B", 2)])
        batch.addReject("x", seq: 9)
        batch.partitions.append(
            Batch.PartitionStep(partition: 1, generation: 1, expectedOffset: -1, nextOffset: 5))
        #expect(fixture.load(batch) == "lostSwap")
        #expect(try fixture.everything() == before)
    }

    @Test func aJobNewToTheBuilderButNotToTheDatabaseIsCompared() throws {
        let fixture = try LoaderFixture()
        try fixture.execute(
            "INSERT INTO userload.progress (job, partition, last_seq) VALUES ('\(fixture.job.uuid)', 0, 5)")
        #expect(fixture.load([TestRow("A", 1)]) == "lostSwap")
        try fixture.execute("UPDATE userload.progress SET last_seq = -1")
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
    }

    /// Rows that fill a piece of COPY data to the last byte, and some that need several.
    @Test func rowsOfEverySizeArrive() throws {
        let fixture = try LoaderFixture()
        let sizes = [0, 1, 65_300, 65_400, 65_500, 65_536, 65_537, 131_072, 300_000, 2, 1_000_000]
        let rows = sizes.enumerated().map { index, size in
            TestRow("P\(index)", 1, more: "\"x\":\"\(String(repeating: "y", count: size))\"")
        }
        #expect(fixture.load(rows) == "committed")
        #expect(
            try fixture.rows("SELECT length(additional_info ->> 'x') FROM users ORDER BY substr(name, 2)::integer")
                == sizes.map { "\($0)" })
        // Every remainder of small rows.
        for size in stride(from: 10, to: 400, by: 7) {
            let rows = (0..<700).map {
                TestRow("Q\(size) \($0)", 2, more: "\"x\":\"\(String(repeating: "z", count: size))\"")
            }
            #expect(fixture.load(rows) == "committed")
        }
        #expect(try fixture.rows("SELECT count(*) FROM users WHERE age = 2") == ["\(700 * 56)"])
    }

    @Test func writesNothingWhenTheSchemaChanged() throws {
        let fixture = try LoaderFixture()
        try fixture.execute("UPDATE userload.settings SET revision = revision + 1")
        let before = try fixture.everything()
        #expect(fixture.load([TestRow("A", 1)]) == "schemaChanged")
        #expect(try fixture.everything() == before)
        #expect(try fixture.rows("SELECT count(*) FROM userload.jobs") == ["0"])
    }

    @Test func writesNothingWhenTheSchemaChangedBehindAKnownJob() throws {
        let fixture = try LoaderFixture()
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        try fixture.execute("UPDATE userload.settings SET revision = revision + 1")
        let before = try fixture.everything()
        #expect(fixture.load([TestRow("B", 1)]) == "schemaChanged")
        #expect(try fixture.everything() == before)
    }

    @Test func theSameBatchTwiceIsLoadedOnce() throws {
        let fixture = try LoaderFixture()
        let batch = fixture.batch([TestRow("A", 1), TestRow("B", 2)])
        #expect(fixture.loader.load(batch) == "committed")
        #expect(fixture.loader.load(batch) == "lostSwap")
        #expect(try fixture.people() == ["A|1", "B|2"])
        #expect(try fixture.counts() == "2|0|0")
    }

    @Test func ofTwoOwnersOneWins() throws {
        let fixture = try LoaderFixture()
        let other = LoaderFixture.loader(fixture.migrated)
        // The second owner's batch sets out while the first one's swap is not committed, and waits for it.
        let rival = Background { [batch = fixture.batch([TestRow("A", 1)])] in other.load(batch).text }
        let monitor = try fixture.migrated.connect()
        fixture.loader.onStage = { stage, connection in
            guard stage == .swapped else { return }
            rival.start()
            try! waitUntil { try monitor.hasWaiters() }
        }
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        #expect(rival.result == "lostSwap")
        #expect(try fixture.counts() == "1|0|0")
    }

    @Test func aSwapWaitsWithoutTimeLimits() throws {
        let fixture = try LoaderFixture()
        let hasty = LoaderFixture.loader(
            fixture.migrated,
            parameters: fixture.migrated.database.parameters + [
                (
                    "options",
                    "-c lock_timeout=50ms -c statement_timeout=50ms -c default_transaction_read_only=on "
                        + "-c default_transaction_isolation=serializable"
                )
            ])
        let monitor = try fixture.migrated.connect()
        try fixture.execute("BEGIN; UPDATE userload.positions SET anchor_offset = 1 WHERE partition = 0")
        let waiting = Background { [batch = fixture.batch([TestRow("A", 1)])] in hasty.load(batch).text }
        waiting.start()
        try waitUntil { try monitor.hasWaiters(longerThan: "150ms") }
        try fixture.execute("COMMIT")
        #expect(waiting.result == "committed")
    }

    @Test func theGreatestSequencePassedOverIsKept() throws {
        let fixture = try LoaderFixture()
        for (seen, kept) in [(9, "9"), (4, "9"), (12, "12"), (-1, "12")] {
            let batch = fixture.batch()
            batch.progress[0].passedOver = Int64(seen)
            #expect(fixture.load(batch) == "committed")
            #expect(try fixture.rows("SELECT passed_over FROM userload.progress") == [kept])
        }
    }
}
