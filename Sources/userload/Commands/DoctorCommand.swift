// `userload doctor`: is all as it must be, and what to do where it is not.

import CommandLineOptions
import Foundation
import Kafka
import Log
import Pipeline
import Postgres

extension Command {
    static let doctor = Command(
        CommandDescription(
            "doctor", summary: "check Kafka, Postgres and this host, and say what to do",
            discussion: [
                "Looks at the brokers, the topic and its settings, the rights in Kafka and Postgres, the consumer group "
                    + "and how far it is behind, schema, key, index, triggers and row security, a pooler in between, the "
                    + "clocks, the state directory and its disk, the libraries' versions, and the newest run of each label.",
                "Each line is ok, warn, fail or not tested; under it is what to do. Nothing is changed anywhere. Servers "
                    + "that are away cost 5 s each. The exit code is 8 if something fails, else 0.",
            ],
            options: Options.kafka + Options.postgres + [Options.json] + Options.logging,
            examples: [
                Example("userload doctor", "Before the first load, and when something is odd."),
                Example("userload doctor --quiet", "From cron: prints only problems."),
            ])
    ) { arguments, context in
        let findings = try examine(arguments, context)
        if context.interrupt.isSet { return .interrupted }
        if arguments[Options.json] {
            try context.output.line(doctorDocument(findings).text)
        } else {
            for line in doctorReport(findings, troubleOnly: arguments[Options.quiet]) { try context.output.line(line) }
        }
        return findings.contains { $0.verdict == .fail } ? .configuration : .done
    }

    private static func examine(_ arguments: ParsedArguments, _ context: Context) throws -> [Finding] {
        let (kafka, topic) = try context.kafkaSettings(arguments)
        let target = try context.databaseTarget(arguments)
        let interrupt = context.interrupt
        context.screen.progress("asking Kafka at \(kafka.brokerNames)")
        defer { context.screen.progress("") }
        let kafkaFacts = KafkaFacts.ask(kafka, topic: topic, isCancelled: { interrupt.isSet })
        context.screen.progress("asking Postgres")
        let database = DatabaseFacts.ask(target, now: context.now, isCancelled: { interrupt.isSet })
        context.screen.progress("asking both how far they are apart")
        var lag = DoctorAnswer<Lag>.notAsked
        if let info = database.info, case .value(1...) = kafkaFacts.partitions, !interrupt.isSet {
            lag = askLag(kafka, topic, target, info, context)
        }
        let now = context.now()
        let state = StateDirectory(path: Journal.directory(environment: context.environment))
        return kafkaFindings(kafkaFacts, now: now)
            + databaseFindings(database, libpq: PostgresVersion.text, wantedKey: target.keyFields)
            + lagFindings(lag, now: now) + hostFindings(state)
            + labelFindings(database.labels, times: Times(now: now))
    }

    private static func askLag(
        _ kafka: ClientSettings, _ topic: String, _ target: DatabaseTarget, _ info: DatabaseInfo, _ context: Context
    ) -> DoctorAnswer<Lag> {
        let interrupt = context.interrupt
        let probe = LagProbe(kafka, topic: topic, isCancelled: { interrupt.isSet })
        defer { probe.close() }
        do {
            let connection = try Connection(target.settings, timeout: .seconds(5), interrupt: { interrupt.isSet })
            defer { connection.close() }
            connection.deadline = .now + .seconds(10)
            return .value(try probe.look(connection, info))
        } catch {
            return .failed(fatalFailure(error, topic: topic, to: .read) ?? .incomplete(sentence(error)))
        }
    }
}
