// Following jobs to their end, with a clock that tests move.

import Records
import Testing

@testable import Pipeline
@testable import userload

@Suite struct FollowTests {
    /// The looks in order (the last one lasts), and how many were taken.
    private func follow(
        _ looks: [[JobStatus]], count: Int = 1, timeout: Duration? = nil, stopAfter: Int = .max
    ) throws -> (FollowEnd, looks: Int) {
        var taken = 0
        var time = 0.0
        var follower = Follower(count: count, timeout: timeout, shouldStop: { taken >= stopAfter })
        follower.now = { time }
        follower.sleep = { time += Follower.interval }
        let end = try follower.follow {
            taken += 1
            return looks[min(taken, looks.count) - 1]
        } show: { _, _ in
        }
        return (end, taken)
    }

    @Test func completedEndsIt() throws {
        #expect(try follow([[openJob()], [openJob()], [sampleJob()]]) == (.ended, 3))
    }

    @Test func aJobTheDatabaseDoesNotKnowYetIsWaitedFor() throws {
        #expect(try follow([[], [sampleJob()]]) == (.ended, 2))
        #expect(try follow([[sampleJob()], [sampleJob(), sampleJob()]], count: 2) == (.ended, 2))
    }

    @Test func aYoungGapMayCloseAnOldOneDoesNot() throws {
        let young = openJob(state: .stalled, reason: .gap, lastRecordAge: 5)
        let old = openJob(state: .stalled, reason: .gap, lastRecordAge: 11)
        #expect(try follow([[young], [old]]) == (.ended, 2))
    }

    @Test(arguments: [JobReason.key, .mode, .version])
    func whatIsPassedOverStaysSo(reason: JobReason) throws {
        #expect(try follow([[openJob(state: .stalled, reason: reason)]]) == (.ended, 1))
    }

    @Test func theTimeoutIsLookedAtAfterTheJobs() throws {
        #expect(try follow([[openJob()]], timeout: .seconds(1)) == (.timedOut, 5))
        #expect(try follow([[sampleJob()]], timeout: .zero) == (.ended, 1))
    }

    @Test func itEndsWhenNothingChangesForTooLong() throws {
        var time = 0.0
        var follower = Follower(count: 1, timeout: nil, stall: .seconds(2), shouldStop: { false })
        follower.now = { time }
        follower.sleep = { time += 0.5 }
        var looks = 0
        let end = try follower.follow {
            looks += 1
            return [looks < 4 ? openJob(state: .pending) : openJob()]
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
