// Pushing into librdkafka's mock cluster: requests that fail by plan, and the limits of a broker that forgets.

import Foundation
import Kafka
import Pipeline
import Records
import TestSupport
import Testing

@Suite(.waiting) struct PusherMockTests {
    private let directory: TemporaryDirectory
    private let broker: DevBroker

    init() throws {
        directory = try TemporaryDirectory()
        broker = try DevBroker(topic: "users", partitions: 2)
    }

    private var settings: ClientSettings { ClientSettings(brokers: broker.bootstrapServers) }

    private func file(lines: Int, padding: Int = 0) throws -> String {
        let pad = String(repeating: "x", count: padding)
        let text = (0..<lines).map { "{\"name\": \"Person \($0)\", \"age\": 30, \"note\": \"\(pad)\"}\n" }.joined()
        return try directory.write("people.jsonl", text)
    }

    private func push(_ path: String, _ event: @escaping (PushEvent) -> Void = { _ in }) -> PushOutcome {
        var options = PushOptions()
        options.stateDirectory = directory.path("state")
        options.stallTimeout = .seconds(30)
        let pusher = Pusher(settings, topic: "users", options: options, interrupt: Interrupt(), event: event)
        defer { pusher.close() }
        return pusher.push(path)
    }

    /// Produce requests fail in turn, for good or to be retried; a request is of one partition.
    @Test(
        arguments: [
            [.messageTooLarge], [.messageTooLarge, .messageTooLarge, .messageTooLarge],
            [KafkaErrorCode(rawValue: 0), .messageTooLarge, KafkaErrorCode(rawValue: 0), .messageTooLarge],
            [.unknownTopicOrPartition, .messageTooLarge], [KafkaErrorCode(rawValue: 6), KafkaErrorCode(rawValue: 7)],
            [KafkaErrorCode(rawValue: 45)], [KafkaErrorCode(rawValue: 47)],
        ] as [[KafkaErrorCode]])
    func failedRequests(codes: [KafkaErrorCode]) throws {
        var isArmed = false
        let outcome = push(try file(lines: 10_000)) { event in
            if case .started = event, !isArmed {
                isArmed = true
                broker.fail(.produce, with: codes)
            }
        }
        #expect(isArmed && outcome.result == .pushed, "\(outcome.result)")
        let job = try #require(outcome.job)
        let values = try TopicContent(settings, topic: "users").applied(job)
        #expect(values.count == 10_000 && Set(values).count == 10_000)
    }

    @Test func aRightThatIsMissingIsFatal() throws {
        let outcome = push(try file(lines: 100)) { event in
            if case .started = event { broker.fail(.produce, with: [.topicAuthorizationFailed]) }
        }
        #expect(
            outcome.result
                == .failed(
                    .configuration(
                        "Kafka does not let this user write to topic users "
                            + "(ACL: WRITE on the topic, or IDEMPOTENT_WRITE on the cluster)")))
    }

    @Test func moreThanItKeepsIsRefused() throws {
        let outcome = push(try file(lines: 10, padding: 1_000_000))
        #expect(
            outcome.result
                == .failed(
                    .refused(
                        "more than the dev-broker keeps (4 MiB a partition); a real Kafka takes it: "
                            + "KAFKA_HOME=/path/to/kafka ./run.local.sh, and https://kafka.apache.org/downloads has one"
                    )))
        #expect(outcome.job == nil)
        #expect(push(try file(lines: 4, padding: 1_000_000)).result == .pushed)
    }

    /// What counts is what comes out of it.
    @Test func moreThanItKeepsInAPackedFile() throws {
        let path = try file(lines: 10, padding: 1_000_000)
        try run("/usr/bin/gzip", [path])
        guard case .failed(let error) = push(path + ".gz").result else {
            Issue.record("pushed")
            return
        }
        #expect(error.kind == .refused && error.message.hasPrefix("more than the dev-broker keeps"))
    }

    /// Several files, each small enough; together they are not.
    @Test func whatItHasDroppedIsSaid() throws {
        for name in 0..<8 {
            // Random, for what is on the wire is compressed.
            let note = Data((0..<750_000).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
            let lines = ["P", "Q"].map { "{\"name\": \"\($0)\(name)\", \"age\": 30, \"note\": \"\(note)\"}\n" }
            let path = try directory.write("\(name).jsonl", lines.joined())
            let outcome = push(path)
            if outcome.result == .pushed { continue }
            #expect(
                outcome.result
                    == .failed(
                        .lost(
                            "the dev-broker has dropped records: it keeps 5 MB a partition, and forgets the oldest")))
            return
        }
        Issue.record("16 MB fitted")
    }
}
