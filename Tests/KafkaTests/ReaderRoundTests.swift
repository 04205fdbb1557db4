// What a reader asks for in one round.

import Testing

@testable import Kafka

@Suite struct ReaderRoundTests {
    private static func round(_ places: (Int32, Int64)...) -> ReaderRound {
        ReaderRound(places.enumerated().map { ($0, $1.0, $1.1) }, .few)
    }

    @Test func readsEachPartitionFromItsFirstPlace() {
        let round = Self.round((1, 9), (0, 70), (0, 7), (1, 9), (0, 71), (0, 200))
        #expect(round.starts.map(\.partition) == [0, 1])
        #expect(round.starts.map(\.offset) == [7, 9])
        #expect(round.open == [0, 1])
    }

    @Test func farPlacesAreForAnotherRound() {
        var round = Self.round((0, 7), (0, 71), (0, 72), (0, 137), (1, 0), (1, .max), (1, .min))
        #expect(round.starts.map(\.offset) == [7, .min])
        while let offset = round.offset(0) { round.answer(0, .absent(next: offset)) }
        round.answer(1, .belowStart(low: 5))
        #expect(round.isComplete)
        #expect(
            round.results == [
                0: .absent(next: 7), 1: .absent(next: 71), 2: .absent(next: 72), 6: .belowStart(low: 5),
            ])
    }

    /// What lies between may be long.
    @Test func whatIsFarInBytesIsForAnotherRound() {
        var round = Self.round((0, 7), (0, 9), (1, 1), (1, 3))
        round.passed(0, bytes: 1_000_000)
        #expect(round.offset(0) == 7)
        round.answer(0, .absent(next: 7))
        round.passed(0, bytes: 60_000)
        #expect(round.offset(0) == 9)
        round.passed(0, bytes: 60_000)
        #expect(round.offset(0) == nil && round.open == [1])
    }

    @Test func whatIsLeftIsNotAnswered() {
        var round = Self.round((0, 1), (0, 2), (1, 1))
        round.answer(0, .absent(next: nil))
        round.leave(0)
        #expect(round.open == [1])
        round.answer(1, .absent(next: nil))
        #expect(round.isComplete)
        #expect(round.results.keys.sorted() == [0, 2])
    }

    /// A broker that has just lost the partition says that the log ends, but the leader's log is longer. The partition is
    /// read again only once, because the offset may be that of a transaction marker.
    @Test func theEndOfAnotherLogThanTheLeadersIsAskedForAgain() {
        var round = Self.round((0, 7), (1, 7))
        var answers = [8, 8].map { round.asksAgain(0, leadersEnd: $0) }
        #expect(answers == [true, false] && round.offset(0) == 7)
        answers = [7, 8].map { round.asksAgain(1, leadersEnd: $0) }
        #expect(answers == [false, true])
        // Answered.
        round.answer(0, .absent(next: nil))
        answers = [round.asksAgain(0, leadersEnd: 9)]
        #expect(answers == [false])
    }
}
