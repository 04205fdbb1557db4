// Clients that librdkafka does not let end. A log callback that does not return stands for a broker thread that never
// ends: `rd_kafka_destroy` waits for either.

import Foundation
@testable import Kafka
import Synchronization
import TestSupport
import Testing

/// Holds up whichever of librdkafka's threads says that its client ends.
private final class Brake: Sendable {
    private let isOn = Mutex(true)
    let notes = Mutex<[String]>([])

    var settings: ClientSettings {
        var settings = ClientSettings(
            brokers: "127.0.0.1:1", entries: [ConfigurationEntry(key: "debug", value: "generic")])
        settings.log = { [self] line in
            notes.withLock { $0.append(line.text) }
            guard line.text.contains("Terminating instance") else { return }
            while isOn.withLock({ $0 }) { usleep(1000) }
        }
        return settings
    }

    func release() { isOn.withLock { $0 = false } }
}

@Suite(.waiting) struct ClosingTests {
    private final class Kept {}

    @Test func whatTheProducerMayStillReadIsKeptUntilItHasEnded() throws {
        let brake = Brake()
        var isTold = false
        let producer = try Producer(
            brake.settings, topic: "t", headerNames: ("a", "b"), problem: { _ in isTold = true },
            report: { _ in isTold = true })
        let value = Array("value".utf8)
        value.withUnsafeBufferPointer { value in
            // Copied to memory that is kept to the end of the process.
            let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: value.count)
            _ = bytes.initialize(from: value)
            _ = producer.produce(partition: 0, key: nil, value: UnsafeBufferPointer(bytes), header: nil, opaque: 1)
        }
        let closing = try #require(producer.close(limit: .milliseconds(100)), "it has ended in spite of the brake")
        isTold = false
        weak var kept: Kept?
        do {
            let object = Kept()
            closing.keep(object)
            kept = object
        }
        #expect(kept != nil)
        #expect(producer.close() == nil, "closed once")
        brake.release()
        try wait(for: "the end", until: { kept == nil }, step: { usleep(1000) })
        #expect(!isTold, "no callback but the log after close")
        closing.keep(Kept())  // no use, no harm
    }

    @Test func aClientThatEndsLeavesNothingToKeep() throws {
        let brake = Brake()
        brake.release()
        let producer = try Producer(brake.settings, topic: "t", headerNames: ("a", "b"), report: { _ in })
        #expect(producer.close(limit: .seconds(30)) == nil)
        #expect(brake.notes.withLock { $0.contains { $0.contains("Terminating instance") } })
    }

    @Test func everyRoleClosesWithinItsLimit() throws {
        let brake = Brake()
        defer { brake.release() }
        let before = ContinuousClock.now
        try Admin(brake.settings).close()
        try Reader(brake.settings, topic: "t", header: "h").close()
        let member = try Member(brake.settings)
        member.consumer.close(limit: .milliseconds(100))
        // Without a limit they would never return.
        #expect(ContinuousClock.now - before < .seconds(30))
    }

    @Test(arguments: [0, 1, 8]) func aFewThatLingerStopNobody(count: Int) {
        #expect(ClosingClient.refusal(lingering: count) == nil)
    }

    @Test func moreThanEightThatLingerEndTheProgram() {
        let error = ClosingClient.refusal(lingering: 9)
        #expect(error?.message == "9 closed connections to Kafka have not ended; run the command again")
        #expect(error?.isFatal == true)
    }

    @Test func aWaitThatIsCancelledEnds() throws {
        let settings = ClientSettings(brokers: "127.0.0.1:1")
        let admin = try Admin(settings, isCancelled: { true })
        let reader = try Reader(settings, topic: "t", header: "h", isCancelled: { true })
        for question in [
            { _ = try admin.clusterID(timeout: .seconds(600)) },
            { _ = try admin.partitions(of: "t", timeout: .seconds(600)) },
            { _ = try admin.configuration(of: "t", timeout: .seconds(600)) },
            { try admin.create(topic: "t", partitions: 1, configuration: [], timeout: .seconds(600)) },
            { _ = try reader.read(partition: 0, offset: 0, timeout: .seconds(600)) },
            { _ = try reader.watermarks(partition: 0, timeout: .seconds(600)) },
            { _ = try reader.partitions(timeout: .seconds(600)) },
        ] {
            #expect(try code(of: question) == .interrupted)
        }
        admin.close()
        reader.close()
    }
}
