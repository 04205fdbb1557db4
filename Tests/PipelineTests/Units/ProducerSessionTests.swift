// The producer session, decision by decision.

import Kafka
import Pipeline
import Records
import Testing

@Suite struct ProducerSessionTests {
    @Test func startMarkersGoAlone() {
        var driver = Driver()
        #expect(driver.next() == .open)
        driver.session.opened()
        #expect(driver.next() == .sendStartMarkers)
        #expect(driver.next() == .wait)
        driver.acknowledgeStart(1, 5)
        #expect(driver.next() == .wait)
        #expect(!driver.session.startMarkersAreAcknowledged)
        driver.acknowledgeStart(0, 3)
        #expect(driver.session.startMarkersAreAcknowledged)
        #expect(driver.next() == .read)
        #expect(driver.window.acknowledged == [range((0, 3), (0, 3)), range((0, 5), (0, 5))])
    }

    @Test func aWholeJob() {
        var driver = Driver()
        driver.open([3, 5])
        driver.append(0, 1)
        #expect(driver.next() == .transmit(0))
        #expect(driver.next() == .transmit(0), "the producer's queue was full")
        driver.session.transmitted()
        driver.append(1, 1)
        #expect(driver.transmitAll() == [1])
        driver.session.inputEnded()
        #expect(driver.next() == .wait)
        driver.report(1, 6)
        driver.report(0, 4)
        #expect(driver.next() == .verify(.firstAndLast))
        let positions = driver.session.positions(for: .firstAndLast)
        #expect(positions.map(\.partition) == [0, 0, 1, 1])
        #expect(positions.map(\.position.offset) == [3, 4, 5, 6])
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.next() == .done)
    }

    enum Failure: CaseIterable { case error, noOffset, call, fatal }

    /// After a failure in partition 0, what it delivered behind it is sent again; what stands before it is not.
    @Test(arguments: Failure.allCases) func anyOtherReportEndsTheSession(failure: Failure) {
        var driver = Driver()
        driver.open()
        for seq in 1...4 { driver.append(0, UInt64(seq)) }
        driver.append(1, 1)
        #expect(driver.transmitAll() == [0, 1, 2, 3, 4])
        driver.report(0, 1)
        switch failure {
        case .error: driver.report(1, 2, error: .messageTooLarge)
        case .noOffset: driver.report(1, -1)
        case .call: driver.session.failed(KafkaError(code: .unknownPartition), now: driver.now)
        case .fatal: driver.session.noticed(KafkaError(code: .fatal, isFatal: true), now: driver.now)
        }
        driver.report(2, 3)
        driver.report(4, 1)
        driver.close()
        driver.open([9, 9])
        #expect(driver.next() == .verify(.last))
        #expect(
            driver.session.positions(for: .last).map(\.position) == [
                LogPosition(seq: 1, offset: 1), LogPosition(seq: 1, offset: 1),
            ])
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.transmitAll() == [1, 2, 3])
    }

    @Test func reportsOfAnEarlierSessionDoNotCount() {
        var driver = Driver()
        driver.open()
        driver.append(0, 1)
        _ = driver.transmitAll()
        let old = driver.session.token(message: 0)
        driver.session.failed(KafkaError(code: .state), now: driver.now)
        driver.close()
        driver.open([9, 9])
        driver.session.reported(old, offset: 10, error: nil, now: driver.now)
        #expect(driver.window.acknowledged[0]?.last.seq == 0)
    }

    @Test func nothingAcknowledgedForTheTimeoutStops() {
        var driver = Driver()
        driver.open()
        driver.append(0, 1)
        _ = driver.transmitAll()
        driver.session.inputEnded()
        driver.now = .seconds(59)
        #expect(driver.next() == .wait)
        driver.session.noticed(KafkaError(code: .allBrokersDown), now: driver.now)
        driver.now = .seconds(60)
        #expect(driver.next() == .stop(.stalled(KafkaError(code: .allBrokersDown))))
    }

    /// Every session repeats its start markers and its look: where nothing else is acknowledged, the timeout still ends it.
    @Test(arguments: [false, true]) func whatEverySessionRepeatsDoesNotPutOffTheTimeout(looksSucceed: Bool) {
        var driver = Driver()
        driver.open()
        driver.append(0, 1)
        driver.append(0, 2)
        #expect(driver.transmitAll() == [0, 1])
        driver.report(0, 1)
        var sessions = 1
        var action = driver.next()
        while sessions < 100 {
            driver.now += .seconds(10)
            driver.session.failed(KafkaError(code: .timedOut), now: driver.now)
            #expect(driver.next() == .close)
            driver.session.closed(now: driver.now)
            action = driver.next()
            if case .rest(let end) = action {
                driver.now = end
                action = driver.next()
            }
            guard action == .open else { break }
            sessions += 1
            driver.open([Int64(10 * sessions), Int64(10 * sessions)])
            #expect(driver.next() == .verify(.last))
            guard looksSucceed else { continue }
            driver.session.verified(.believed, now: driver.now)
            #expect(driver.transmitAll() == [1])
        }
        #expect(action == .stop(.stalled(KafkaError(code: .timedOut))))
        #expect((4...8).contains(sessions))
    }

    @Test func aSessionAfterOneThatSettledMoreBeginsTheTimeoutAgain() {
        var driver = Driver()
        driver.open()
        driver.append(0, 1)
        driver.append(0, 2)
        #expect(driver.transmitAll() == [0, 1])
        driver.session.inputEnded()
        driver.report(0, 1)
        driver.now = .seconds(50)
        driver.report(1, -1, error: .timedOut)
        driver.close()
        driver.open([9, 9])
        driver.session.failed(KafkaError(code: .timedOut), now: driver.now)
        #expect(driver.next() == .close)
        driver.now = .seconds(100)
        driver.session.closed(now: driver.now)
        guard case .rest = driver.next() else {
            Issue.record("the start markers behind a new acknowledgement did not count")
            return
        }
    }

    @Test func aProducerWithoutRoomIsAStallToo() {
        var driver = Driver()
        driver.open()
        driver.append(0, 1)
        driver.append(0, 2)
        #expect(driver.next() == .transmit(0))
        driver.session.transmitted()
        #expect(driver.next() == .transmit(1))
        driver.session.heldUp()
        driver.now = .seconds(59)
        #expect(driver.next() == .transmit(1))
        driver.session.heldUp()
        driver.now = .seconds(60)
        #expect(driver.next() == .stop(.stalled(nil)))
    }

    @Test func slowInputIsNoStall() {
        var driver = Driver()
        driver.open()
        #expect(driver.next() == .read)
        driver.now = .seconds(3600)
        #expect(driver.next() == .read)
        driver.append(0, 1)
        _ = driver.transmitAll()
        driver.session.inputEnded()
        #expect(driver.next() == .wait)
    }

    @Test func triesAreBounded() {
        var driver = Driver()
        for _ in 1..<ProducerSession.tries {
            #expect(driver.next() == .open)
            driver.session.failed(KafkaError(code: .messageTooLarge), now: driver.now)
            driver.close()
        }
        #expect(driver.next() == .open)
        driver.session.failed(KafkaError(code: .messageTooLarge), now: driver.now)
        #expect(driver.next() == .close)
        driver.session.closed(now: driver.now)
        #expect(driver.next() == .stop(.failed(KafkaError(code: .messageTooLarge))))
    }

    @Test func aBrokerThatIsAwayIsTriedUntilTheTimeout() {
        var driver = Driver()
        var tries = 0
        while driver.next() == .open {
            tries += 1
            driver.session.failed(KafkaError(code: .transport), now: driver.now)
            driver.close()
        }
        #expect(tries > ProducerSession.tries)
        #expect(driver.next() == .stop(.stalled(KafkaError(code: .transport))))
    }

    @Test(arguments: [KafkaErrorCode.authentication, .topicAuthorizationFailed, .clusterAuthorizationFailed])
    func rightsAreFatalAtOnce(code: KafkaErrorCode) {
        var driver = Driver()
        driver.open()
        driver.append(0, 1)
        _ = driver.transmitAll()
        driver.report(0, -1, error: code)
        #expect(driver.next() == .stop(.failed(KafkaError(code: code))))
    }

    // MARK: The journal's claims

    private static let open = [range((0, 0), (7, 7)), nil]
    private static let pushed = [range((0, 0), (3, 3)), range((0, 0), (1, 1))]

    @Test func aClaimIsLookedForFirst() {
        var driver = Driver(claim: .open, journal: Self.open)
        driver.open([10, 4])
        #expect(driver.next() == .verify(.last))
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.window.acknowledged == [range((0, 0), (7, 7)), range((0, 4), (0, 4))])
        #expect(driver.next() == .read)
    }

    @Test(arguments: [ProducerSession.LogEvidence.another, .unreadable]) func aClaimNotBelievedIsForgotten(
        verdict: ProducerSession.LogEvidence
    ) {
        var driver = Driver(claim: .open, journal: Self.open)
        driver.open([10, 4])
        driver.session.verified(verdict, now: driver.now)
        #expect(driver.window.acknowledged == [range((0, 10), (0, 10)), range((0, 4), (0, 4))])
        #expect(driver.next() == .read)
    }

    @Test func whatExpiredOfAnOpenJobIsSentAgain() {
        var driver = Driver(claim: .open, journal: [range((0, 0), (7, 7)), range((0, 0), (5, 5))])
        driver.open([10, 14])
        driver.session.verified(.expired([0]), now: driver.now)
        #expect(driver.window.acknowledged == [range((0, 10), (0, 10)), range((0, 0), (5, 5))])
    }

    /// A start marker cannot stand before what was acknowledged earlier.
    @Test func aClaimAgainstTheOffsetsIsForgotten() {
        var driver = Driver(claim: .open, journal: Self.open)
        driver.open([7, 4])
        driver.session.verified(.believed, now: driver.now)
        #expect(driver.window.acknowledged[0] == range((0, 7), (0, 7)))
    }

    @Test(arguments: [ProducerSession.LogEvidence.believed, .expired([0, 1])]) func aPushedJobGetsItsEndAgain(
        verdict: ProducerSession.LogEvidence
    ) {
        var driver = Driver(claim: .pushed, journal: Self.pushed)
        driver.open([10, 10])
        #expect(driver.next() == .verify(.firstAndLast))
        driver.session.verified(verdict, now: driver.now)
        #expect(driver.next() == .repeatEnd)
        driver.append(0, 3)
        driver.append(1, 1)
        driver.session.inputEnded()
        #expect(driver.transmitAll() == [0, 1])
        driver.report(0, 11)
        #expect(driver.next() == .wait)
        driver.report(1, 11)
        #expect(driver.next() == .done)
        #expect(driver.window.acknowledged == Self.pushed)
        #expect(driver.session.claims == [.pushed])
    }

    @Test func aPushedJobOfAnotherLogIsSentAgain() {
        var driver = Driver(claim: .pushed, journal: Self.pushed)
        driver.open([10, 10])
        driver.session.verified(.another, now: driver.now)
        #expect(driver.session.claims == [.nothing])
        #expect(driver.next() == .read)
    }

    /// The end was being repeated when the topic was made anew.
    @Test func aPushedJobLostMeanwhileIsSentAgain() {
        var driver = Driver(claim: .pushed, journal: Self.pushed)
        driver.open([10, 10])
        driver.session.verified(.believed, now: driver.now)
        driver.append(0, 3)
        driver.append(1, 1)
        driver.session.inputEnded()
        _ = driver.transmitAll()
        driver.report(0, -1, error: .unknownPartition)
        driver.close()
        driver.open([0, 0])
        driver.session.verified(.another, now: driver.now)
        #expect(driver.window.isEmpty)
        #expect(driver.next() == .read)
    }

    // MARK: Another log

    private func untilTheEnd(_ driver: inout Driver) {
        driver.open()
        #expect(driver.next() == .read)
        driver.append(0, 1)
        _ = driver.transmitAll()
        driver.report(0, 1)
        driver.session.inputEnded()
        #expect(driver.next() == .verify(.firstAndLast))
    }

    @Test func aTopicMadeAnewGetsTheWholeFile() {
        var driver = Driver()
        untilTheEnd(&driver)
        driver.session.verified(.another, now: driver.now)
        driver.close()
        driver.open([0, 0])
        #expect(driver.next() == .startOver)
        #expect(driver.window.acknowledged == [range((0, 0), (0, 0)), range((0, 0), (0, 0))])
        #expect(driver.next() == .read)
    }

    @Test func aStreamIsLostWithItsTopic() {
        var driver = Driver(isRewindable: false)
        untilTheEnd(&driver)
        driver.session.verified(.another, now: driver.now)
        #expect(driver.next() == .stop(.lost(isReadable: true)))
    }

    @Test func aStreamIsLostWhenNobodyMayLook() {
        var driver = Driver(isRewindable: false)
        driver.open()
        #expect(driver.next() == .read)
        driver.append(0, 1)
        _ = driver.transmitAll()
        driver.report(0, -1, error: .unknownPartition)
        driver.close()
        driver.open([5, 5])
        driver.session.verified(.unreadable, now: driver.now)
        #expect(driver.next() == .stop(.lost(isReadable: false)))
    }

    @Test(arguments: [ProducerSession.LogEvidence.unreadable, .expired([0])]) func theLastLookMayFindNothing(
        verdict: ProducerSession.LogEvidence
    ) {
        var driver = Driver()
        untilTheEnd(&driver)
        driver.session.verified(verdict, now: driver.now)
        #expect(driver.next() == .done)
    }

    @Test func offsetsThatFallStartOver() {
        var driver = Driver()
        driver.open([5, 5])
        #expect(driver.next() == .read)
        driver.append(0, 1)
        _ = driver.transmitAll()
        driver.report(0, 0)
        driver.close()
        driver.open([1, 0])
        #expect(driver.next() == .startOver)
    }

    @Test func aTopicThatNeverRestsStops() {
        var driver = Driver()
        untilTheEnd(&driver)
        var action = ProducerSession.Action.wait
        for _ in 0..<20 {
            driver.session.verified(.another, now: driver.now)
            action = driver.next()
            if case .stop = action { break }
            driver.close()
            driver.open([0, 0])
            #expect(driver.next() == .startOver)
            driver.session.inputEnded()
            #expect(driver.next() == .verify(.firstAndLast))
        }
        #expect(action == .stop(.restless))
    }
}
