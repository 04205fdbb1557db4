// The consumer against librdkafka's mock cluster: assignment, events, groups, and an end in bounded time.

import Kafka
import Synchronization
import TestSupport
import Testing

@Suite(.waiting) struct ConsumerTests {
    private let broker: DevBroker
    private let settings: ClientSettings

    init() throws {
        broker = try DevBroker(topic: "t", partitions: 4)
        settings = ClientSettings(brokers: broker.bootstrapServers)
    }

    private func fill(_ count: Int) throws {
        let sender = try Sender(settings, topic: "t")
        for index in 0..<count { sender.produce("v\(index)", partition: Int32(index % 4), header: "h") }
        #expect(try sender.flush().filter(\.isAcknowledged).count == count)
    }

    @Test func readsEveryPartitionInOrderToItsEnd() throws {
        try fill(400)
        let member = try Member(settings)
        try member.consumer.subscribe("t")
        try wait(for: "the ends", until: { member.ends.count == 4 }, step: { try member.poll() })
        #expect(member.assigned.map { $0.sorted() } == [[0, 1, 2, 3]])
        #expect(member.messages.count == 400)
        #expect(member.ends == [0: 100, 1: 100, 2: 100, 3: 100])
        for partition: Int32 in 0..<4 {
            let own = member.messages.filter { $0.partition == partition }
            #expect(own.map(\.offset) == (0..<100).map { $0 })
            #expect(own.map(\.value) == (0..<100).map { "v\($0 * 4 + Int(partition))" })
        }
        member.consumer.close()
        #expect(member.revoked.map { $0.partitions.sorted() } == [[0, 1, 2, 3]])
        #expect(member.failures.isEmpty)
    }

    @Test func startsWhereItIsToldAndPollsInSmallBatches() throws {
        try fill(40)
        let member = try Member(settings)
        member.start = 7
        try member.consumer.subscribe("t")
        try wait(for: "the ends", until: { member.ends.count == 4 }, step: { try member.poll(maximum: 1) })
        #expect(member.messages.map(\.offset).sorted() == [7, 8, 9].flatMap { [$0, $0, $0, $0] })
        member.consumer.close()
    }

    /// From within a poll, what it hands out next can be seen.
    @Test func whatComesNextCanBeSeen() throws {
        try fill(400)
        let member = try Member(settings)
        try member.consumer.subscribe("t")
        var taken: [String] = []
        var seen: [String] = []
        var longest = 0
        try wait(for: "all messages", until: { taken.count == 400 }) {
            var expected: [String] = []
            _ = try member.consumer.poll(maximum: 100, milliseconds: 50) { event in
                guard case .message(let message) = event else { return }
                let value = String(decoding: message.value ?? .init(start: nil, count: 0), as: UTF8.self)
                if !expected.isEmpty {
                    #expect(value == expected.removeFirst())
                } else {
                    seen = []
                    member.consumer.forEachUpcoming {
                        seen.append(String(decoding: $0.value ?? .init(start: nil, count: 0), as: UTF8.self))
                    }
                    longest = max(longest, seen.count)
                    expected = seen
                }
                taken.append(value)
            }
            #expect(expected.isEmpty)
            member.consumer.forEachUpcoming { _ in Issue.record("outside of a poll") }
        }
        #expect(longest > 0 && Set(taken).count == 400)
        member.consumer.close()
    }

    /// 2.0.2 stops fetching when the queue is full, and looks again up to 1 s later, unless a request wakes it. Halved bit
    /// by bit, or emptied at once.
    @Test(arguments: [8, 4_000]) func aQueueThatHasHalvedWakesTheFetcher(maximum: Int) throws {
        try fill(400)
        let sent = Mutex<Int>(0)
        var logged = settings
        logged.log = { line in
            if line.text.contains("Sent ListOffsetsRequest") { sent.withLock { $0 += 1 } }
        }
        let member = try Member(logged, overrides: [("debug", "protocol"), ("log_level", "7")])
        try member.consumer.subscribe("t")
        try wait(for: "the ends", until: { member.ends.count == 4 }, step: { try member.poll(maximum: maximum) })
        try wait(for: "a request", until: { sent.withLock { $0 } > 0 }, step: { try member.poll(maximum: maximum) })
        member.consumer.close()
    }

    @Test func anOffsetOutsideTheLogFailsItsPartitionOnly() throws {
        try fill(40)
        let member = try Member(settings)
        member.onAssign = { partitions, consumer in
            try? consumer.assign(partitions.map { (partition: $0, offset: $0 == 2 ? 1000 : 0) })
        }
        try member.consumer.subscribe("t")
        try wait(
            for: "the ends and the failure", until: { member.ends.count == 3 && !member.failures.isEmpty },
            step: { try member.poll() })
        #expect(member.failures.map(\.partition) == [2])
        #expect(member.failures.first?.error.code == .autoOffsetReset)
        #expect(Set(member.messages.map(\.partition)) == [0, 1, 3])
        member.consumer.close()
    }

    @Test func anEmptyAssignmentKeepsTheMembershipAndRealOffsetsFollow() throws {
        try fill(40)
        let member = try Member(
            settings, overrides: [("session.timeout.ms", "4000"), ("heartbeat.interval.ms", "200")])
        member.onAssign = { _, consumer in try? consumer.assign([]) }
        try member.consumer.subscribe("t")
        try wait(for: "partitions", until: { !member.assigned.isEmpty }, step: { try member.poll() })
        // Longer than the session: heartbeats must go on. (The mock broker takes 3 s to form a group.)
        let end = ContinuousClock.now + .seconds(6)
        while ContinuousClock.now < end { try member.poll() }
        #expect(member.messages.isEmpty && member.revoked.isEmpty && !member.consumer.assignmentLost)
        try member.consumer.assign((0..<4).map { (partition: $0, offset: 5) })
        try wait(for: "the ends", until: { member.ends.count == 4 }, step: { try member.poll() })
        #expect(member.messages.count == 20)
        #expect(member.assigned.count == 1 && member.revoked.isEmpty)
        member.consumer.close()
    }

    @Test func aHandlerThatAssignsNothingStaysAMemberWithNothingToRead() throws {
        try fill(4)
        let member = try Member(settings)
        member.onAssign = { _, _ in }
        try member.consumer.subscribe("t")
        try wait(for: "partitions", until: { !member.assigned.isEmpty }, step: { try member.poll() })
        try member.consumer.assign([(partition: 1, offset: 0)])
        try wait(for: "the end", until: { member.ends == [1: 1] }, step: { try member.poll() })
        #expect(member.messages == [Member.Seen(partition: 1, offset: 0, value: "v1")])
        member.consumer.close()
    }

    @Test func assigningAnewWhileMessagesWaitHandsOutNoneOfTheOldAssignment() throws {
        try fill(400)
        let member = try Member(settings)
        try member.consumer.subscribe("t")
        try wait(for: "messages", until: { member.messages.count >= 8 }, step: { try member.poll(maximum: 8) })
        member.messages = []
        member.ends = [:]
        try member.consumer.assign([(partition: 3, offset: 50)])
        try wait(for: "the end", until: { member.ends[3] != nil }, step: { try member.poll() })
        #expect(member.messages.map(\.partition).allSatisfy { $0 == 3 })
        #expect(member.messages.map(\.offset) == (50..<100).map { $0 })
        member.consumer.close()
    }

    @Test func assigningFromTheBodyDropsTheRestOfThatPoll() throws {
        try fill(400)
        let member = try Member(settings)
        try member.consumer.subscribe("t")
        var seen: [(partition: Int32, offset: Int64)] = []
        var before = 0
        try wait(
            for: "partition 3 to the end", until: { seen.last.map { $0.partition == 3 && $0.offset == 99 } ?? false },
            step: {
                var ofThisPoll = 0
                _ = try member.consumer.poll(maximum: 1000, milliseconds: 50) { event in
                    guard case .message(let message) = event else { return }
                    seen.append((partition: message.partition, offset: message.offset))
                    ofThisPoll += 1
                    // The first poll waits for one message; only a later one takes more at once.
                    guard ofThisPoll == 2, before == 0 else { return }
                    before = seen.count
                    try? member.consumer.assign([(partition: 3, offset: 90)])
                }
            })
        #expect(seen.dropFirst(before).map(\.partition) == Array(repeating: 3, count: 10))
        #expect(seen.dropFirst(before).map(\.offset) == Array(90..<100))
        member.consumer.close()
    }

    @Test func assigningFromACallbackDropsWhatTheSamePollHadTaken() throws {
        try fill(400)
        let hasFailed = Atomic(false)
        var settings = settings
        settings.log = { if $0.facility == "FAIL" { hasFailed.store(true, ordering: .relaxed) } }
        let member = try Member(settings)
        var handedOut = 0
        member.onProblem = { consumer in
            try? consumer.assign([])
            handedOut = member.messages.count
        }
        try member.consumer.subscribe("t")
        try wait(for: "a message", until: { !member.messages.isEmpty }, step: { try member.poll(maximum: 1) })
        broker.setUp(false)
        try wait(for: "the failure", until: { hasFailed.load(ordering: .relaxed) }, step: {})
        // One poll: first the messages that wait, then the problem behind them.
        try wait(for: "a problem", until: { !member.problems.isEmpty }, step: { try member.poll(maximum: 10_000) })
        for _ in 0..<5 { try member.poll(maximum: 10_000) }
        #expect(member.messages.count == handedOut)
        member.consumer.close()
    }

    @Test func aBrokerThatGoesAwayIsAProblemAndComesBack() throws {
        try fill(4)
        let member = try Member(settings)
        try member.consumer.subscribe("t")
        try wait(for: "the ends", until: { member.ends.count == 4 }, step: { try member.poll() })
        broker.setUp(false)
        try wait(
            for: "a problem", until: { member.problems.contains { $0.isConnection } }, step: { try member.poll() })
        broker.setUp(true)
        try fill(4)
        try wait(for: "new messages", until: { member.messages.count == 8 }, step: { try member.poll() })
        #expect(member.messages.filter { $0.offset == 1 }.count == 4)
        member.consumer.close()
    }

    @Test func closingIsBoundedWithTheBrokerAway() throws {
        try fill(4)
        let member = try Member(settings)
        try member.consumer.subscribe("t")
        try wait(for: "the ends", until: { member.ends.count == 4 }, step: { try member.poll() })
        broker.setUp(false)
        try wait(for: "a problem", until: { !member.problems.isEmpty }, step: { try member.poll() })
        member.consumer.commit([(partition: 0, offset: 1)])
        let before = ContinuousClock.now
        member.consumer.close()
        #expect(ContinuousClock.now - before < .seconds(9))
        #expect(member.revoked.count == 1)
    }

    @Test func aClosedConsumerSaysSo() throws {
        let member = try Member(settings)
        member.consumer.close()
        member.consumer.close()
        member.consumer.commit([(partition: 0, offset: 1)])
        #expect(throws: KafkaError(code: .state, message: "the consumer is closed")) { try member.poll() }
        #expect(throws: KafkaError(code: .state, message: "the consumer is closed")) {
            try member.consumer.assign([])
        }
    }
}
