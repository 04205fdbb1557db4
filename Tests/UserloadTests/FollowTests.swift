// Following jobs to their end, with a clock that tests move.

import Records
import Testing

@testable import Pipeline
@testable import userload

@Suite struct FollowTests {
    /// The looks in order (the last one lasts), and how many were taken. A look costs a quarter of a second.
    private func follow(
        _ looks: [FollowLook], count: Int = 1, timeout: Duration? = nil, stopAfter: Int = .max,
        isIdle: Bool = true, awaitsMarkers: Bool = false
    ) throws -> (FollowEnd, looks: Int) {
        var taken = 0
        var time = 0.0
        var follower = Follower(
            count: count, timeout: timeout, shouldStop: { taken >= stopAfter }, awaitsMarkers: awaitsMarkers,
            isIdle: { isIdle })
        follower.now = { time }
        follower.sleep = { _ in time += 0.25 }
        let end = try follower.follow {
            taken += 1
            return looks[min(taken, looks.count) - 1]
        } show: { _, _ in
        }
        return (end, taken)
    }

    private func follow(
        _ looks: [[JobStatus]], count: Int = 1, timeout: Duration? = nil, stopAfter: Int = .max
    ) throws -> (FollowEnd, looks: Int) {
        try follow(
            looks.map { FollowLook(jobs: $0, unplaced: Set($0.map(\.id))) }, count: count, timeout: timeout,
            stopAfter: stopAfter)
    }

    @Test func completedEndsIt() throws {
        #expect(try follow([[openJob()], [openJob()], [sampleJob()]]) == (.ended, 3))
    }

    @Test func aJobTheDatabaseDoesNotKnowYetIsWaitedFor() throws {
        #expect(try follow([[], [sampleJob()]]) == (.ended, 2))
        #expect(try follow([[sampleJob()], [sampleJob(), sampleJob()]], count: 2) == (.ended, 2))
    }

    /// 10 s are 40 looks after the one that saw the last change.
    @Test(arguments: [
        openJob(state: .stalled, reason: .gap), openJob(state: .stalled, reason: .key),
        openJob(state: .stalled, reason: .version), openJob(state: .inconsistent, reason: .content),
        openJob(state: .abandoned), openJob(state: .interrupted),
    ])
    func anotherStateIsAnEndAfter10SecondsOfQuiet(job: JobStatus) throws {
        #expect(try follow([[job]]) == (.ended, 41))
        #expect(try follow([[openJob()], [openJob()], [job]]) == (.ended, 43))
    }

    /// What still comes of it is dropped: nothing can change it.
    @Test func aJobThatIsUndoneEndsItAtOnce() throws {
        let job = openJob(state: .undone)
        #expect(try follow([[job]]) == (.ended, 1))
        #expect(try follow([FollowLook(jobs: [job], sent: [job.id])], awaitsMarkers: true) == (.ended, 1))
    }

    /// A load of what was pushed before ends when its markers are read, or when nothing moves any more.
    @Test func whatIsCompletedAlreadyIsEndedOnceItsMarkersAreRead() throws {
        let job = sampleJob()
        let unread = FollowLook(jobs: [job], sent: [job.id])
        let read = FollowLook(jobs: [job], passed: [job.id], sent: [job.id], movement: 1)
        #expect(try follow([unread, unread, read], awaitsMarkers: true) == (.ended, 3))
        #expect(try follow([unread], awaitsMarkers: true) == (.ended, 41))
        #expect(try follow([unread]) == (.ended, 1))
        #expect(try follow([FollowLook(jobs: [job])], awaitsMarkers: true) == (.ended, 1))
    }

    /// Of a run the others may still come; then nothing moves any more.
    @Test func theJobsOfARunThatComeMeanwhile() throws {
        let other = sampleJob(id: JobID(high: 9, low: 9))
        let looks = [
            FollowLook(jobs: [sampleJob()], missing: 1), FollowLook(jobs: [sampleJob(), other], movement: 1, more: 1),
        ]
        #expect(try follow(looks) == (.ended, 2))
        #expect(try follow([FollowLook(jobs: [sampleJob()], missing: 1)]) == (.ended, 41))
        #expect(try follow([FollowLook(jobs: [sampleJob()], more: 1)], stopAfter: 9) == (.interrupted, 9))
    }

    /// `load --resend`: until this run's end markers are passed, the state is that of an earlier run.
    @Test func aStateFromBeforeThisRunIsNoEnd() throws {
        let job = openJob(state: .stalled, reason: .gap)
        let before = FollowLook(jobs: [job], movement: 7)
        #expect(try follow([before], stopAfter: 400) == (.interrupted, 400))
        let passed = FollowLook(jobs: [job], passed: [job.id], movement: 9)
        #expect(try follow([before, before, passed]) == (.ended, 43))
    }

    @Test func whatIsStillReadMayChangeTheState() throws {
        let job = openJob(state: .stalled, reason: .gap)
        let looks = (0..<100).map { FollowLook(jobs: [job], passed: [job.id], movement: Int64($0)) }
        #expect(try follow(looks) == (.ended, 140))
        let unplaced = FollowLook(jobs: [job], unplaced: [job.id])
        #expect(try follow([unplaced], stopAfter: 400, isIdle: false) == (.interrupted, 400))
    }

    @Test func endMarkersArePassedInEveryPartitionOfTheSameLog() {
        let job = openJob()
        var watch = EndMarkerWatch([job.id: EndOffsets(cluster: "c", topic: "t", offsets: [10, 20])])
        func look(_ positions: [(generation: Int32, next: Int64)]) -> FollowLook {
            watch.look([job], [job.id]) { _ in
                positions.enumerated().map {
                    Position(partition: Int32($0), generation: $1.generation, nextOffset: $1.next, anchor: nil)
                }
            }
        }
        #expect(look([]).passed.isEmpty)
        #expect(look([(1, 11)]).passed.isEmpty)
        #expect(look([(1, 11), (1, 20)]).passed.isEmpty)
        #expect(look([(1, 11), (1, 21)]).passed == [job.id])
        let again = look([(1, 11), (2, 21)])
        #expect(again.passed.isEmpty)
        #expect(again.unplaced == [job.id])
        #expect(watch.look([], [JobID.foreign], read: { _ in [] }).unplaced == [JobID.foreign])
    }

    /// A thousand jobs: what is completed is not asked for again, and is told all the same.
    @Test func completedJobsAreAskedForOnce() {
        let ids = (1...3).map { JobID(high: 1, low: $0) }
        let done = sampleJob(id: ids[1])
        let open = openJob(id: ids[0])
        var jobs = FollowedJobs(ids)
        var asked: [[JobID]] = []
        func look(_ answer: [JobStatus]) -> [JobStatus] {
            jobs.look {
                asked.append($0)
                return answer
            }
        }
        #expect(look([]) == [])
        #expect(look([done, open]) == [open, done])
        #expect(jobs.open == [ids[0], ids[2]])
        #expect(look([open]) == [open, done])
        #expect(look([sampleJob(id: ids[2]), sampleJob(id: ids[0])]).map(\.id) == ids)
        #expect(jobs.open == [])
        #expect(asked == [ids, ids, [ids[0], ids[2]], [ids[0], ids[2]]])
    }

    /// A look that costs much is followed by a longer pause.
    @Test func aLookThatCostsMuchIsRarer() throws {
        var time = 0.0
        var pauses: [Double] = []
        var follower = Follower(count: 1, timeout: nil, shouldStop: { pauses.count == 3 })
        follower.now = { time }
        follower.sleep = { pauses.append($0) }
        let costs = [0, 0.3, 5]
        _ = try follower.follow {
            time += costs[min(pauses.count, 2)]
            return FollowLook(jobs: [openJob()], movement: Int64(pauses.count))
        } show: { _, _ in
        }
        #expect(pauses == [0.01, 0.3, 1])
    }

    @Test func theTimeoutIsLookedAtAfterTheJobs() throws {
        #expect(try follow([[openJob()]], timeout: .seconds(1)) == (.timedOut, 5))
        #expect(try follow([[sampleJob()]], timeout: .zero) == (.ended, 1))
    }

    @Test func itEndsWhenNothingChangesForTooLong() throws {
        var time = 0.0
        var follower = Follower(count: 1, timeout: nil, stall: .seconds(2), shouldStop: { false })
        follower.now = { time }
        follower.sleep = { _ in time += 0.5 }
        var looks = 0
        let end = try follower.follow {
            looks += 1
            return FollowLook(jobs: [looks < 4 ? openJob(state: .pending) : openJob()])
        } show: { _, _ in
        }
        #expect(end == .timedOut)
        // The state changed at 1.5 s.
        #expect(time == 3.5)
    }

    @Test func whoeverStopsItStopsIt() throws {
        #expect(try follow([[openJob()]], stopAfter: 2) == (.interrupted, 2))
    }

    @Test(arguments: [
        ([], ExitCode.done), ([sampleJob(rejected: 0)], .done),
        ([sampleJob(), sampleJob(rejected: 0)], .doneWithRejects),
        ([sampleJob(), sampleJob(state: .abandoned, rejected: 0)], .incomplete), ([openJob()], .incomplete),
    ])
    func exitCodes(jobs: [JobStatus], code: ExitCode) { #expect(exitCode(of: jobs) == code) }

    @Test func progressLines() {
        #expect(
            progressLine([openJob()], since: [], seconds: 10, now: sampleNow)
                == "people.csv 42 %, 3,100,000 lines, 310,000/s")
        #expect(
            progressLine([openJob(), sampleJob(), openJob()], since: [], seconds: 0, now: sampleNow)
                == "1 of 3 jobs ended, 7,200,000 lines")
    }
}
