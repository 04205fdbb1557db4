// `userload dev-broker`: librdkafka's mock cluster, for a machine without Kafka.

import CommandLineOptions
import Foundation
import Kafka
import Log
import Pipeline

extension Command {
    private static let partitions = Option.integer(
        "partitions", "N", in: 1...1000, help: "Partitions of the topic.", default: "4")

    static let devBroker = Command(
        CommandDescription(
            "dev-broker", summary: "run an in-memory Kafka for trying things out",
            discussion: [
                "Runs librdkafka's mock cluster on a free loopback port until SIGINT or SIGTERM, and prints its "
                    + "address. It keeps at most 5 MB per partition, so push refuses files it could not hold, and "
                    + "forgets everything when it stops. Use a real Kafka for data that matters."
            ],
            options: [Options.topic, partitions] + Options.logging,
            examples: [
                Example(
                    "userload dev-broker", "Prints 127.0.0.1:PORT; KAFKA_BROKER=127.0.0.1:PORT userload load users.csv")
            ])
    ) { arguments, context in
        let topic = arguments[Options.topic] ?? context.environment["KAFKA_TOPIC"] ?? Defaults.topic
        let broker = try DevBroker(topic: topic, partitions: arguments[partitions] ?? 4)
        defer { broker.close() }
        Torture.fails(broker)
        try context.output.line(broker.bootstrapServers)
        try context.output.flush()
        context.logger.info("dev-broker with topic \(topic); it forgets everything when it stops (Ctrl-C)")
        // A signal ends the sleep, or its flag is seen after it.
        while !context.interrupt.isSet { Thread.sleep(forTimeInterval: 0.2) }
        return .done
    }
}
