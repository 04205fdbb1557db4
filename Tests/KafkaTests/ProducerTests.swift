// The producer against librdkafka's mock cluster: acknowledgements, failures, a full queue, an end in bounded time.

import Kafka
import TestSupport
import Testing

@Suite(.waiting) struct ProducerTests {
    private let broker: DevBroker
    private let settings: ClientSettings

    init() throws {
        broker = try DevBroker(topic: "t", partitions: 3)
        settings = ClientSettings(brokers: broker.bootstrapServers)
    }

    @Test func acknowledgedMessagesHaveOffsetsInOrder() throws {
        let sender = try Sender(settings, topic: "t")
        for index in 0..<100 { sender.produce("v\(index)", partition: Int32(index % 3), key: "k", header: "h") }
        let reports = try sender.flush()
        #expect(reports.count == 100)
        #expect(reports.allSatisfy { $0.isAcknowledged })
        for partition: Int32 in 0..<3 {
            let own = reports.filter { $0.partition == partition }
            #expect(own.map(\.offset) == (0..<Int64(own.count)).map { $0 })
            #expect(own.map(\.opaque) == own.map(\.opaque).sorted())
        }
    }

    @Test func keysValuesAndHeadersArriveAsTheyWere() throws {
        let sender = try Sender(settings, topic: "t")
        sender.produce("value", key: "key", header: "one", errors: "two")
        sender.produce("plain")
        sender.produce("", key: "", header: "")
        _ = try sender.flush()
        let first = try read(0, header: "userload")
        #expect(first.key == Array("key".utf8) && first.value == Array("value".utf8))
        #expect(first.header == Array("one".utf8))
        #expect(try read(0, header: "userload-errors").header == Array("two".utf8))
        let second = try read(1, header: "userload")
        #expect(second.key == nil && second.header == nil)
        let third = try read(2, header: "userload")
        #expect(third.key == [] && third.header == [])
    }

    private func read(_ offset: Int64, header: StaticString) throws -> MessageCopy {
        let reader = try Reader(settings, topic: "t", header: header)
        defer { reader.close() }
        guard case .message(let message) = try reader.read(partition: 0, offset: offset, timeout: .seconds(10))
        else { throw WaitedTooLong(what: "message \(offset)") }
        return message
    }

    @Test func aRefusedMessageIsReportedWithTheBrokersCode() throws {
        let sender = try Sender(settings, topic: "t")
        sender.produce("first")
        _ = try sender.flush()
        broker.fail(.produce, with: [.topicAuthorizationFailed])
        sender.produce("second")
        let report = try #require(try sender.flush().last)
        #expect(report.error == .topicAuthorizationFailed)
        #expect(!report.isAcknowledged)
    }

    @Test func aRetriableFailureIsRetriedInside() throws {
        broker.fail(.produce, with: [KafkaErrorCode(rawValue: 19), .requestTimedOut])
        let sender = try Sender(settings, topic: "t")
        sender.produce("value")
        #expect(try sender.flush().map(\.isAcknowledged) == [true])
    }

    @Test func aPartitionThatIsNotThereFails() throws {
        let sender = try Sender(settings, topic: "t")
        sender.produce("known")
        _ = try sender.flush()
        guard case .failed(let error) = sender.produce("unknown", partition: 9) else {
            Issue.record("partition 9 of 3 was taken")
            return
        }
        #expect(error.code == .unknownPartition)
        #expect(error.message == "Local: Unknown partition")
    }

    @Test func aFullQueueSaysSoAndTakesTheMessageLater() throws {
        let sender = try Sender(settings, topic: "t", overrides: [("queue.buffering.max.messages", "10")])
        for index in 0..<10 { sender.produce("v\(index)") }
        guard case .queueFull = sender.produce("one more") else {
            Issue.record("an 11th message was taken")
            return
        }
        #expect(try sender.flush().count == 10)
        guard case .queued = sender.produce("one more") else {
            Issue.record("the queue stayed full")
            return
        }
        #expect(try sender.flush().count == 11)
    }

    @Test func closingEndsThoughTheBrokerIsAway() throws {
        let sender = try Sender(settings, topic: "t")
        sender.produce("acknowledged")
        _ = try sender.flush()
        broker.setUp(false)
        for index in 0..<100 { sender.produce("v\(index)") }
        try wait(
            for: "a problem", until: { !sender.notes.problems.isEmpty },
            step: { sender.producer.poll(milliseconds: 20) })
        #expect(sender.notes.problems.contains { $0.isConnection })
        let before = ContinuousClock.now
        sender.close()
        // A hang would be for ever: 30 s is no measurement.
        #expect(ContinuousClock.now - before < .seconds(30))
        #expect(sender.notes.reports.map(\.isAcknowledged) == [true])
    }

    @Test func aBrokerThatComesBackGetsWhatWaited() throws {
        let sender = try Sender(settings, topic: "t")
        broker.setUp(false)
        sender.produce("patient")
        try wait(
            for: "a problem", until: { !sender.notes.problems.isEmpty },
            step: { sender.producer.poll(milliseconds: 20) })
        broker.setUp(true)
        #expect(try sender.flush().map(\.isAcknowledged) == [true])
    }

    @Test func closingTwiceAndProducingAfterIsHarmless() throws {
        let sender = try Sender(settings, topic: "t")
        sender.close()
        sender.close()
        guard case .failed(let error) = sender.produce("late") else {
            Issue.record("a closed producer took a message")
            return
        }
        #expect(error.code == .state)
        #expect(sender.producer.poll(milliseconds: 10) == 0)
    }
}
