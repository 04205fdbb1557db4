// `userload forget`: a person who wants to be deleted.

import CommandLineOptions
import Foundation
import Kafka
import Log
import Pipeline
import Records

extension Command {
    private static let name = Option.text("name", "NAME", help: "The person's exact name. Required.")
    private static let age = Option.integer("age", "N", in: 0...150, help: "The person's age. Required.")

    static let forget = Command(
        CommandDescription(
            "forget", summary: "delete a person, and rejects that name exactly this person",
            discussion: [
                "Deletes every row with this name and age, and every kept reject that names exactly this person. It says "
                    + "which other rejects mention the name, and until when Kafka keeps the message, which it asks the topic "
                    + "about (ACL: DESCRIBE_CONFIGS); a Kafka that does not answer is waited for 5 s. A source file that "
                    + "still has the person brings it back when it is pushed with --again, or with other content."
            ],
            options: [name, age] + Options.kafka + Options.postgres + Options.logging,
            examples: [Example("userload forget --name 'Rohit Prasad' --age 35", "At this person's request.")])
    ) { arguments, context in
        guard let name = arguments[name], !name.isEmpty, let age = arguments[age] else {
            throw Failure(
                .usage, "--name and --age are both required", hint: "`userload users --name NAME` shows who is there")
        }
        let session = try context.openDatabase(arguments, patience: nil)
        try RowSecurity.check(session.connection, session.info)
        let outcome = try PersonForgetter(session.connection, session.info)
            .forget(name: name, age: age, records: \.keptRecords)
        let lines = forgetReport(outcome) + context.kept(arguments, latest: outcome.latest)
        for line in lines { try context.output.line(line) }
        return .done
    }
}

extension Context {
    /// Until when Kafka keeps what names the person. Nothing that is wrong there undoes what was deleted.
    fileprivate func kept(_ arguments: ParsedArguments, latest: Date?) -> [String] {
        let times = Times(now: now())
        do {
            let (settings, topic) = try kafkaSettings(arguments)
            let interrupt = interrupt
            let retention = TopicRetention.ask(settings, topic: topic, isCancelled: { interrupt.isSet })
            return keptReport(retention, topic: topic, brokers: settings.brokerNames, latest: latest, times: times)
        } catch {
            let reason = failure(for: error)?.message ?? "\(error)"
            return keptReport(.notKnown(reason), topic: nil, brokers: nil, latest: latest, times: times)
        }
    }
}

func forgetReport(_ outcome: PersonForgetter.Outcome) -> [String] {
    let people = outcome.rows == 1 ? "1 person" : "\(grouped(outcome.rows)) people"
    var lines = ["deleted \(people) and \(counted(outcome.rejects, "reject"))"]
    if outcome.mentions > 0 {
        let (verb, place) = outcome.mentions == 1 ? ("mentions", "it stays") : ("mention", "they stay")
        lines.append(
            "\(counted(outcome.mentions, "other reject")) \(verb) the name, but not exactly this person, so \(place):")
        lines += outcome.firstMentions.map { mention in
            mention.job == .foreign
                ? "  offset \(grouped(mention.line)) of other producers (-)"
                : "  line \(grouped(mention.line)) of \(mention.job.slug)"
        }
        let rest = outcome.mentions - Int64(outcome.firstMentions.count)
        if rest > 0 { lines.append("  and \(grouped(rest)) more") }
    }
    return lines.map(escaped)
}

/// - Parameters:
///   - topic: nil: none is named.
///   - latest: when the latest of the deleted rows came; nil: there were none.
func keptReport(
    _ retention: TopicRetention, topic: String?, brokers: String?, latest: Date?, times: Times
) -> [String] {
    let topic = topic.map { "topic \($0)" } ?? "its topic"
    func until(_ seconds: Double) -> String {
        latest.map { "until about \(times.dayAndTime($0 + seconds))" }
            ?? "for \(ageText(seconds: seconds)) after it was sent"
    }
    let message = latest == nil ? "a message" : "the message"
    let lines: [String]
    switch retention {
    case .kept(..<0, _):
        lines = [
            "Kafka keeps \(message) for ever: \(topic) has retention.ms -1; kafka-delete-records.sh deletes what was loaded"
        ]
    case .kept(let milliseconds, let segment):
        let seconds = Double(milliseconds) / 1000
        let more = segment.map {
            ", and keeps a segment for up to \(ageText(seconds: Double($0) / 1000)) more (segment.ms)"
        }
        lines = [
            "Kafka keeps \(message) \(until(seconds)): \(topic) has retention.ms \(ageText(seconds: seconds))\(more ?? "")"
        ]
    case .mock: lines = ["Kafka keeps \(message) until the dev-broker stops, or has no room for it"]
    case .noTopic: lines = ["Kafka keeps nothing: \(topic) does not exist\(brokers.map { " on \($0)" } ?? "")"]
    case .notKnown(let reason):
        let who = brokers.map { "\($0): " } ?? ""
        lines = [
            "Kafka could not be asked how long \(topic) keeps messages (\(who)\(reason))",
            "in a topic that push created \(message) is kept for 7 d" + (latest == nil ? "" : ", \(until(7 * 86_400))"),
        ]
    }
    return lines.map(escaped)
}
