// Whether a loader's thread was seen doing anything lately: what the watchdog rests on.

import Dispatch
import Testing

@testable import Pipeline

@Suite struct LifeSignTests {
    @Test func fresh() {
        let start = ContinuousClock.now
        let life = LifeSign()
        life.show(at: start + .seconds(5))
        #expect(life.isFresh(at: start + .seconds(64)))
        #expect(!life.isFresh(at: start + .seconds(66)))
        life.show(at: start + .seconds(66))
        #expect(life.isFresh(at: start + .seconds(67)))
    }

    /// One that has nothing to do gives no signs, and needs none; one with a batch must.
    @Test func aLoaderThatHangs() {
        let forever = DispatchSemaphore(value: 0)
        let loader = LoaderThread(
            index: 0,
            makeLoader: {
                forever.wait()
                fatalError("it was to hang")
            }, answer: { _, _ in })
        let life = LifeSign()
        let lane = Lane(0, loader, life: life)
        let now = ContinuousClock.now
        #expect(lane.isAlive(at: now + .seconds(3600)))
        lane.submit { _ in nil }
        #expect(lane.isAlive(at: now + .seconds(30)))
        #expect(!lane.isAlive(at: now + .seconds(3600)))
        life.show(at: now + .seconds(3600))
        #expect(lane.isAlive(at: now + .seconds(3601)))
    }
}
