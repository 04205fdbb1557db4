// What one test of push has for itself.

import Foundation
import Kafka
import Pipeline
import TestSupport
import Testing

/// A topic of its own on the run's Kafka, a state directory, and files.
final class Place {
    let directory: TemporaryDirectory
    let server = KafkaServer.shared
    let topic = "push-\(UInt32.random(in: 0...UInt32.max))"
    let interrupt = Interrupt()
    var options = PushOptions()
    var notices: [String] = []
    var onEvent: (PushEvent) -> Void = { _ in }
    var onOutcome: (PushOutcome) -> Void = { _ in }

    init() throws {
        directory = try TemporaryDirectory()
        options.stateDirectory = directory.path("state")
        options.partitions = 4
        options.stallTimeout = .seconds(60)
    }

    var settings: ClientSettings { ClientSettings(brokers: server.bootstrapServers) }

    /// Lines of JSON that differ; the file's path.
    func file(_ name: String = "people.jsonl", lines: Int) throws -> String {
        try directory.write(name, Self.lines(lines).map { $0 + "\n" }.joined())
    }

    static func lines(_ count: Int) -> [String] {
        (0..<count).map { "{\"name\": \"Person \($0)\", \"age\": \($0 % 90)}" }
    }

    func push(_ path: String) -> PushOutcome { push([path])[0] }

    /// In one go.
    func push(_ paths: [String]) -> [PushOutcome] {
        let pusher = Pusher(settings, topic: topic, options: options, interrupt: interrupt) { [self] event in
            switch event {
            case .notice(let sentence, _), .fault(let sentence): notices.append(sentence)
            default: break
            }
            onEvent(event)
        }
        defer { pusher.close() }
        // However slow the machine is, groups are the same.
        pusher.groupPatience = .seconds(60)
        var outcomes: [PushOutcome] = []
        pusher.push(paths) {
            outcomes.append($0)
            onOutcome($0)
        }
        return outcomes
    }

    /// A push that is interrupted once it is sending, and the file acknowledged beyond so many bytes.
    func pushInterrupted(_ path: String, beyond bytes: UInt64? = nil) -> PushOutcome {
        onEvent = { [unowned self] event in
            guard case .progress(let progress) = event, progress.phase == .sending else { return }
            if bytes.map({ progress.bytes > $0 }) ?? true { interrupt.set() }
        }
        return push(path)
    }

    func content() throws -> TopicContent { try TopicContent(settings, topic: topic) }

    func hasTopic() throws -> Bool {
        let admin = try Admin(settings)
        defer { admin.close() }
        return try admin.partitions(of: topic) != nil
    }

    func topics(_ arguments: String...) throws {
        try server.tool(
            "kafka-topics.sh", ["--bootstrap-server", server.bootstrapServers] + arguments + ["--topic", topic])
    }

    /// As an administrator does it; returns when the new topic is there.
    func createAgain() throws {
        try topics("--delete")
        try eventually("the new topic") {
            (try? topics("--create", "--partitions", "4", "--config", "max.message.bytes=1064960")) != nil
        }
    }

    /// The binary, as cron would run it.
    func command(_ arguments: String..., input: ChildProcess.Input = .null) throws -> ChildProcess {
        try ChildProcess(
            Userload.binary, ["push"] + arguments,
            environment: [
                "KAFKA_BROKER": server.bootstrapServers, "KAFKA_TOPIC": topic,
                "USERLOAD_STATE_DIR": directory.path("state"), "SWIFT_BACKTRACE": "enable=no",
            ], input: input)
    }

    /// Deletes what the topic holds, as retention does.
    func expire() throws {
        let partitions = (0..<4).map { #"{"topic": "\#(topic)", "partition": \#($0), "offset": -1}"# }
        let json = try directory.write(
            "records.json", #"{"version": 1, "partitions": [\#(partitions.joined(separator: ","))]}"#)
        try server.tool(
            "kafka-delete-records.sh", ["--bootstrap-server", server.bootstrapServers, "--offset-json-file", json])
    }
}

extension Pusher {
    /// One file alone.
    func push(_ path: String) -> PushOutcome {
        var outcomes: [PushOutcome] = []
        push([path]) { outcomes.append($0) }
        precondition(outcomes.count == 1, "not one outcome for one file")
        return outcomes[0]
    }
}
