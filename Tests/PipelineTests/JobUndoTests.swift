// Undoing a job on a real Postgres: what is deleted, what stays, and what still comes of the job.

import Postgres
import Records
import TestSupport
import Testing

@testable import Pipeline

@Suite(.waiting, .everyTable, .enabled("needs Debian's postgresql") { PostgresServer.binaries != nil })
struct JobUndoTests {
    let fixture: LoaderFixture
    let other = JobID(high: 7, low: 7)

    init() throws {
        fixture = try LoaderFixture()
        fixture.load([TestRow("Ann", 30), TestRow("Bo", 31), TestRow("Cy", 31), TestRow("Di", 40)])
    }

    private var undo: JobUndo {
        JobUndo(
            fixture.migrated.connection, fixture.migrated.info,
            settings: DatabaseSettings(parameters: fixture.migrated.database.parameters), interrupt: { false })
    }

    /// Makes the fixture's job an end it can be undone at.
    private func complete() throws {
        try fixture.execute(
            """
            UPDATE userload.jobs SET partitions = 1, key_fields = '{name,age}', on_duplicate = 'skip';
            UPDATE userload.progress SET end_seq = last_seq, end_records = records, end_digest = digest, ended_at = now()
            """)
    }

    @Test func whatItInsertedGoesAndTheCountsAgree() throws {
        try complete()
        #expect(try undo.look(fixture.job) == UndoLook(rows: 4, keptRows: 0, kept: [], later: []))
        #expect(try undo.undo(fixture.job) == .undone(rows: 4))
        #expect(try fixture.people() == [])
        #expect(try fixture.countsAgree())
        #expect(try fixture.rows("SELECT state, inserted FROM userload.job_status") == ["undone|4"])
        #expect(try undo.undo(fixture.job) == .notNow(.undone))
    }

    @Test func anOpenJobIsLeftAsItIs() throws {
        let before = try fixture.everything()
        #expect(try undo.undo(fixture.job) == .notNow(.processing))
        #expect(try undo.undo(other) == .noSuchJob)
        #expect(try fixture.everything() == before)
    }

    @Test func rowsOfOthersStayAndAreListed() throws {
        try complete()
        try fixture.execute(
            """
            INSERT INTO users (name, age) VALUES ('Ed', 50);
            INSERT INTO userload.jobs (id, id_text) VALUES ('\(other.uuid)', '\(other.text)');
            INSERT INTO userload.progress (job, partition, duplicates) VALUES ('\(other.uuid)', 0, 2);
            UPDATE users SET updated_by = '\(other.uuid)' WHERE name = 'Bo';
            UPDATE users SET updated_by = '\(fixture.job.uuid)' WHERE name = 'Cy'
            """)
        let look = try undo.look(fixture.job)
        #expect(look.rows == 3 && look.keptRows == 1)
        #expect(look.kept == [UndoLook.Kept(slug: other.slug, rows: 1)])
        #expect(look.later == [UndoLook.Later(slug: other.slug, duplicates: 2)])
        #expect(try undo.undo(fixture.job) == .undone(rows: 3))
        #expect(try fixture.people() == ["Bo|31", "Ed|50"])
        #expect(try fixture.countsAgree())
    }

    /// An abandoned job may go on: a batch built before, and one of a partition that had nothing of it, lose their swap.
    @Test func whatStillComesIsDropped() throws {
        try fixture.execute("UPDATE userload.jobs SET cluster = 'cluster', topic = 'users'")
        #expect(try JobReader(fixture.migrated.connection).abandon(fixture.job))
        #expect(try undo.undo(fixture.job) == .undone(rows: 4))
        #expect(fixture.load([TestRow("Late", 20)]) == "lostSwap")
        #expect(fixture.loader.load(fixture.batch([TestRow("Later", 21)], partition: 1)) == "lostSwap")
        #expect(try fixture.people() == [])
        #expect(
            try fixture.rows("SELECT partition, last_seq FROM userload.progress ORDER BY 1")
                == ["0|9007199254740992", "1|9007199254740992", "2|9007199254740992"])
        // A worker that reads them anew passes nothing on.
        let progress = JobProgress(
            job: fixture.job, partition: 0,
            Progress(last: 9_007_199_254_740_992, passedOver: -1, digest: 0, ended: false, exists: true))
        #expect(progress.decide(.record, 5) == .drop)
        #expect(progress.decide(.end, Int64(Limits.wireNumber)) == .drop)
    }

    /// The job's rows are found without reading the table.
    @Test(.tags(.plainTable)) func theIndexOnJobsIsUsed() throws {
        try fixture.execute(
            """
            INSERT INTO users (name, age, job)
            SELECT 'P' || i, 1, ('00000000-0000-0000-0000-' || lpad((i / 10000)::text, 12, '0'))::uuid
            FROM generate_series(10000, 299999) AS i
            """)
        try fixture.execute("SELECT brin_summarize_new_values('userload_job'); ANALYZE users")
        let job = "'00000000-0000-0000-0000-000000000007'"
        for statement in ["SELECT * FROM users WHERE job = \(job)", "DELETE FROM users WHERE job = \(job)"] {
            let plan = try fixture.rows("EXPLAIN \(statement)").joined(separator: "\n")
            #expect(plan.contains("Bitmap Index Scan on userload_job"), "\(plan)")
        }
    }

    @Test func aFailedDeleteChangesNothing() throws {
        try complete()
        try fixture.execute(
            """
            CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
            CREATE TRIGGER no BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION no()
            """)
        let before = try fixture.everything()
        #expect(throws: PostgresError.self) { try undo.undo(fixture.job) }
        #expect(try fixture.everything() == before)
        #expect(try fixture.rows("SELECT count(*) FROM userload.jobs WHERE undone_at IS NULL") == ["1"])
    }
}
