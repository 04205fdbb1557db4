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
        let state: AnchorState
        var testDescription: String { name }
    }

    private static let message = ReadResult.message(
        MessageCopy(offset: 7, timestamp: 1, key: nil, value: [], header: nil))
    private static let anchor = Anchor(offset: 7, hash: 99)

    @Test(arguments: [
        Case(
            name: "no anchor", anchor: nil, found: nil, hash: nil, next: -1, low: 0, high: 0, state: .stands),
        Case(
            name: "the same message", anchor: anchor, found: message, hash: 99, next: 8, low: 0, high: 8,
            state: .stands),
        Case(
            name: "another message", anchor: anchor, found: message, hash: 98, next: 8, low: 0, high: 8,
            state: .replaced),
        Case(
            name: "the log's start has passed it", anchor: anchor, found: nil, hash: nil, next: 8, low: 8, high: 9,
            state: .stands),
        Case(
            name: "expired while we looked", anchor: anchor, found: .belowStart(low: 8), hash: nil, next: 8, low: 7,
            high: 9, state: .stands),
        Case(
            name: "missing in the middle", anchor: anchor, found: .absent(next: 9), hash: nil, next: 8, low: 0,
            high: 12,
            state: .replaced),
        Case(
            name: "an empty log", anchor: anchor, found: .absent(next: nil), hash: nil, next: 8, low: 0, high: 0,
            state: .replaced),
        Case(
            name: "the log ends before where we are", anchor: anchor, found: message, hash: 99, next: 20, low: 0,
            high: 12, state: .replaced),
    ]) func judged(_ row: Case) {
        #expect(
            judge(
                anchor: row.anchor, found: row.found, hash: row.hash, next: row.next, low: row.low, high: row.high)
                == row.state)
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

    @Test func doneOnlyWhenEveryAnchorWasFound() {
        var drain = Drain()
        drain.setTarget(0, low: 0, high: 10)
        drain.setTarget(1, low: 0, high: 5)
        #expect(drain.decide([0: 9, 1: 5], replaced: []) == .behind([0]))
        #expect(drain.decide([0: 10, 1: 5], replaced: [1]) == .behind([1]))
        #expect(drain.decide([0: 10, 1: 5], replaced: []) == .done)
    }

    @Test func aLogThatEndsBelowTheAimIsAnotherOne() {
        var drain = Drain()
        drain.setTarget(0, low: 0, high: 10)
        drain.setTarget(1, low: 0, high: 5)
        // It has grown: what came since the start is not waited for.
        drain.cap(0, low: 0, high: 12)
        #expect(drain.target(of: 0) == 10)
        drain.cap(0, low: 0, high: 3)
        drain.cap(1, low: 0, high: 0)
        #expect(drain.target(of: 0) == 3)
        #expect(drain.decide([0: 3], replaced: []) == .done)
    }

    @Test func partitionsThatAreGoneAreNotWaitedFor() {
        var drain = Drain()
        drain.setTarget(0, low: 0, high: 10)
        drain.setTarget(1, low: 0, high: 5)
        drain.remove([1])
        #expect(drain.partitions == [0])
        #expect(drain.decide([0: 10], replaced: [1]) == .done)
    }

    @Test func othersProgressIsProgress() {
        var drain = Drain()
        #expect(drain.hasMoved([0: 1, 1: 4]) == true)
        #expect(drain.hasMoved([0: 1, 1: 4]) == false)
        #expect(drain.hasMoved([0: 2, 1: 4]) == true)
        #expect(drain.hasMoved([0: .max, 1: .max]) == true)
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

@Suite struct ProgressCacheTests {
    @Test func oneAnswerServesEveryPartitionOnce() {
        let job = JobID(high: 1, low: 2)
        let known = Progress(last: 7, passedOver: 9, digest: 3, ended: false, exists: true)
        var cache = ProgressCache()
        #expect(cache.take(job, 0) == nil)
        var places = KnownProgress()
        places.places[1] = known
        cache.keep(job, places, partitions: [0, 1, 2])
        #expect(cache.has(job))
        #expect(cache.take(job, 0) == Progress())
        #expect(cache.take(job, 1) == known)
        #expect(cache.take(job, 1) == nil)
        #expect(cache.take(job, 3) == nil)
        #expect(cache.take(JobID(high: 1, low: 3), 2) == nil)
        cache.forget(job)
        #expect(cache.take(job, 2) == nil)
        cache.keep(job, places, partitions: [2])
        cache.forgetAll()
        #expect(cache.take(job, 2) == nil)
    }

    @Test func itsMemoryIsBounded() {
        var cache = ProgressCache()
        for number in 0..<20_000 {
            cache.keep(JobID(high: 0, low: UInt64(number)), KnownProgress(), partitions: [0])
        }
        let kept = (0..<20_000).filter { cache.take(JobID(high: 0, low: UInt64($0)), 0) != nil }
        #expect(kept.last == 19_999 && kept.count <= ProgressCache.mostJobs)
        // Rows that the database has take more.
        var places = KnownProgress()
        for partition in 0..<10_000 { places.places[Int32(partition)] = Progress() }
        for number in 0..<100 { cache.keep(JobID(high: 1, low: UInt64(number)), places, partitions: [0]) }
        #expect((0..<100).count { cache.has(JobID(high: 1, low: UInt64($0))) } <= 30)
    }
}

@Suite struct OutageTests {
    @Test func toldOnceThenOnceAMinuteThenTheEnd() {
        var outage = Outage()
        let start = ContinuousClock.now
        #expect(outage.isBack(at: start) == nil)
        #expect(outage.isAway(at: start) == .began)
        #expect(outage.isAway(at: start + .seconds(59)) == nil)
        #expect(outage.isAway(at: start + .seconds(61)) == .lasts(.seconds(61)))
        #expect(outage.isAway(at: start + .seconds(119)) == nil)
        #expect(outage.isAway(at: start + .seconds(185)) == .lasts(.seconds(185)))
        #expect(outage.isBack(at: start + .seconds(190)) == .ended(after: .seconds(190)))
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
}

@Suite struct PositionCheckTests {
    struct Case: Sendable {
        var generation: Int32 = 2
        var nextOffset: Int64 = 10
        var isReplaced = false
        var before = PositionExpectation(generation: 2, offsets: [10], candidate: nil)
        var now = PositionExpectation(generation: 2, offsets: [10], candidate: nil)
        let decision: PositionCheck
    }

    private static let anchor = Anchor(offset: 9, hash: 5)
    private static let other = Anchor(offset: 12, hash: 6)

    private static func left(_ offsets: [Int64], _ candidate: Anchor? = nil, generation: Int32 = 2)
        -> PositionExpectation
    {
        PositionExpectation(generation: generation, offsets: offsets, candidate: candidate)
    }

    @Test(arguments: [
        Case(decision: .stands),
        Case(isReplaced: true, decision: .reload),
        Case(nextOffset: 11, decision: .reload),
        Case(generation: 3, decision: .reload),
        // Batches on their way may commit before or after the row is read.
        Case(nextOffset: 20, before: left([10, 20]), now: left([20]), decision: .stands),
        Case(nextOffset: 10, before: left([10, 20]), now: left([20, 30]), decision: .stands),
        Case(nextOffset: 30, before: left([10]), now: left([20, 30]), decision: .stands),
        Case(nextOffset: 25, before: left([10, 20]), now: left([20, 30]), decision: .reload),
        // Only a message taken before the look, and still the candidate, is proved by it.
        Case(before: left([10], anchor), now: left([10], anchor), decision: .promote(anchor)),
        Case(isReplaced: true, before: left([10], anchor), now: left([10], anchor), decision: .reload),
        Case(before: left([10]), now: left([10], anchor), decision: .stands),
        Case(before: left([10], anchor), now: left([10], other), decision: .stands),
        Case(before: left([10], generation: 1), now: left([10]), decision: .reload),
    ]) func decides(_ row: Case) {
        let position = Position(
            partition: 0, generation: row.generation, nextOffset: row.nextOffset, anchor: Self.anchor)
        #expect(
            PositionCheck.decide(position, isReplaced: row.isReplaced, before: row.before, now: row.now)
                == row.decision)
    }
}

@Suite struct PositionResolverTests {
    @Test(arguments: [
        (Int64(-1), Int64(0), Int64(0), Int64?.none),
        (-1, 7, 7, nil),
        (5, 0, 5, nil),
        (5, 5, 5, nil),
        (5, 8, 8, 5),
    ]) func readingBeginsAtThePositionOrTheLogsStart(next: Int64, low: Int64, start: Int64, expired: Int64?) {
        let position = Position(partition: 3, generation: 1, nextOffset: next, anchor: nil)
        let location = PositionResolver.location(position, (low, 100))
        #expect(location.next == start)
        #expect(location.expiredFrom == expired)
    }
}

@Suite struct BackpressureTests {
    private let start = ContinuousClock.now

    @Test func takesUntilHeldUpAndLetsGoAfterFiveSeconds() {
        var backpressure = Backpressure()
        func decide(_ isHeldUp: Bool, _ isBusy: Bool, _ seconds: Double) -> Backpressure.Decision {
            backpressure.decide(isHeldUp: isHeldUp, isBusy: isBusy, at: start + .seconds(seconds))
        }
        #expect(decide(false, true, 0) == .take)
        #expect(decide(true, true, 1) == .wait)
        #expect(decide(true, true, 6) == .wait)
        #expect(decide(true, true, 6.1) == .letGo)
        // Busy still: what ends it is a loader that is not.
        #expect(decide(false, true, 7) == .letGo)
        #expect(decide(false, false, 8) == .take)
        #expect(decide(true, true, 9) == .wait)
        #expect(decide(false, true, 10) == .take)
        #expect(decide(true, true, 14.1) == .letGo)
    }
}

@Suite struct StallTimerTests {
    private let start = ContinuousClock.now

    @Test func nothingMovedForTooLong() {
        var timer = StallTimer(limit: .seconds(3), now: start)
        for second in 1...3 { #expect(timer.exceeded(at: start + .seconds(second)) == nil) }
        timer.progressed()
        for second in 4...6 { #expect(timer.exceeded(at: start + .seconds(second)) == nil) }
        #expect(timer.exceeded(at: start + .seconds(7)) == .seconds(3))
    }

    /// SIGSTOP, a suspended laptop: whoever wakes has had no time to see progress.
    @Test func timeInWhichTheProcessWasStoppedDoesNotCount() {
        var timer = StallTimer(limit: .seconds(3), now: start)
        #expect(timer.exceeded(at: start + .seconds(1)) == nil)
        #expect(timer.exceeded(at: start + .seconds(3_600)) == nil)
        #expect(timer.exceeded(at: start + .seconds(3_601)) == .seconds(3))
    }

    @Test func withoutALimitItNeverEnds() {
        var timer = StallTimer(limit: nil, now: start)
        for second in 1...100 { #expect(timer.exceeded(at: start + .seconds(second)) == nil) }
    }
}

@Suite struct RunHistoryTests {
    @Test func whatItRemembersIsBoundedAndSaidOnce() {
        let history = RunHistory()
        let job = JobID(high: 0, low: 1)
        #expect(history.passOver(job))
        #expect(history.passOver(job) == false)
        #expect(history.tellsEnd(of: job))
        #expect(history.tellsEnd(of: job) == false)
        for number in 0..<(3 * RunHistory.limit) {
            let job = JobID(high: 1, low: UInt64(number))
            _ = history.passOver(job)
            _ = history.tellsEnd(of: job)
            history.touch(job)
        }
        #expect(history.passedOver.count <= RunHistory.limit)
        #expect(history.touched.count == RunHistory.limit)
        // More were touched than it can name: the summary must not be believed to be all.
        #expect(history.isIncomplete)
    }
}

@Suite struct SessionScheduleTests {
    private let start = ContinuousClock.now

    @Test func onlyAPositionThatMovedIsProgress() {
        var schedule = SessionSchedule(partitions: 1, now: start)
        func position(_ generation: Int32, _ next: Int64) -> Position {
            Position(partition: 0, generation: generation, nextOffset: next, anchor: nil)
        }
        #expect(schedule.moved(0, position(1, 5)) == true)
        #expect(schedule.moved(0, position(1, 5)) == false)
        #expect(schedule.moved(0, position(1, 4)) == true)
        #expect(schedule.moved(0, position(2, 4)) == true)
        #expect(schedule.moved(1, position(2, 4)) == true)
    }

    @Test func anEndThatIsNotTheLogsIsAnOpenTransactionAfterAWhile() {
        var schedule = SessionSchedule(partitions: 1, now: start)
        func tells(_ offset: Int64, _ milliseconds: Int) -> Bool {
            schedule.tellsOpenTransaction(0, at: offset, now: start + .milliseconds(milliseconds))
        }
        #expect(tells(10, 0) == false)
        #expect(tells(10, 499) == false)
        // Read on: what was appended meanwhile.
        #expect(tells(12, 500) == false)
        #expect(tells(12, 999) == false)
        #expect(tells(12, 1_000) == true)
        #expect(schedule.hasOpenTransaction)
        #expect(tells(12, 2_000) == false)
        schedule.isNotStuck(0)
        #expect(!schedule.hasOpenTransaction)
        #expect(tells(12, 3_000) == false)
        #expect(tells(12, 3_500) == true)
    }

    @Test func anchorsAreLookedAtEvery10SecondsAndSoonAfterAGap() {
        var schedule = SessionSchedule(partitions: 1, now: start)
        #expect(schedule.isCheckDue(at: start))
        schedule.checkStarted()
        #expect(!schedule.isCheckDue(at: start + .seconds(60)))
        schedule.checkEnded(at: start + .seconds(1))
        #expect(!schedule.isCheckDue(at: start + .milliseconds(10_999)))
        #expect(schedule.isCheckDue(at: start + .seconds(11)))
        schedule.gapSeen()
        #expect(!schedule.isCheckDue(at: start + .milliseconds(2_999)))
        #expect(schedule.isCheckDue(at: start + .seconds(3)))
    }

    @Test func partitionsAreAskedForEvery30SecondsAndOneAtATime() {
        var schedule = SessionSchedule(partitions: 4, now: start)
        #expect(!schedule.isPartitionsDue(at: start + .seconds(29)))
        #expect(schedule.isPartitionsDue(at: start + .seconds(30)))
        #expect(schedule.asksForPartitions() == true)
        #expect(schedule.asksForPartitions() == false)
        #expect(!schedule.isPartitionsDue(at: start + .seconds(60)))
        #expect(schedule.counted(6, at: start + .seconds(61)) == 4)
        #expect(schedule.partitions == 6)
        #expect(!schedule.isPartitionsDue(at: start + .seconds(90)))
        #expect(schedule.isPartitionsDue(at: start + .seconds(91)))
        // Gone: it may be created again at any moment.
        #expect(schedule.counted(0, at: start + .seconds(92)) == 6)
        #expect(schedule.isPartitionsDue(at: start + .seconds(93)))
        // No answer changes nothing.
        #expect(schedule.counted(nil, at: start + .seconds(94)) == 0)
        // Back with fewer: those it had are still to be removed.
        #expect(schedule.counted(1, at: start + .seconds(95)) == 0)
        #expect(schedule.mostPartitions == 6)
    }

    /// The ends of a thousand jobs come in many batches: they are asked for together, and at once when all is loaded.
    @Test func jobsThatMayHaveEndedAreAskedForTogether() {
        var schedule = SessionSchedule(partitions: 1, now: start)
        let jobs = (1...4).map { JobID(high: 1, low: $0) }
        #expect(schedule.endsDue(isSettled: true, at: start) == nil && !schedule.awaitsEnds)
        schedule.mayHaveEnded([jobs[0]])
        #expect(schedule.endsDue(isSettled: false, at: start) == [jobs[0]])
        schedule.mayHaveEnded([jobs[1], jobs[2]])
        schedule.mayHaveEnded([jobs[2]])
        #expect(schedule.endsDue(isSettled: true, at: start + .seconds(5)) == nil, "one question at a time")
        schedule.endsLookEnded(at: start + .seconds(5))
        #expect(schedule.endsDue(isSettled: false, at: start + .seconds(5.9)) == nil)
        #expect(schedule.awaitsEnds)
        #expect(schedule.endsDue(isSettled: false, at: start + .seconds(6)).map(Set.init) == [jobs[1], jobs[2]])
        #expect(schedule.awaitsEnds)
        schedule.endsLookEnded(at: start + .seconds(6))
        #expect(!schedule.awaitsEnds)
        schedule.mayHaveEnded([jobs[3]])
        #expect(schedule.endsDue(isSettled: true, at: start + .seconds(6)) == [jobs[3]])
    }

    @Test func theGroupMayKnowOfMorePartitionsFirst() {
        var schedule = SessionSchedule(partitions: 1, now: start)
        schedule.assigned([0, 1, 2, 3])
        #expect(schedule.partitions == 4)
    }
}
