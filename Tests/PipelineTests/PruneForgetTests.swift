// What prune and forget delete on a real Postgres, and what must stay.

import FoundationEssentials
import Postgres
import Records
import TestSupport
import Testing

@testable import Pipeline

@Suite(.waiting, .everyTable, .enabled("needs Debian's postgresql") { PostgresServer.binaries != nil })
struct PruneForgetTests {
    let fixture: LoaderFixture

    init() throws { fixture = try LoaderFixture() }

    /// Loads rejects of a CSV file; the record is the text.
    private func load(_ rejects: [(text: String, form: Batch.RejectForm)], people: [TestRow] = []) throws {
        let batch = fixture.batch(people)
        for (index, reject) in rejects.enumerated() {
            batch.addReject(reject.text, form: reject.form, seq: Int64(people.count + index + 1))
        }
        fixture.finish(batch, records: people.count + rejects.count)
        #expect(fixture.load(batch) == "committed")
        try fixture.execute(
            """
            UPDATE userload.jobs SET format = 'csv', delimiter = ',', header = 'name.firstName,name.lastName,age,email',
                options = '{people.csv}', partitions = 1, key_fields = '{name,age}', on_duplicate = 'skip',
                first_seen_at = now() - interval '100 days';
            UPDATE userload.progress SET end_seq = last_seq, end_records = records, end_digest = digest,
                ended_at = now() - interval '100 days', updated_at = now() - interval '50 days'
            """)
    }

    @Test func forgetDeletesExactlyThisPerson() throws {
        try load(
            [
                ("Rohit, Prasad ,35,a@@b", .raw),
                (#""Rohit","Prasad",035.0,nobody"#, .raw),
                (#"{"name":"Rohit Prasad","age":35,"note":"x"}"#, .json),
                (#"{"name":{"firstName":"Rohit","lastName":"Prasad"},"age":"35"}"#, .json),
                ("Rohit,Prasad,36,a@@b", .raw),
                ("Rohit,Prasad,abc,", .raw),
                ("Rohit,Prasade,35,a@@b", .raw),
                (#"{"name":"Ann Lee","age":35,"note":"met Rohit Prasad"}"#, .json),
                ("Prasad,Rohit,35,a@@b", .raw),
                ("", .raw),
                // Another person, whose name is a longer one.
                (#"{"name":"Rohit Prasad Junior","age":35}"#, .json),
                (#"{"name":"Rohit Prasad Junior","age":35,"note":"son of Rohit Prasad"}"#, .json),
            ], people: [TestRow("Rohit Prasad", 35), TestRow("Rohit Prasad", 36)])
        let records = KeptRecords(
            isCSV: true, delimiter: UInt8(ascii: ","), header: Array("name.firstName,name.lastName,age,email".utf8),
            flags: InputFlags())
        let forgetter = PersonForgetter(fixture.migrated.connection, fixture.migrated.info)
        let outcome = try forgetter.forget(name: "Rohit Prasad", age: 35) { _ in records }
        #expect(outcome.rows == 1 && outcome.rejects == 4 && outcome.mentions == 4)
        #expect(outcome.firstMentions.map(\.line).sorted() == [8, 9, 11, 15])
        #expect(try fixture.people() == ["Rohit Prasad|36"])
        #expect(try fixture.countsAgree())
        #expect(
            try fixture.rows("SELECT line FROM userload.rejects ORDER BY 1")
                == ["8", "9", "10", "11", "12", "13", "14", "15"])
        let again = try forgetter.forget(name: "Rohit Prasad", age: 35) { _ in records }
        #expect(again.rows == 0 && again.rejects == 0 && again.latest == nil)
    }

    @Test func pruneTakesRejectsAndDescriptionsOfEndedJobs() throws {
        try load([("a,b,c,d", .raw), ("e,f,g,h", .raw)], people: [TestRow("Ann", 30)])
        let pruner = JobPruner(fixture.migrated.connection)
        let day: Int64 = 86_400
        #expect(try pruner.look(age: 60 * day, rejectsAge: 60 * day) == JobPruner.Look())
        var wanted = JobPruner.Look(rejectJobs: [fixture.job], rejects: 2)
        #expect(try pruner.look(age: 60 * day, rejectsAge: 40 * day) == wanted)
        wanted.endedJobs = [fixture.job]
        wanted.describedJobs = [fixture.job]
        #expect(try pruner.look(age: 40 * day, rejectsAge: 40 * day) == wanted)
        let kept = "SELECT last_seq, rejected, inserted FROM userload.progress"
        let before = try fixture.rows(kept)
        #expect(try pruner.prune(wanted, age: 40 * day, rejectsAge: 40 * day) == wanted)
        #expect(try fixture.rows("SELECT count(*) FROM userload.rejects") == ["0"])
        #expect(
            try fixture.rows("SELECT header IS NULL, options IS NULL, state FROM userload.job_status")
                == ["t|t|completed"])
        #expect(try fixture.rows(kept) == before)
        #expect(try fixture.people() == ["Ann|30"])
        wanted = JobPruner.Look(endedJobs: [fixture.job])
        #expect(try pruner.look(age: 40 * day, rejectsAge: 40 * day) == wanted)
    }

    /// The newest run of each label and host is the label's answer, however old it is.
    @Test func pruneTakesOldRunsAndRejectsOfOthers() throws {
        for (id, run) in [
            "etl1,nightly,100", "etl1,nightly,90", "etl1,nightly,1", "etl2,nightly,100", "etl1,weekly,100",
            "etl1,weekly,99",
            "etl1,,100", "etl1,,2",
        ].enumerated() {
            let parts = run.split(separator: ",", omittingEmptySubsequences: false)
            try fixture.execute(
                """
                INSERT INTO userload.runs SELECT '\(JobID(high: 1, low: UInt64(id)).uuid)', '\(parts[0])',
                    nullif('\(parts[1])', ''), 1, now(), now() - interval '\(parts[2]) days';
                INSERT INTO userload.run_jobs VALUES ('\(JobID(high: 1, low: UInt64(id)).uuid)', '\(fixture.job.uuid)')
                """)
        }
        try fixture.execute(
            """
            INSERT INTO userload.rejects (job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster, topic,
                kafka_offset, kafka_time, created_at)
            SELECT '\(JobID.foreign.uuid)', 0, 0, 0, 0, 1, 'raw', 'x', '[]', 'c', 't', i, -1, now() - i * interval '10 days'
                FROM generate_series(1, 5) AS i
            """)
        let pruner = JobPruner(fixture.migrated.connection)
        let day: Int64 = 86_400
        let look = try pruner.look(age: 60 * day, rejectsAge: 25 * day)
        #expect(look == JobPruner.Look(foreignRejects: 3, runs: 4))
        #expect(try pruner.prune(look, age: 60 * day, rejectsAge: 25 * day) == look)
        let left =
            "SELECT host, coalesce(label, '-'), count(*) FROM userload.runs JOIN userload.run_jobs ON run = id GROUP BY 1, 2 ORDER BY 1, 2"
        #expect(try fixture.rows(left) == ["etl1|-|1", "etl1|nightly|1", "etl1|weekly|1", "etl2|nightly|1"])
        #expect(try fixture.rows("SELECT count(*) FROM userload.run_jobs") == ["4"])
        #expect(try fixture.rows("SELECT count(*) FROM userload.rejects") == ["2"])
        #expect(try pruner.look(age: 60 * day, rejectsAge: 25 * day) == JobPruner.Look())
    }

    @Test(arguments: ["end_seq = NULL", "end_digest = digest + 1", "end_seq = NULL, passed_over = 99"])
    func pruneLeavesOpenJobs(change: String) throws {
        try load([("a,b,c,d", .raw)])
        try fixture.execute("UPDATE userload.progress SET \(change)")
        #expect(try JobPruner(fixture.migrated.connection).look(age: 0, rejectsAge: 0) == JobPruner.Look())
    }

    @Test func allRejectsAreCountedByCode() throws {
        try load(
            [("a", .raw), ("b", .truncated), ("c", .raw)] + (1...4_000).map { ("\($0)", Batch.RejectForm.raw) })
        try fixture.execute(
            """
            UPDATE userload.rejects SET errors = '[{"code": "empty"}, {"code": "missing"}, {"code": "empty"}]' WHERE line = 2;
            UPDATE userload.rejects SET errors = '[{"code": "too_long"}]', length = 2000000 WHERE line = 3
            """)
        let codes = try JobReader(fixture.migrated.connection).rejectCodes(of: fixture.job)
        #expect(codes.rejects == 4_003 && codes.truncated == 1)
        #expect(codes.codes.map { "\($0.count) \($0.code)" } == ["4002 missing", "1 empty", "1 too_long"])
        #expect(codes.firstTruncated.map { "\($0.line) \($0.byteOffset) \($0.length)" } == ["3 20 2000000"])
    }
}
