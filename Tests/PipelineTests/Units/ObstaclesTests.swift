// When a batch that comes to nothing again and again is spoken of.

import Testing

@testable import Pipeline

@Suite struct ObstaclesTests {
    private let start = ContinuousClock.now

    @Test func toldAfterFiveAndThenOnceAMinute() {
        var obstacles = Obstacles()
        let told = (1...200).filter { tries in
            obstacles.conflicted(lane: 0, tries: tries, reason: "r", at: start + .seconds(tries)) != nil
        }
        #expect(told == [5, 65, 125, 185])
        #expect(
            obstacles.standstill == "Postgres broke off 200 tries of a batch in a row, the last one with: r")
        obstacles.overcome(lane: 0)
        #expect(obstacles.standstill == nil)
    }

    @Test func aConflictNowAndThenIsNothing() {
        var obstacles = Obstacles()
        for second in 1...100 {
            #expect(obstacles.conflicted(lane: 0, tries: 4, reason: "r", at: start + .seconds(second)) == nil)
            #expect(obstacles.lost(lane: 1, table: "t", at: start + .seconds(second)) == nil)
            obstacles.overcome(lane: 1)
        }
        #expect(obstacles.standstill == "Postgres broke off 4 tries of a batch in a row, the last one with: r")
        obstacles.overcome(lane: 0)
        _ = obstacles.lost(lane: 1, table: "t", at: start)
        #expect(obstacles.standstill == nil)
    }

    /// Others go on; theirs is not what this one waits for.
    @Test func lanesAreCountedApart() {
        var obstacles = Obstacles()
        var told: [BatchObstacle] = []
        for _ in 1...7 {
            for lane in 0...1 {
                if let obstacle = obstacles.lost(lane: lane, table: "t", at: start) { told.append(obstacle) }
            }
            obstacles.overcome(lane: 0)
        }
        #expect(told == [.unmoved(batches: 5, table: "t")])
    }
}
