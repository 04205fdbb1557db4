// The worker's small decisions: anchors, drains, batches' ends, and what is said of outages.

import Kafka
import Log
import Records
import Testing

@testable import Pipeline

@Suite struct AnchorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let anchor: Anchor?
        let found: ReadResult?
        let hash: UInt64?
        let next: Int64
        let low: Int64
        let high: Int64
        let verdict: AnchorState
        var testDescription: String { name }
    }

    private static let message = ReadResult.message(
        MessageCopy(offset: 7, timestamp: 1, key: nil, value: [], header: nil))
    private static let anchor = Anchor(offset: 7, hash: 99)

    @Test(arguments: [
        Case(
            name: "no anchor", anchor: nil, found: nil, hash: nil, next: -1, low: 0, high: 0, verdict: .stands),
        Case(
            name: "the same message", anchor: anchor, found: message, hash: 99, next: 8, low: 0, high: 8,
            verdict: .stands),
        Case(
            name: "another message", anchor: anchor, found: message, hash: 98, next: 8, low: 0, high: 8,
            verdict: .replaced),
        Case(
            name: "the log's start has passed it", anchor: anchor, found: nil, hash: nil, next: 8, low: 8, high: 9,
            verdict: .stands),
        Case(
            name: "expired while we looked", anchor: anchor, found: .belowStart(low: 8), hash: nil, next: 8, low: 7,
            high: 9, verdict: .stands),
        Case(
            name: "missing in the middle", anchor: anchor, found: .absent(next: 9), hash: nil, next: 8, low: 0,
            high: 12,
            verdict: .replaced),
        Case(
            name: "an empty log", anchor: anchor, found: .absent(next: nil), hash: nil, next: 8, low: 0, high: 0,
            verdict: .replaced),
        Case(
            name: "the log ends before where we are", anchor: anchor, found: message, hash: 99, next: 20, low: 0,
            high: 12, verdict: .replaced),
    ]) func judged(_ row: Case) {
        #expect(
            judge(
                anchor: row.anchor, found: row.found, hash: row.hash, next: row.next, low: row.low, high: row.high)
                == row.verdict)
    }

    @Test func theHashTellsMessagesApart() {
        func hash(value: String?, key: String?, header: String?, timestamp: Int64) -> UInt64 {
            anchorHash(
                MessageCopy(
                    offset: 0, timestamp: timestamp, key: key.map { Array($0.utf8) },
                    value: value.map { Array($0.utf8) }, header: header.map { Array($0.utf8) }))
        }
        let hashes = [
            hash(value: "v", key: "k", header: "h", timestamp: 1),
            hash(value: "w", key: "k", header: "h", timestamp: 1),
            hash(value: "v", key: "l", header: "h", timestamp: 1),
            hash(value: "v", key: "k", header: "i", timestamp: 1),
            hash(value: "v", key: "k", header: "h", timestamp: 2),
            hash(value: "v", key: nil, header: "h", timestamp: 1),
            hash(value: nil, key: nil, header: nil, timestamp: 1),
        ]
        #expect(Set(hashes).count == hashes.count)
        #expect(hash(value: "v", key: "k", header: "h", timestamp: 1) == hashes[0])
    }
}

@Suite struct DrainTests {
    @Test func behindUntilEveryPartitionHasComeUp() {
        var drain = Drain()
        drain.setTarget(0, low: 0, high: 10)
        drain.setTarget(1, low: 0, high: 0)
        drain.setTarget(2, low: 5, high: 5)
        drain.setTarget(3, low: 2, high: 4)
        #expect(drain.partitions == [0, 1, 2, 3])
        #expect(drain.behind([:]) == [0, 3])
        #expect(drain.behind([0: -1, 3: -1]) == [0, 3])
        #expect(drain.behind([0: 9, 3: 4]) == [0])
        #expect(drain.behind([0: 10, 3: 9]) == [])
    }

    @Test func aTopicMadeAnewHasAnotherAim() {
        var drain = Drain()
        drain.setTarget(0, low: 0, high: 1_000)
        drain.setTarget(0, low: 0, high: 3)
        #expect(drain.behind([0: -1]) == [0])
        #expect(drain.behind([0: 3]) == [])
    }
}

@Suite struct BatchLimitsTests {
    struct Case: Sendable {
        var rows = 1
        var bytes = 1
        var age = Duration.zero
        var quiet: Duration?
        let due: Bool
    }

    @Test(arguments: [
        Case(due: false),
        Case(rows: 9_999, bytes: (16 << 20) - 1, age: .milliseconds(999), due: false),
        Case(rows: 10_000, due: true),
        Case(bytes: 16 << 20, due: true),
        Case(age: .seconds(1), due: true),
        Case(age: .milliseconds(999), quiet: .milliseconds(49), due: false),
        Case(quiet: .milliseconds(50), due: true),
    ]) func ends(_ row: Case) {
        #expect(BatchLimits().isDue(rows: row.rows, bytes: row.bytes, age: row.age, quiet: row.quiet) == row.due)
    }

    /// Full ones, by rows or by bytes, make room for more, up to 50,000 rows; one that was not full starts over.
    @Test func grows() {
        var limits = BatchLimits()
        let full = 16 << 20
        let batches = [
            (10_000, 1), (20_500, 1), (40_000, 1), (50_000, 1), (49_999, full), (49_999, full - 1), (3, full), (3, 1),
        ]
        let rows = batches.map { rows, bytes in
            limits.ended(rows: rows, bytes: bytes)
            return limits.rows
        }
        #expect(rows == [20_000, 40_000, 50_000, 50_000, 50_000, 10_000, 20_000, 10_000])
    }
}

@Suite struct AskedAheadTests {
    @Test func oneAnswerServesEveryPartitionOnce() {
        let job = JobID(high: 1, low: 2)
        let known = Progress(last: 7, passedOver: 9, digest: 3, records: 6, ended: false, exists: true)
        var asked = ProgressCache()
        #expect(asked.take(job, 0) == nil)
        asked.keep(job, [0, 1, 2], found: [1: known])
        #expect(asked.take(job, 0) == Progress())
        #expect(asked.take(job, 1) == known)
        #expect(asked.take(job, 1) == nil)
        #expect(asked.take(job, 3) == nil)
        #expect(asked.take(JobID(high: 1, low: 3), 2) == nil)
        asked.forget()
        #expect(asked.take(job, 2) == nil)
    }

    @Test func itsMemoryIsBounded() {
        var asked = ProgressCache()
        for number in 0..<1_000 { asked.keep(JobID(high: 0, low: UInt64(number)), [0], found: [:]) }
        let kept = (0..<1_000).filter { asked.take(JobID(high: 0, low: UInt64($0)), 0) != nil }
        #expect(kept.last == 999)
        #expect(kept.count <= 64)
    }
}

@Suite struct OutageTests {
    @Test func saidOnceThenOnceAMinuteThenTheEnd() {
        var outage = Outage("Postgres")
        let start = ContinuousClock.now
        #expect(outage.isBack(at: start) == nil)
        #expect(outage.isAway("no route", at: start) == "Postgres is away: no route; trying again")
        #expect(outage.isAway("no route", at: start + .seconds(59)) == nil)
        #expect(
            outage.isAway("no route", at: start + .seconds(61))
                == "Postgres has been away for 1 min: no route; trying again")
        #expect(outage.isAway("no route", at: start + .seconds(119)) == nil)
        #expect(
            outage.isAway("refused", at: start + .seconds(185))
                == "Postgres has been away for 3 min: refused; trying again")
        #expect(outage.isBack(at: start + .seconds(190)) == "Postgres is back after 190 s")
        #expect(outage.isBack(at: start + .seconds(191)) == nil)
        #expect(!outage.isOn)
    }

    @Test func pausesDoubleUpToFiveSeconds() {
        var backoff = Backoff()
        let pauses = (0..<8).map { _ in backoff.next() }
        #expect(
            pauses == [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000].map { Duration.milliseconds($0) })
        backoff.reset()
        #expect(backoff.next() == .milliseconds(100))
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (41_203_112, "41,203,112"), (-1_234, "-1,234")])
    func thousands(_ number: Int64, _ text: String) { #expect(grouped(number) == text) }
}
