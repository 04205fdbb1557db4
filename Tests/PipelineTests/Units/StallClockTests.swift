// The clock of timeouts: what counts between two looks at it.

import Pipeline
import Testing

@Suite struct StallClockTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let ticks: [Int]  // milliseconds since the clock was made at 5 s
        let counted: Int  // milliseconds
    }

    @Test(arguments: [
        Row(testDescription: "no look, no time", ticks: [], counted: 0),
        Row(testDescription: "short steps count whole", ticks: [50, 100, 900, 1_800], counted: 1_800),
        Row(testDescription: "a step of the limit counts whole", ticks: [1_000, 2_000], counted: 2_000),
        Row(testDescription: "a process stopped for an hour", ticks: [100, 3_600_100], counted: 1_100),
        Row(testDescription: "and what follows counts again", ticks: [100, 3_600_100, 3_600_600], counted: 1_600),
        Row(testDescription: "stopped twice", ticks: [60_000, 120_000], counted: 2_000),
        Row(testDescription: "a look at the same moment", ticks: [500, 500, 500], counted: 500),
        Row(testDescription: "a moment that lies before the last", ticks: [800, 200, 900], counted: 900),
    ])
    func counts(_ row: Row) {
        var clock = StallClock(now: .seconds(5))
        var last = Duration.zero
        for tick in row.ticks {
            let now = clock.tick(.seconds(5) + .milliseconds(tick))
            #expect(now >= last)
            last = now
        }
        #expect(clock.elapsed == .milliseconds(row.counted))
        #expect(last == clock.elapsed)
    }

    @Test func callerWithLongerWaitsSaysSo() {
        var clock = StallClock(now: .zero, longestStep: .seconds(10))
        #expect(clock.tick(.seconds(8)) == .seconds(8))
        #expect(clock.tick(.seconds(100)) == .seconds(18))
    }

    @Test func momentsFarApartDoNotTrap() {
        var clock = StallClock(now: .seconds(Int64.min / 4))
        #expect(clock.tick(.seconds(Int64.max / 4)) == .seconds(1))
    }
}
