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
