// What `doctor` makes of what it found out about Kafka.

import CommandLineOptions
import Foundation
import Pipeline
import Records

/// A message written later than this, by our clock, says that the clocks differ.
private let clockTolerance = 5.0

func kafkaFindings(_ facts: KafkaFacts, now: Date) -> [Finding] {
    [library(facts), brokers(facts)] + topic(facts) + rights(facts) + [brokerClock(facts, now)]
}

/// Numbers and dots only, as far as they go.
func isOlder(_ version: String, than other: [Int]) -> Bool {
    let numbers = version.split(separator: ".").map { Int($0.prefix(while: \.isNumber)) ?? 0 }
    return (numbers + Array(repeating: 0, count: max(0, other.count - numbers.count))).lexicographicallyPrecedes(other)
}

private func library(_ facts: KafkaFacts) -> Finding {
    guard isOlder(facts.version, than: [2, 6, 1]) else { return .ok("librdkafka", facts.version) }
    let text = "\(facts.version); below 2.6.1 it cannot log in to Kafka 4 with SCRAM"
    return facts.usesSCRAM
        ? .warn(
            "librdkafka", text + ", which KAFKA_CONFIG asks for",
            "install librdkafka 2.6.1 or newer, or use another mechanism (PLAIN over TLS, a client certificate)")
        : .ok("librdkafka", text)
}

private func brokers(_ facts: KafkaFacts) -> Finding {
    switch facts.cluster {
    case .value(let cluster): .ok("brokers", "\(facts.brokers) answer, cluster \(cluster)")
    case .failed(let error):
        .fail(
            "brokers", "\(facts.brokers): \(error.message)",
            error.hint ?? "KAFKA_BROKER or --broker names your brokers; is one of them up, and reachable from here?")
    case .notAsked: .notTested("brokers", "not asked")
    }
}

private func topic(_ facts: KafkaFacts) -> [Finding] {
    switch facts.partitions {
    case .notAsked: return [.notTested("topic", "no broker answered")]
    case .failed(let error):
        return [.fail("topic", error.message, "samples/kafka-acls.sh has the rights that push and work take")]
    case .value(0): return [.warn("topic", "\(facts.topic) does not exist", "`userload push FILE` creates it")]
    case .value(let partitions):
        return [.ok("topic", "\(facts.topic), \(counted(partitions, "partition"))")] + settings(facts)
    }
}

private func settings(_ facts: KafkaFacts) -> [Finding] {
    let settings: [String: String]
    switch facts.settings {
    case .notAsked: return []
    case .failed(let error):
        return [.notTested("topic settings", "\(error.message) (ACL: DESCRIBE_CONFIGS on the topic)")]
    case .value(nil): return [.notTested("topic settings", "this is a dev-broker, which cannot say")]
    case .value(let found?): settings = found
    }
    func change(_ setting: String) -> String {
        "kafka-configs.sh --bootstrap-server \(shellQuoted(facts.brokers)) --alter --entity-type topics "
            + "--entity-name \(shellQuoted(facts.topic)) --add-config \(setting)"
    }
    let checked = TopicSettings(settings)
    var findings: [Finding] = []
    if checked.isCompacted {
        findings.append(
            .fail(
                "cleanup.policy", "\(settings["cleanup.policy"] ?? ""): a compacted topic loses records",
                change("cleanup.policy=delete")))
    }
    if let limit = checked.messageLimit, limit < Limits.messageBytes {
        findings.append(
            .fail(
                "max.message.bytes", "\(limit): too small for our largest record",
                change("max.message.bytes=\(Limits.messageBytes)")))
    }
    let retention = settings["retention.ms"].flatMap { Int64($0) }
    if let retention, (0..<86_400_000).contains(retention) {
        findings.append(
            .warn(
                "retention.ms",
                "records are dropped \(ageText(seconds: Double(retention) / 1000)) after they were sent, "
                    + "loaded or not", change("retention.ms=604800000")))
    }
    if let type = settings["message.timestamp.type"], type != "LogAppendTime" {
        findings.append(
            .warn(
                "message.timestamp.type", "\(type): ages of messages are by the clocks of those who send",
                change("message.timestamp.type=LogAppendTime")))
    }
    guard findings.isEmpty else { return findings }
    let kept =
        retention.map { $0 < 0 ? "for ever" : "for " + ageText(seconds: Double($0) / 1000) } ?? "as the broker does"
    return [.ok("topic settings", "cleanup.policy delete, records are kept \(kept)")]
}

private func rights(_ facts: KafkaFacts) -> [Finding] {
    let name = "rights in Kafka"
    switch facts.newestMessage {
    case .notAsked: return []
    case .failed(let error):
        return [.fail(name, error.message, "samples/kafka-acls.sh has the rights that push and work take")]
    case .value:
        return [
            .ok(name, "DESCRIBE and READ on the topic"),
            .notTested(
                name, "WRITE on the topic: librdkafka \(facts.version) cannot ask without sending; a push will show it"
            ),
        ]
    }
}

private func brokerClock(_ facts: KafkaFacts, _ now: Date) -> Finding {
    let isBrokers = facts.settings.value??["message.timestamp.type"] == "LogAppendTime"
    guard isBrokers, let newest = facts.newestMessage.value ?? nil else {
        return .notTested("clock of Kafka", "no message that it has stamped")
    }
    let ahead = newest.timeIntervalSince(now)
    if ahead > clockTolerance {
        return .warn(
            "clock of Kafka", "ahead of this host's by at least \(ageText(seconds: ahead))",
            "let NTP set the clocks of both (timedatectl status)")
    }
    return .ok(
        "clock of Kafka", "a message at a log's end is \(ageText(seconds: -ahead)) old: not ahead of this host's")
}

/// The group and how far the database is behind.
/// - Parameter lag: nil: one of the two servers did not answer.
func lagFindings(_ lag: DoctorAnswer<Lag>, now: Date) -> [Finding] {
    switch lag {
    case .notAsked:
        return [.notTested("lag", "needs an existing topic, and a schema userload in a database that answers")]
    case .failed(let error): return [.fail("lag", error.message, error.hint ?? "see `userload lag`")]
    case .value(let lag): return [group(lag), behind(lag, now)]
    }
}

private func group(_ lag: Lag) -> Finding {
    guard let members = lag.members else {
        return .notTested("group", "\(lag.group): its consumers cannot be told (ACL: DESCRIBE on the group)")
    }
    if members.isEmpty, lag.behind > 0 {
        return .warn(
            "group", "\(lag.group): no consumers, and there is something to read",
            "start `userload work`, as a service; from cron `userload load` and `userload work --drain` do without")
    }
    return .ok(
        "group",
        "\(lag.group): \(counted(members.count, "consumer"))"
            + (members.isEmpty ? ", nothing to read" : ""))
}

private func behind(_ lag: Lag, _ now: Date) -> Finding {
    guard lag.behind > 0 else {
        return lag.expired > 0
            ? .warn(
                "lag", "nothing behind, but \(counted(lag.expired, "message")) expired before they were read",
                "`userload jobs` shows what is stalled; `userload push --resend` sends it again")
            : .ok("lag", "nothing behind")
    }
    let age = lag.oldest.map { now.timeIntervalSince($0) } ?? 0
    let text =
        "\(counted(lag.behind, "message")) behind"
        + (lag.oldest == nil ? "" : ", the oldest \(ageText(seconds: age)) old")
    return age < 3600 ? .ok("lag", text) : .warn("lag", text, "`userload lag` shows whether it moves, and for how long")
}
