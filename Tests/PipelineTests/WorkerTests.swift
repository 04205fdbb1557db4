// Whole runs of a worker in this process: what directed attacks made hang or lose rows.

import Kafka
import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting) struct WorkerTests {
    /// More jobs of a partition than are remembered, all in one batch, and then again: had their steps been forgotten
    /// before they were committed, every batch would lose its swap.
    @Test func moreEndedJobsInABatchThanAreRemembered() throws {
        let fixture = try WorkerFixture()
        let jobs = (0..<1_300).map { number in
            WorkerFixture.job(JobID(high: 7, low: UInt64(number)), [WorkerFixture.person(number)])
        }
        try fixture.send(jobs.flatMap { $0 } + jobs.flatMap { $0 })
        let (summary, _) = try fixture.drain()
        #expect(summary.counts == WorkCounts(inserted: 1_300))
        #expect(
            try fixture.database.rows("SELECT state, count(*) FROM userload.job_status GROUP BY 1") == [
                "completed|1300"
            ])
    }

    /// Design.md, "Exactly once" 10: also in the middle of a job.
    @Test func theRestOfAJobIsPassedOverAfterAChangeOfTheKey() throws {
        let fixture = try WorkerFixture()
        let id = JobID(high: 7, low: 1)
        let job = WorkerFixture.job(id, (0..<10).map(WorkerFixture.person))
        try fixture.send(Array(job[..<5]))
        #expect(try fixture.drain().summary.counts.inserted == 4)
        try fixture.changeKey("name,age,email")
        try fixture.send(Array(job[5...]))
        let (summary, _) = try fixture.drain()
        #expect(summary.counts.inserted == 0)
        #expect(summary.passedOver == [id])
        #expect(
            try fixture.database.rows("SELECT state, reason, lines FROM userload.job_status") == ["stalled|key|4"])
        // Once the keys agree again, sending it all once more completes it.
        try fixture.changeKey("name,age")
        try fixture.send(job)
        #expect(try fixture.drain().summary.counts.inserted == 6)
        #expect(
            try fixture.database.rows("SELECT state, lines FROM userload.job_status") == ["completed|10"])
    }

    /// Nothing of its log is known, so a position without an anchor begins at the log's start.
    @Test func aPositionWithoutAnAnchorBeginsAtTheLogsStart() throws {
        let fixture = try WorkerFixture()
        try fixture.send((0..<80).map { WorkerFixture.Sent(value: WorkerFixture.person($0)) })
        let cluster = try #require(try Admin(fixture.settings).clusterID())
        _ = try fixture.database.connection.query(
            """
            INSERT INTO userload.positions (cluster, topic, partition, next_offset) VALUES ($1, $2, 0, 51)
            """, [.text(cluster), .text(WorkerFixture.topic)])
        #expect(try fixture.drain().summary.counts.inserted == 80)
        #expect(
            try fixture.database.rows("SELECT generation, next_offset, anchor_offset FROM userload.positions")
                == ["2|80|0"])
    }

    /// The worker used to read it again and again, and to say that Kafka cannot be reached.
    @Test func aBatchThatCannotBeUnpackedIsPassedOver() throws {
        let fixture = try WorkerFixture(partitions: 2)
        fixture.workerEntries = [
            .init(key: "fetch.max.bytes", value: "1064960"), .init(key: "receive.message.max.bytes", value: "1100000"),
        ]
        let padding = String(repeating: "x", count: 900_000)
        let whole = WorkerFixture.job(JobID(high: 7, low: 1), (0..<3).map(WorkerFixture.person))
        let hurt = WorkerFixture.job(
            JobID(high: 7, low: 2), (10..<16).map { #"{"name":"Person \#($0)","age":7,"note":"\#(padding)"}"# })
        let last = WorkerFixture.job(JobID(high: 7, low: 3), (20..<22).map(WorkerFixture.person))
        var other = WorkerFixture.Sent(value: WorkerFixture.person(30))
        other.partition = 1
        // 0–4, 5 and 6, the batch 7–10, 11 and 12, 13, 14–17.
        try fixture.send(whole)
        try fixture.send(Array(hurt[..<2]))
        try fixture.send(Array(hurt[2..<6]), overrides: WorkerFixture.oneBatch)
        try fixture.send(Array(hurt[6...]) + [other] + last)
        let (summary, events) = try fixture.drain(stallTimeout: .seconds(20))
        #expect(summary.counts == WorkCounts(inserted: 7))
        var told = 0
        for event in events {
            switch event {
            case .unreadable(let partition, let from, let next, let reason):
                told += 1
                #expect(partition == 0 && from == 7 && next == 11)
                #expect(reason.hasPrefix("Decompression (codec 0x4) of message at 7 of "), "\(reason)")
            case .outage: Issue.record("\(event)")
            default: break
            }
        }
        #expect(told == 1)
        let states = "FROM userload.job_status WHERE id <> '00000000-0000-0000-0000-000000000000'"
        #expect(
            try fixture.database.rows("SELECT state \(states) ORDER BY id") == ["completed", "stalled", "completed"])
        #expect(
            try fixture.database.rows("SELECT partition, next_offset FROM userload.positions ORDER BY 1")
                == ["0|17", "1|1"])
        // What was lost is sent once more, in batches of usual size.
        try fixture.send(hurt)
        let (second, later) = try fixture.drain(stallTimeout: .seconds(20))
        #expect(second.counts == WorkCounts(inserted: 5))
        #expect(!later.contains { if case .unreadable = $0 { true } else { false } })
        #expect(
            try fixture.database.rows("SELECT DISTINCT state \(states)") == ["completed"])
    }

    // MARK: A database that never takes a batch

    private func drained(_ trigger: String) throws -> (error: PipelineError?, obstacles: [BatchObstacle]) {
        let fixture = try WorkerFixture()
        try fixture.database.connection.execute(trigger)
        try fixture.send(WorkerFixture.job(JobID(high: 7, low: 3), (0..<3).map(WorkerFixture.person)))
        let (error, events) = fixture.stalledDrain(stallTimeout: .seconds(8))
        return (
            error,
            events.compactMap { if case .obstacle(let obstacle) = $0 { obstacle } else { nil } }
        )
    }

    private func trigger(_ body: String, on table: String, _ event: String = "INSERT") -> String {
        """
        CREATE FUNCTION a_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(body) END $$;
        CREATE TRIGGER a_trigger BEFORE \(event) ON \(table) FOR EACH ROW EXECUTE FUNCTION a_trigger()
        """
    }

    @Test(arguments: ["40001", "40P01"])
    func aConflictThatAlwaysComesBackIsTold(code: String) throws {
        let (error, obstacles) = try drained(trigger("RAISE 'not now' USING ERRCODE = '\(code)';", on: "users"))
        // The first five tries take 1.5 s, the next word comes a minute later.
        #expect(obstacles == [.conflict(tries: 5, reason: "not now (SQLSTATE \(code))")])
        let message = try #require(error?.message)
        #expect(
            message.wholeMatch(
                of:
                    #/no progress for 8 s: Postgres broke off \d+ tries of a batch in a row, the last one with: not now \(SQLSTATE 40...\); nothing is lost, the next run resumes/#
            ) != nil, "\(message)")
        #expect(error?.kind == .incomplete)
    }

    @Test(arguments: [("userload.positions", "UPDATE"), ("userload.progress", "UPDATE"), ("userload.jobs", "INSERT")])
    func aTableThatKeepsNoChangesIsNamed(table: String, event: String) throws {
        let (error, obstacles) = try drained(trigger("RETURN NULL;", on: table, event))
        #expect(obstacles == [.unmoved(batches: 5, table: table)])
        let message = try #require(error?.message)
        #expect(message.hasPrefix("no progress for 8 s: "))
        #expect(
            message.hasSuffix(
                " batches in a row found too few rows to change in \(table), and no position had moved: a trigger or a rule of "
                    + "this table may keep changes from being written; nothing is lost, the next run resumes"))
    }

    @Test func garbageInTheTopicStopsNobody() throws {
        let fixture = try WorkerFixture()
        let id = JobID(high: 7, low: 9)
        let job = WorkerFixture.job(id, (0..<3).map(WorkerFixture.person))
        var forged = WireHeader(kind: .record, job: id, seq: 1)
        forged.seq = .max
        try fixture.send(
            [
                .init(value: ""), .init(value: "\u{0}"),
                .init(header: WireHeader(kind: .start, job: id, seq: 0), value: "{}"),
                .init(header: WireHeader(kind: .end, job: id, seq: 1), value: "[]"),
                .init(header: forged, value: WorkerFixture.person(1)),
            ] + job)
        let (summary, _) = try fixture.drain()
        #expect(summary.counts.inserted == 3)
        #expect(
            try fixture.database.rows(
                "SELECT state, lines FROM userload.job_status WHERE id <> '00000000-0000-0000-0000-000000000000'") == [
                    "completed|3"
                ])
    }
}
