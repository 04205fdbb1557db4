// Partitions come, go, are located, paused and reset in every order; nothing is taken that must not be.

import Testing

@testable import Pipeline

private typealias Point = Assignment.PartitionOffset

@Suite struct AssignmentTests {
    /// Owns `next.keys` and reads from `next`.
    private func reading(_ next: [Int32: Int64]) -> Assignment {
        var assignment = Assignment()
        _ = assignment.assigned(Array(next.keys))
        for (partition, offset) in next {
            _ = assignment.resolved(partition, next: offset, ticket: assignment.ticket)
        }
        return assignment
    }

    @Test func nothingIsReadUntilEveryPositionIsKnown() {
        var assignment = Assignment()
        #expect(assignment.assigned([3, 1]) == [.assign([]), .resolve([1, 3], ticket: assignment.ticket)])
        #expect(assignment.arrived(1, 0, isEnd: false) == .skip)
        #expect(assignment.resolved(3, next: 30, ticket: assignment.ticket) == [])
        #expect(!assignment.isReading)
        #expect(
            assignment.resolved(1, next: 10, ticket: assignment.ticket) == [.assign([Point(1, 10), Point(3, 30)])])
        #expect(assignment.isReading)
    }

    @Test func noPartitionsNoQuestions() {
        var assignment = Assignment()
        #expect(assignment.assigned([]) == [.assign([])])
        #expect(assignment.isAtEnd)
        #expect(!assignment.isReading)
    }

    @Test func whatCannotBeReadIsPassedOver() {
        var assignment = reading([0: 5, 1: 7])
        #expect(assignment.arrived(0, 5, isEnd: false) == .take)
        #expect(assignment.passOver(0, to: 9) == [.assign([Point(0, 9), Point(1, 7)])])
        #expect(assignment.isReading)
        #expect(assignment.arrived(0, 6, isEnd: false) == .assignAgain([Point(0, 9), Point(1, 7)]))
        #expect(assignment.arrived(0, 9, isEnd: false) == .take)
        // It went on by itself meanwhile, or is not ours any more.
        #expect(assignment.passOver(0, to: 10) == [])
        #expect(assignment.passOver(2, to: 10) == [])
        // While nothing is read it is enough to know it.
        _ = assignment.pause()
        #expect(assignment.passOver(1, to: 8) == [])
        #expect(assignment.resume() == [.assign([Point(0, 10), Point(1, 8)])])
    }

    @Test func answersOfAnOlderAssignmentAreIgnored() {
        var assignment = Assignment()
        _ = assignment.assigned([0])
        let old = assignment.ticket
        assignment.revoked()
        #expect(assignment.resolved(0, next: 5, ticket: old) == [])
        _ = assignment.assigned([0])
        #expect(assignment.resolved(0, next: 5, ticket: old) == [])
        #expect(assignment.next(0) == nil)
    }

    @Test func messagesAreTakenInOrderAndTheEndIsAnInput() {
        var assignment = reading([0: 5])
        #expect(assignment.arrived(0, 5, isEnd: false) == .take)
        #expect(assignment.arrived(0, 6, isEnd: false) == .take)
        #expect(!assignment.isAtEnd)
        // Markers of transactions leave offsets that no message has.
        #expect(assignment.arrived(0, 9, isEnd: true) == .take)
        #expect(assignment.next(0) == 9)
        #expect(assignment.isAtEnd)
        #expect(assignment.arrived(0, 9, isEnd: false) == .take)
        #expect(assignment.next(0) == 10)
        #expect(!assignment.isAtEnd)
    }

    @Test func whatWasTakenIsNotTakenAgain() {
        var assignment = reading([0: 5])
        _ = assignment.arrived(0, 5, isEnd: false)
        #expect(assignment.arrived(0, 5, isEnd: false) == .skip)
        #expect(assignment.arrived(0, 4, isEnd: false) == .skip)
        #expect(assignment.next(0) == 6)
    }

    @Test func aFirstMessageElsewhereIsAskedForOnceMoreThenBelieved() {
        var assignment = reading([0: 5, 1: 0])
        _ = assignment.arrived(1, 0, isEnd: false)
        #expect(assignment.arrived(0, 8, isEnd: false) == .assignAgain([Point(0, 5), Point(1, 1)]))
        #expect(assignment.next(0) == 5)
        #expect(assignment.arrived(0, 8, isEnd: false) == .take)
        #expect(assignment.next(0) == 9)
        // Every other partition was assigned again too: its first message is looked at like this one's.
        #expect(assignment.arrived(1, 4, isEnd: false) == .assignAgain([Point(0, 9), Point(1, 1)]))
    }

    @Test func aFirstEndElsewhereIsAskedForOnceMoreToo() {
        var assignment = reading([0: 5])
        #expect(assignment.arrived(0, 8, isEnd: true) == .assignAgain([Point(0, 5)]))
        #expect(assignment.arrived(0, 8, isEnd: true) == .take)
        #expect(assignment.next(0) == 8)
    }

    @Test func aJumpInTheMiddleIsBelieved() {
        var assignment = reading([0: 5])
        _ = assignment.arrived(0, 5, isEnd: false)
        #expect(assignment.arrived(0, 9, isEnd: false) == .take)
        #expect(assignment.next(0) == 10)
    }

    @Test func afterTheAssignedAgainTheExpectedMessageIsTaken() {
        var assignment = reading([0: 5])
        _ = assignment.arrived(0, 8, isEnd: false)
        #expect(assignment.arrived(0, 5, isEnd: false) == .take)
        #expect(assignment.arrived(0, 6, isEnd: false) == .take)
    }

    @Test func aResetForgetsOnlyWhatWasLost() {
        var assignment = reading([0: 5, 1: 7])
        let old = assignment.ticket
        #expect(assignment.reset([0, 9]) == [.assign([]), .resolve([0], ticket: old + 1)])
        #expect(assignment.arrived(1, 7, isEnd: false) == .skip)
        #expect(assignment.resolved(0, next: 2, ticket: old) == [])
        #expect(
            assignment.resolved(0, next: 2, ticket: assignment.ticket) == [.assign([Point(0, 2), Point(1, 7)])])
    }

    @Test func aSecondResetAsksForBoth() {
        var assignment = reading([0: 5, 1: 7])
        _ = assignment.reset([0])
        #expect(assignment.reset([1]) == [.assign([]), .resolve([0, 1], ticket: assignment.ticket)])
    }

    @Test func aResetOfOthersPartitionsIsNothing() {
        var assignment = reading([0: 5])
        #expect(assignment.reset([4]) == [])
        #expect(assignment.isReading)
    }

    @Test func pausedKeepsTheMembershipAndGoesOnWhereItWas() {
        var assignment = reading([0: 5])
        _ = assignment.arrived(0, 5, isEnd: false)
        #expect(assignment.pause() == [.assign([])])
        #expect(assignment.pause() == [])
        #expect(assignment.arrived(0, 6, isEnd: false) == .skip)
        #expect(assignment.resume() == [.assign([Point(0, 6)])])
        #expect(assignment.resume() == [])
        #expect(assignment.arrived(0, 6, isEnd: false) == .take)
    }

    @Test func locatedWhilePausedWaitsForTheResume() {
        var assignment = Assignment()
        _ = assignment.assigned([0])
        #expect(assignment.pause() == [])
        #expect(assignment.resolved(0, next: 1, ticket: assignment.ticket) == [])
        #expect(assignment.resume() == [.assign([Point(0, 1)])])
    }

    @Test func aRebalanceWhilePausedStaysPaused() {
        var assignment = reading([0: 5])
        _ = assignment.pause()
        assignment.revoked()
        #expect(assignment.resume() == [])
        _ = assignment.assigned([1])
        #expect(
            assignment.resolved(1, next: 0, ticket: assignment.ticket) == [.assign([Point(1, 0)])])
    }

    /// The topic was created again with fewer partitions.
    @Test func whatIsGoneIsNotOursAnyMore() {
        var assignment = reading([0: 5, 1: 7, 2: 9])
        let old = assignment.ticket
        #expect(assignment.remove([1, 2, 8]) == [.assign([])])
        #expect(assignment.partitions == [0])
        #expect(!assignment.owns(1))
        #expect(assignment.arrived(1, 7, isEnd: false) == .skip)
        #expect(assignment.resolved(0, next: 3, ticket: old) == [])
        #expect(assignment.reset([0]) == [.assign([]), .resolve([0], ticket: old + 2)])
        #expect(assignment.resolved(0, next: 0, ticket: assignment.ticket) == [.assign([Point(0, 0)])])
        #expect(assignment.remove([1]) == [])
    }

    @Test func revokedOwnsNothing() {
        var assignment = reading([0: 5])
        assignment.revoked()
        #expect(assignment.partitions == [])
        #expect(assignment.arrived(0, 5, isEnd: false) == .skip)
        #expect(assignment.next(0) == nil)
    }
}
