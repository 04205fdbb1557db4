// The producer session with several jobs, decision by decision.

import Kafka
import Pipeline
import Records
import Testing

@Suite struct ProducerSessionGroupTests {
    private func places(_ driver: Driver, _ look: ProducerSession.LogLook) -> [[Int]] {
        driver.session.positions(for: look).map {
            [$0.job, $0.partition, Int($0.position.seq), Int($0.position.offset)]
        }
    }

    /// Start markers stand alone once; the proof looks for the outermost messages of each partition, whichever job's.
    @Test func aWholeGroup() {
        var driver = Driver(claims: [.nothing, .nothing], journal: [])
        driver.open([3, 5])
        #expect(driver.next() == .read)
        driver.append(0, 1)
        driver.append(1, 1)
        for partition in [0, 1] as [Int32] {
            driver.append(partition, 0, job: 1)
            driver.append(partition, 1, job: 1)
        }
        #expect(driver.transmitAll() == [0, 1, 2, 3, 4, 5])
        driver.session.inputEnded()
        driver.report(0, 4)
        driver.report(2, 6)
        driver.report(3, 7)
        #expect(driver.window.firstJob == 0)
        driver.report(1, 6)
        #expect(driver.window.firstJob == 1)
        #expect(driver.window.settledPosition(of: 0, reached: 70) == 70)
        #expect(driver.next() == .wait)
        driver.report(4, 7)
        driver.report(5, 8)
        #expect(driver.next() == .verify(.firstAndLast))
        #expect(places(driver, .firstAndLast) == [[0, 0, 0, 3], [1, 0, 1, 7], [0, 1, 0, 5], [1, 1, 1, 8]])
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.next() == .done)
    }

    /// The offsets of one job's messages grow, but not beyond those of the job before: the topic was made anew between them.
    @Test(arguments: [0, 3, 9]) func offsetsThatFallFromJobToJobStartOver(offset: Int64) {
        var driver = Driver(claims: [.nothing, .nothing], journal: [])
        driver.open([5, 5])
        #expect(driver.next() == .read)
        for seq in 1...4 { driver.append(0, UInt64(seq)) }
        driver.append(0, 0, job: 1)
        _ = driver.transmitAll()
        for number in 0...3 { driver.report(number, 6 + Int64(number)) }
        driver.report(4, offset)
        driver.close()
        driver.open([1, 0])
        #expect(driver.next() == .startOver)
        #expect(driver.window.isEmpty)
        #expect(driver.window.acknowledged == [range((0, 1), (0, 1)), range((0, 0), (0, 0)), nil, nil])
    }

    /// Reports of one partition may come in any order.
    @Test func reportsInAnyOrderAreOfTheSameLog() {
        var driver = Driver(claims: [.nothing, .nothing], journal: [])
        driver.open()
        driver.append(0, 1)
        driver.append(0, 0, job: 1)
        driver.append(0, 1, job: 1)
        _ = driver.transmitAll()
        driver.session.inputEnded()
        driver.report(2, 3)
        driver.report(0, 1)
        #expect(driver.next() == .wait)
        driver.report(1, 2)
        #expect(driver.next() == .verify(.firstAndLast))
    }

    /// What failed is sent again, of whichever job; what another job has acknowledged behind it is not.
    @Test func goesBackAcrossJobs() {
        var driver = Driver(claims: [.nothing, .nothing, .nothing], journal: [])
        driver.open([0, 0])
        #expect(driver.next() == .read)
        driver.append(0, 1)
        driver.append(0, 2)
        driver.append(0, 0, job: 1)
        driver.append(0, 1, job: 1)
        driver.append(1, 0, job: 1)
        driver.append(0, 0, job: 2)
        #expect(driver.transmitAll() == [0, 1, 2, 3, 4, 5])
        driver.report(0, 1)
        driver.report(1, -1, error: .timedOut)
        // Delivered all the same.
        driver.report(2, 2)
        driver.report(4, 1)
        driver.report(5, 4)
        driver.close()
        driver.open([9, 9])
        #expect(driver.next() == .verify(.last))
        #expect(places(driver, .last) == [[2, 0, 0, 4], [1, 1, 0, 1]])
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.transmitAll() == [1, 3])
        driver.session.inputEnded()
        driver.report(1, 10)
        driver.report(3, 11)
        #expect(driver.next() == .verify(.firstAndLast))
        #expect(places(driver, .firstAndLast) == [[0, 0, 0, 0], [1, 0, 1, 11], [0, 1, 0, 0], [1, 1, 0, 1]])
    }

    /// A message sent again stands behind all that the session before had acknowledged, whichever job's that was.
    @Test func aLaterSessionInAnotherLogStartsOver() {
        var driver = Driver(claims: [.nothing, .nothing], journal: [])
        driver.open([0, 0])
        #expect(driver.next() == .read)
        driver.append(0, 1)
        driver.append(0, 0, job: 1)
        _ = driver.transmitAll()
        driver.report(0, -1, error: .timedOut)
        driver.report(1, 7)
        driver.close()
        driver.open([7, 1])
        #expect(driver.next() == .verify(.last))
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.next() == .startOver)
    }

    // MARK: The journal's claims

    private static let pushed = [range((0, 0), (3, 3)), range((0, 0), (1, 1))]
    private static let halfPushed = [range((0, 10), (7, 17)), range((0, 4), (2, 6))]

    /// Each claim is looked for by itself, for each job may have gone into another log. What was pushed is not part of the proof.
    @Test func eachClaimIsLookedFor() {
        var driver = Driver(
            claims: [.nothing, .pushed, .open], journal: [nil, nil] + Self.pushed + Self.halfPushed)
        driver.open([20, 20])
        #expect(driver.next() == .verify(.firstAndLast))
        #expect(
            places(driver, .firstAndLast) == [
                [1, 0, 0, 0], [1, 0, 3, 3], [1, 1, 0, 0], [1, 1, 1, 1],
                [2, 0, 7, 17], [2, 1, 2, 6], [0, 0, 0, 20], [0, 1, 0, 20],
            ])
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.next() == .read)
        driver.append(0, 1)
        driver.append(0, 0, job: 1)
        #expect(driver.transmitAll() == [0, 1])
        driver.session.inputEnded()
        driver.report(0, 21)
        driver.report(1, 22)
        #expect(driver.next() == .verify(.firstAndLast))
        #expect(places(driver, .firstAndLast) == [[2, 0, 0, 10], [0, 0, 1, 21], [2, 1, 0, 4], [0, 1, 0, 20]])
        #expect(driver.session.claims == [.nothing, .pushed, .open])
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.next() == .done)
    }

    @Test(arguments: [ProducerSession.LogEvidence.another, .unreadable]) func noneIsBelievedWhereOneIsNot(
        verdict: ProducerSession.LogEvidence
    ) {
        var driver = Driver(claims: [.pushed, .pushed, .nothing], journal: Self.pushed + Self.pushed)
        driver.open([20, 20])
        driver.session.verified(verdict, now: driver.now)
        #expect(driver.session.claims == [.nothing, .nothing, .nothing])
        #expect(
            driver.window.acknowledged == [range((0, 20), (0, 20)), range((0, 20), (0, 20)), nil, nil, nil, nil])
        #expect(driver.next() == .read)
    }

    /// Another job's place is enough to tell that a start marker stands in another log.
    @Test func aClaimAgainstTheOffsetsOfAnotherJobIsForgotten() {
        var driver = Driver(claims: [.nothing, .open], journal: [nil, nil] + Self.halfPushed)
        driver.open([17, 20])
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.session.claims == [.nothing, .nothing])
        #expect(driver.window.acknowledged[2] == nil)
    }

    @Test func whatExpiredOfOpenJobsIsSentAgain() {
        var driver = Driver(
            claims: [.open, .open, .pushed], journal: Self.halfPushed + Self.halfPushed + Self.pushed)
        driver.open([20, 20])
        driver.session.verified(.expired([1, 2, 4, 5]), now: driver.now)
        #expect(
            driver.window.acknowledged == [
                Self.halfPushed[0], range((0, 20), (0, 20)), nil, Self.halfPushed[1],
            ] + Self.pushed)
        #expect(driver.session.claims == [.open, .open, .pushed])
        #expect(driver.next() == .read)
    }

    /// As many markers as the window has room for, then the next ones; no proof, for all of it was looked for.
    @Test func pushedJobsGetTheirMarkersAgain() {
        var driver = Driver(claims: [.pushed, .pushed], journal: Self.pushed + Self.pushed, messages: 2)
        driver.open([20, 20])
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.next() == .repeatEnd)
        driver.append(0, 3)
        driver.append(1, 1)
        #expect(driver.transmitAll() == [0, 1])
        #expect(driver.next() == .wait)
        driver.report(0, 21)
        driver.report(1, 21)
        #expect(driver.next() == .repeatEnd)
        driver.append(0, 0, job: 1)
        driver.append(0, 3, job: 1)
        #expect(driver.transmitAll() == [2, 3])
        driver.session.inputEnded()
        driver.report(2, 22)
        driver.report(3, 23)
        #expect(driver.next() == .done)
        #expect(driver.window.acknowledged == Self.pushed + Self.pushed)
    }

    /// The topic was made anew while a group with pushed jobs was sent: these are sent again, too.
    @Test func pushedJobsOfALostLogAreSentAgain() {
        var driver = Driver(claims: [.pushed, .nothing], journal: Self.pushed)
        driver.open([20, 20])
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.next() == .read)
        driver.append(0, 0, job: 1)
        _ = driver.transmitAll()
        driver.report(0, -1, error: .unknownPartition)
        driver.close()
        driver.open([0, 0])
        #expect(driver.next() == .verify(.last))
        driver.session.verified(.another, now: driver.now)
        #expect(driver.next() == .startOver)
        #expect(driver.session.claims == [.nothing, .nothing])
    }
}
