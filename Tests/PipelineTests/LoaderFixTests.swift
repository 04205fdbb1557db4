// Records that stand for rejects of earlier jobs: what is noted on those, in the transaction of the rows.

import Postgres
import Records
import TestSupport
import Testing

@testable import Pipeline

@Suite(.waiting, .everyTable, .enabled("needs Debian's postgresql") { PostgresServer.binaries != nil })
struct LoaderFixTests {
    let fixture: LoaderFixture
    let parent = JobID(high: 5, low: 5)
    private let error = FieldError(field: "age", code: "not_an_integer", message: "is not a whole number")

    init() throws {
        fixture = try LoaderFixture()
        for seq in 1...4 {
            try fixture.execute(
                """
                INSERT INTO userload.rejects (job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster,
                    topic, kafka_offset, kafka_time)
                VALUES ('\(parent.uuid)', 2, \(seq), \(seq + 10), 0, 1, 'raw', 'x', '[{"field":"","code":"old","message":""}]', 'c', 't', 0, 0)
                """)
        }
    }

    private func place(_ seq: UInt64, line: UInt64 = 0, partition: Int32 = 2, job: JobID? = nil) -> RejectPlace {
        RejectPlace(job: job ?? parent, partition: partition, seq: seq, line: line)
    }

    /// seq, whether it is fixed by the fixture's job, the code of its first error.
    private func noted() throws -> [String] {
        try fixture.rows(
            """
            SELECT seq, coalesce(fixed_by = '\(fixture.job.uuid)' AND fixed_at IS NOT NULL, false), errors -> 0 ->> 'code'
            FROM userload.rejects WHERE job = '\(parent.uuid)' ORDER BY seq
            """)
    }

    /// A batch whose rows stand for rejects.
    private func batch(_ rows: [TestRow], _ places: [RejectPlace?], _ mode: OnDuplicate = .skip) -> Batch {
        let batch = fixture.batch([], mode)
        for (index, row) in rows.enumerated() {
            batch.add(row, seq: max(fixture.last, 0) + Int64(index) + 1)
            if let place = places[index] { batch.addFixOfRow(place, progressIndex: 0) }
        }
        fixture.finish(batch, records: rows.count)
        return batch
    }

    @Test(arguments: [OnDuplicate.skip, .update]) func insertedUpdatedOrDuplicate(mode: OnDuplicate) throws {
        fixture.load([TestRow("A", 1), TestRow("B", 2, email: "b@x")])
        let rows = [
            TestRow("A", 1), TestRow("B", 2, email: "c@x"), TestRow("C", 3), TestRow("C", 3, email: "c@x"),
            TestRow("D", 4),
        ]
        let batch = batch(rows, [place(1), place(2, line: 12), place(3), nil, nil], mode)
        #expect(fixture.load(batch) == "committed")
        #expect(try noted() == ["1|t|old", "2|t|old", "3|t|old", "4|f|old"])
        #expect(try fixture.countsAgree())
    }

    @Test func refusedAgain() throws {
        try fixture.execute("ALTER TABLE users ADD CHECK (age <> 9)")
        let batch = batch([TestRow("A", 9), TestRow("B", 2)], [place(1), place(2)])
        batch.addReject("Cy,x", seq: 3, errors: [error])
        batch.addFixOfReject(place(3), progressIndex: 0)
        fixture.finish(batch, records: 3)
        #expect(fixture.load(batch) == "committed")
        #expect(try noted() == ["1|f|postgres_23514", "2|t|old", "3|f|not_an_integer", "4|f|old"])
        #expect(try fixture.counts() == "1|0|2")
        // Corrected at last; an earlier one stays as it is.
        let again = self.batch([TestRow("A", 8), TestRow("C", 3)], [place(1), place(2)])
        again.addReject("Cy,x", seq: 6, errors: [error])
        again.addFixOfReject(place(2), progressIndex: 0)
        fixture.finish(again, records: 3)
        #expect(fixture.load(again) == "committed")
        #expect(try noted() == ["1|t|postgres_23514", "2|t|old", "3|f|not_an_integer", "4|f|old"])
    }

    @Test func duplicatesThatAreRejectsAreNotFixed() throws {
        fixture.load([TestRow("A", 1)])
        #expect(fixture.load(batch([TestRow("A", 1), TestRow("B", 2)], [place(1), place(2)], .reject)) == "committed")
        #expect(try noted() == ["1|f|duplicate", "2|t|old", "3|f|old", "4|f|old"])
    }

    @Test func ofSeveralForOneRejectOneThatIsInIsEnough() throws {
        let batch = batch([TestRow("A", 1), TestRow("B", 2)], [place(1), place(1)])
        batch.addReject("Cy,x", seq: 3, errors: [error])
        batch.addFixOfReject(place(1), progressIndex: 0)
        fixture.finish(batch, records: 3)
        #expect(fixture.load(batch) == "committed")
        #expect(try noted().first == "1|t|old")
    }

    /// Nobody has such rejects: the records are loaded like any others.
    @Test func whatDoesNotExistHasNoEffect() throws {
        let places = [
            place(99), place(1, line: 99), place(1, partition: 3), place(1, job: JobID(high: 9, low: 9)),
            place(1 << 53, line: 1 << 53, partition: .max, job: JobID(high: .max, low: .max)),
        ]
        let rows = places.indices.map { TestRow("A", $0) }
        #expect(fixture.load(batch(rows, places)) == "committed")
        #expect(try noted() == ["1|f|old", "2|f|old", "3|f|old", "4|f|old"])
        #expect(try fixture.people().count == 5)
    }

    /// A spreadsheet made it of partition 2, number 30 or 400: the line tells.
    @Test func zerosThatASpreadsheetTookAway() throws {
        try fixture.execute(
            """
            INSERT INTO userload.rejects (job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster,
                topic, kafka_offset, kafka_time)
            SELECT job, partition, seq * 10, line * 10, 0, 1, 'raw', 'x', errors, 'c', 't', 0, 0
            FROM userload.rejects WHERE seq IN (3, 4) OR seq = 1
            """)
        let places = [place(3, line: 130), place(4, line: 14), place(1), place(1_000_000_001, line: 11)]
        #expect(fixture.load(batch(places.indices.map { TestRow("A", $0) }, places)) == "committed")
        #expect(
            try noted() == [
                "1|t|old", "2|f|old", "3|f|old", "4|t|old", "10|f|old", "30|t|old", "40|f|old",
            ])
    }

    @Test func rowsThatATriggerSwallowedAreNotFixed() throws {
        try fixture.beforeInsert("IF NEW.age = 9 THEN RETURN NULL; END IF;")
        #expect(fixture.load(batch([TestRow("A", 9), TestRow("B", 2)], [place(1), place(2)])) == "committed")
        #expect(try noted() == ["1|f|old", "2|t|old", "3|f|old", "4|f|old"])
    }

    /// Records of one key are folded into one row: what a trigger swallows of that is loaded of neither.
    @Test func foldedRowsThatATriggerSwallowedAreNotFixed() throws {
        fixture.load([TestRow("B", 2)])
        try fixture.beforeInsert("IF NEW.age = 9 THEN RETURN NULL; END IF;")
        try fixture.execute("CREATE TRIGGER b BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION a_trigger()")
        let rows = [
            TestRow("A", 9), TestRow("A", 9, email: "a@x"), TestRow("B", 2, email: "b@x"), TestRow("C", 3),
        ]
        #expect(fixture.load(batch(rows, [place(1), place(2), place(3), place(4)], .update)) == "committed")
        #expect(try noted() == ["1|f|old", "2|f|old", "3|t|old", "4|t|old"])
    }

    /// The rejects of a job whose first thousands are fixed have their errors told all the same.
    @Test func theFirstThatAreNotFixedAreTold() throws {
        try fixture.execute(
            """
            INSERT INTO userload.jobs (id, id_text, partitions) VALUES ('\(parent.uuid)', '\(parent.text)', 3);
            INSERT INTO userload.progress (job, partition, records, rejected) VALUES ('\(parent.uuid)', 2, 5000, 5000);
            INSERT INTO userload.rejects (job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster,
                topic, kafka_offset, kafka_time, fixed_by, fixed_at)
            SELECT job, partition, n, n + 10, 0, 1, 'raw', 'x', errors, 'c', 't', 0, 0,
                CASE WHEN n < 4990 THEN job END, CASE WHEN n < 4990 THEN now() END
            FROM userload.rejects, generate_series(5, 5000) AS n WHERE seq = 1;
            DELETE FROM userload.rejects WHERE seq < 5
            """)
        let jobs = JobReader(fixture.migrated.connection)
        #expect(try jobs.errors(of: [parent])[parent]?.rejects == 11)
        let first = try #require(try jobs.statuses([parent]).first).firstRejects
        #expect(first.map(\.line) == [5000, 5001, 5002, 5003, 5004])
    }

    /// The statement is asked of the server only where there is something to note.
    @Test func batchesWithoutThemAskForNothing() throws {
        try fixture.execute("ALTER TABLE userload.rejects RENAME COLUMN fixed_by TO gone")
        #expect(fixture.load(batch([TestRow("A", 1)], [nil])) == "committed")
        #expect(fixture.load(batch([TestRow("B", 2)], [place(1)])).text.hasPrefix("fatal"))
    }

    /// Another transaction holds one of the rows: what it makes of it counts.
    @Test func oneThatWasFixedMeanwhileStaysSo() throws {
        let (other, monitor) = (try fixture.migrated.connect(), try fixture.migrated.connect())
        try other.execute(
            "BEGIN; UPDATE userload.rejects SET fixed_by = '\(parent.uuid)', fixed_at = now() WHERE seq = 2")
        let fixture = fixture
        let loading = Background { [batch = batch([TestRow("A", 1), TestRow("B", 2)], [place(2), place(1)])] in
            fixture.loader.load(batch).text
        }
        loading.start()
        try waitUntil { try monitor.hasWaiters() }
        try other.execute("COMMIT")
        #expect(loading.result == "committed")
        #expect(try noted() == ["1|t|old", "2|f|old", "3|f|old", "4|f|old"])
    }

    /// A reject of a fix file is one more reject, and what comes of it is told to all before it.
    @Test func rejectsOfAFixFile() throws {
        func refused(_ place: RejectPlace, code: String) throws {
            let batch = fixture.batch()
            batch.addReject(
                "x", seq: max(fixture.last, 0) + 1, errors: [FieldError(field: "", code: code, message: "")])
            batch.addFixOfReject(place, progressIndex: 0)
            fixture.finish(batch, records: 1)
            #expect(fixture.load(batch) == "committed")
        }
        func all() throws -> [String] {
            try fixture.rows(
                """
                SELECT job = '\(parent.uuid)', seq, fixed_by IS NOT NULL, errors -> 0 ->> 'code' FROM userload.rejects
                WHERE partition = 0 OR seq = 1 ORDER BY 1 DESC, 2
                """)
        }
        try refused(place(1), code: "a")
        #expect(try all() == ["t|1|f|a", "f|1|f|a"])
        try refused(place(1, partition: 0, job: fixture.job), code: "b")
        #expect(try all() == ["t|1|f|b", "f|1|f|b", "f|2|f|b"])
        // One that stands for itself, as a person may write it.
        try refused(place(3, partition: 0, job: fixture.job), code: "c")
        let last = batch([TestRow("A", 1)], [place(2, partition: 0, job: fixture.job)])
        #expect(fixture.load(last) == "committed")
        #expect(try all() == ["t|1|t|b", "f|1|t|b", "f|2|t|b", "f|3|f|c"])
    }

    @Test func undoTakesThemBack() throws {
        #expect(fixture.load(batch([TestRow("A", 1)], [place(1)])) == "committed")
        try fixture.execute(
            """
            UPDATE userload.jobs SET partitions = 1, key_fields = '{name,age}', on_duplicate = 'skip';
            UPDATE userload.progress SET end_seq = last_seq, end_records = records, end_digest = digest, ended_at = now()
            """)
        let undo = JobUndo(
            fixture.migrated.connection, fixture.migrated.info,
            settings: DatabaseSettings(parameters: fixture.migrated.database.parameters), interrupt: { false })
        #expect(try undo.undo(fixture.job) == .undone(rows: 1))
        #expect(try noted() == ["1|f|old", "2|f|old", "3|f|old", "4|f|old"])
    }

    /// What readers are told.
    @Test func whatIsFixedIsNotListed() throws {
        try fixture.execute(
            """
            INSERT INTO userload.jobs (id, id_text, partitions) VALUES ('\(parent.uuid)', '\(parent.text)', 3);
            INSERT INTO userload.progress (job, partition, records, rejected) VALUES ('\(parent.uuid)', 2, 4, 4)
            """)
        #expect(fixture.load(batch([TestRow("A", 1)], [place(2)])) == "committed")
        let jobs = JobReader(fixture.migrated.connection)
        func listed(all: Bool) throws -> [String] {
            var seen: [String] = []
            try jobs.rejects(of: parent, all: all) { seen.append("\($0.seq)\($0.isFixed ? " fixed" : "")") }
            return seen
        }
        #expect(try listed(all: false) == ["1", "3", "4"])
        #expect(try listed(all: true) == ["1", "2 fixed", "3", "4"])
        let status = try #require(try jobs.statuses([parent]).first)
        #expect((status.rejected, status.fixed, status.unfixed) == (4, 1, 3))
        #expect(try jobs.errors(of: [parent])[parent]?.rejects == 3)
        #expect(try jobs.rejectCodes(of: parent).rejects == 3)
        #expect(try jobs.rejectCodes(of: parent, all: true).codes.map(\.count) == [4])
    }
}
