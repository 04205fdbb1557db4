// `userload forget`: a person who wants to be deleted.

import CommandLineOptions
import Foundation
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
                    + "which other rejects mention the name, and what remains in Kafka. A source file that still has the "
                    + "person brings it back when it is pushed with --again, or with other content."
            ],
            options: [name, age] + Options.postgres + Options.logging,
            examples: [Example("userload forget --name 'Rohit Prasad' --age 35", "At this person's request.")])
    ) { arguments, context in
        guard let name = arguments[name], !name.isEmpty, let age = arguments[age] else {
            throw Failure(
                .usage, "--name and --age are both required", hint: "`userload users --name NAME` shows who is there")
        }
        let session = try context.openDatabase(arguments, patience: nil)
        let outcome = try PersonForgetter(session.connection, session.info)
            .forget(name: name, age: age, records: \.keptRecords)
        for line in forgetReport(outcome, times: Times(now: context.now())) { try context.output.line(line) }
        return .done
    }
}

func forgetReport(_ outcome: PersonForgetter.Outcome, times: Times) -> [String] {
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
    if let latest = outcome.latest {
        lines.append(
            "Kafka keeps the message until the topic's retention has passed: in a topic that push created, 7 days after "
                + "it was sent, that is about \(times.dayAndTime(latest + 7 * 86_400))")
    } else {
        lines.append(
            "Kafka keeps messages until the topic's retention has passed: in a topic that push created, 7 days")
    }
    return lines.map(escaped)
}
