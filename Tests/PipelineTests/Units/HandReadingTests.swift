// Which partitions a drain or a load reads by itself: step by step, and beside others in random interleavings.

import Pipeline
import TestSupport
import Testing

@Suite struct HandReadingTests {
    private static let start = ContinuousClock.now

    /// Partitions 0 and 1; 1 is read to its end unless said otherwise.
    private static func look(
        _ next: Int64, lock: Bool = true, members: Int? = 0, ends: [Int32: Int64] = [0: 100, 1: 50],
        generation: Int32 = 1
    ) -> HandReading.Look {
        HandReading.Look(
            positions: [
                Position(partition: 0, generation: generation, nextOffset: next, anchor: nil),
                Position(partition: 1, generation: 1, nextOffset: 50, anchor: nil),
            ], ends: ends, members: members, hasLease: lock)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Milliseconds since the start, and what is seen then.
        let looks: [(Int, HandReading.Look)]
        /// After each.
        let ours: [[Int32]]

        init(_ name: String, _ looks: [(Int, HandReading.Look)], ours: [[Int32]]) {
            testDescription = name
            self.looks = looks
            self.ours = ours
        }
    }

    @Test(arguments: [
        Case("an empty group: everything at once", [(0, look(0))], ours: [[0, 1]]),
        Case("who cannot be counted is not there", [(0, look(0, members: nil))], ours: [[0, 1]]),
        Case(
            "beside a consumer only what stands still",
            [(0, look(0, members: 1)), (1_999, look(0, members: 1)), (2_000, look(0, members: 1))],
            ours: [[], [], [0]]),
        Case(
            "a consumer that moves is left alone",
            [(0, look(0, members: 1)), (1_900, look(10, members: 1)), (3_800, look(20, members: 1))],
            ours: [[], [], []]),
        Case(
            "it stops: two seconds later the rest is ours",
            [
                (0, look(0, members: 1)), (1_000, look(10, members: 1)), (2_900, look(10, members: 1)),
                (3_000, look(10)),
            ],
            ours: [[], [], [], [0, 1]]),
        Case(
            "what is at its end is nobody's work",
            [(0, look(100, members: 1)), (9_000, look(100, members: 1)), (20_000, look(100, members: 1))],
            ours: [[], [], []]),
        Case(
            "without the lock it watches",
            [(0, look(0, lock: false)), (9_999, look(0, lock: false)), (10_000, look(0, lock: false))],
            ours: [[], [], [0]]),
        Case("the lock becomes free", [(0, look(0, lock: false)), (100, look(0))], ours: [[], [0, 1]]),
        Case(
            "whoever had the lock has just moved it",
            [(0, look(0, lock: false)), (100, look(30)), (2_099, look(30)), (2_100, look(30))],
            ours: [[], [1], [1], [0, 1]]),
        Case(
            "another generation is a movement",
            [(0, look(0, members: 1)), (1_500, look(0, members: 1, generation: 2)), (3_000, look(0, members: 1))],
            ours: [[], [], []]),
        Case(
            "nothing read yet, and an empty log: not behind",
            [(0, look(-1, members: 1, ends: [0: 0, 1: 50])), (9_000, look(-1, members: 1, ends: [0: 0, 1: 50]))],
            ours: [[], []]),
    ]) func takes(_ row: Case) {
        var hand = HandReading()
        for ((milliseconds, look), ours) in zip(row.looks, row.ours) {
            hand.looked(look, at: Self.start + .milliseconds(milliseconds))
            #expect(hand.ours == ours, "after \(milliseconds) ms")
        }
    }

    private static func position(_ next: Int64, generation: Int32 = 1) -> Position {
        Position(partition: 0, generation: generation, nextOffset: next, anchor: nil)
    }

    @Test func letsGoOfWhatSomebodyElseMoved() {
        var hand = HandReading()
        hand.looked(Self.look(0), at: Self.start)
        // Our own batch, then the same position again.
        hand.committed(0, next: 20, at: Self.start + .seconds(1))
        let isOurs = hand.located(Self.position(20), isNewGeneration: false, at: Self.start + .seconds(1))
        #expect(isOurs)
        // A generation that we began ourselves.
        let isStillOurs = hand.located(
            Self.position(-1, generation: 2), isNewGeneration: true, at: Self.start + .seconds(2))
        #expect(isStillOurs)
        #expect(hand.ours == [0, 1])
        // Another's.
        let isLost = !hand.located(
            Self.position(40, generation: 2), isNewGeneration: false, at: Self.start + .seconds(3))
        #expect(isLost)
        #expect(hand.ours == [1])
        // With the group empty and the lock ours, too: whoever it was may be at it still.
        hand.looked(Self.look(40, generation: 2), at: Self.start + .seconds(4))
        #expect(hand.ours == [1])
        #expect(hand.waitsForOthers)
        hand.looked(Self.look(40, generation: 2), at: Self.start + .seconds(5))
        #expect(hand.ours == [0, 1])
        #expect(!hand.waitsForOthers)
    }

    @Test func whatIsNotOursIsNotReadOn() {
        var hand = HandReading()
        let isOurs = hand.located(Self.position(0), isNewGeneration: false, at: Self.start)
        #expect(!isOurs)
        hand.looked(Self.look(0), at: Self.start)
        hand.remove([1])
        #expect(hand.ours == [0])
        #expect(hand.hasAll)
    }

    // MARK: Beside others

    /// Drains, loads and a service on three partitions, in virtual time. Whoever reads a partition holds a chunk of it
    /// for a while, then swaps; who loses reads the position again.
    private struct Simulation {
        struct Reader {
            var hand: HandReading?
            /// By partition: where it reads from, and when it will try to commit.
            var chunks: [Int32: (from: Int64, due: Int)] = [:]
            var isStopped = false
        }

        static let end: Int64 = 400
        static let chunk: Int64 = 10
        var random: SplitMix
        var positions: [Int32: Int64] = [0: 0, 1: 0, 2: 0]
        var readers: [Reader]
        var lockHolder: Int?
        var wasted = 0
        var milliseconds = 0

        init(seed: UInt64, hands: Int, hasService: Bool) {
            random = SplitMix(state: seed)
            readers = (0..<hands).map { _ in Reader(hand: HandReading()) }
            if hasService { readers.append(Reader(hand: nil)) }
        }

        var now: ContinuousClock.Instant { HandReadingTests.start + .milliseconds(milliseconds) }
        var isDone: Bool { positions.values.allSatisfy { $0 >= Self.end } }

        /// A dead or stopped consumer stays a member.
        var members: Int { readers.count { $0.hand == nil } }

        mutating func step() {
            milliseconds += 50
            for index in readers.indices.shuffled(using: &random) where !readers[index].isStopped {
                if readers[index].hand != nil, milliseconds % 200 == 0 { look(index) }
                let mine = readers[index].hand?.ours ?? [0, 1, 2]
                for partition in mine { read(partition, index) }
            }
        }

        private mutating func look(_ index: Int) {
            if lockHolder == nil { lockHolder = index }
            let look = HandReading.Look(
                positions: positions.map { Position(partition: $0, generation: 1, nextOffset: $1, anchor: nil) },
                ends: positions.mapValues { _ in Self.end }, members: members, hasLease: lockHolder == index)
            let now = now
            readers[index].hand?.looked(look, at: now)
        }

        private mutating func read(_ partition: Int32, _ index: Int) {
            let now = now
            let at = positions[partition]!
            guard let chunk = readers[index].chunks[partition] else {
                let position = Position(partition: partition, generation: 1, nextOffset: at, anchor: nil)
                if readers[index].hand?.located(position, isNewGeneration: false, at: now) == false { return }
                let due = milliseconds + Int.random(in: 1...8, using: &random) * 50
                if at < Self.end { readers[index].chunks[partition] = (at, due) }
                return
            }
            guard milliseconds >= chunk.due else { return }
            readers[index].chunks[partition] = nil
            guard at == chunk.from else {
                wasted += 1
                return
            }
            positions[partition] = at + Self.chunk
            readers[index].hand?.committed(partition, next: at + Self.chunk, at: now)
        }

        mutating func leave(_ index: Int) {
            if lockHolder == index { lockHolder = nil }
            readers[index].isStopped = true
            readers[index].chunks = [:]
        }
    }

    enum Company: CaseIterable {
        case alone, twoLoads, service, deadMember, serviceComesAndGoes, lockHolderLeaves, lockHolderStops
    }

    /// Everything is read, whoever dies, and what is read twice is a small part of it.
    @Test(arguments: Company.allCases) func nobodyStarvesAndLittleIsReadTwice(_ company: Company) {
        for seed in 1...60 as ClosedRange<UInt64> {
            let hasService = [.service, .deadMember, .serviceComesAndGoes].contains(company)
            var world = Simulation(seed: seed, hands: company == .alone ? 1 : 2, hasService: hasService)
            if company == .deadMember { world.readers[2].isStopped = true }
            while !world.isDone, world.milliseconds < 120_000 {
                world.step()
                if company == .serviceComesAndGoes, world.milliseconds % 1_000 == 0 {
                    world.readers[2].isStopped.toggle()
                    world.readers[2].chunks = [:]
                }
                if world.milliseconds == 2_000, let holder = world.lockHolder {
                    if company == .lockHolderLeaves { world.leave(holder) }
                    if company == .lockHolderStops { world.readers[holder].isStopped = true }
                }
            }
            #expect(world.isDone, "\(company), seed \(seed): \(world.positions) after \(world.milliseconds) ms")
            // 120 chunks in all.
            #expect(world.wasted <= 12, "\(company), seed \(seed)")
        }
    }
}
