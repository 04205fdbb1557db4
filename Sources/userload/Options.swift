// Options that several commands share.

import CommandLineOptions
import Log

enum Options {
    static let broker = Option.text(
        "broker", short: "b", "HOST:PORT", help: "Kafka brokers, separated by commas.", environment: "KAFKA_BROKER",
        default: Defaults.broker)
    static let topic = Option.text(
        "topic", short: "t", "TOPIC", help: "The topic. Has a default only with a broker on loopback.",
        environment: "KAFKA_TOPIC", default: Defaults.topic)
    static let database = Option.text(
        "database", short: "d", "NAME|URL", help: "The database, without a password.",
        environment: "DATABASE_URL, DB_*, PG*")
    static let quiet = Flag("quiet", short: "q", help: "Print only problems.")
    static let verbose = Flag("verbose", short: "v", help: "Print more: every batch, and what the libraries report.")
    static let logFormat = Option<LogFormat>.choice(
        "log-format", "FORMAT", help: "Format of standard error.", default: "text")

    static let kafka: [any DeclaredOption] = [broker, topic]
    static let postgres: [any DeclaredOption] = [database]
    static let logging: [any DeclaredOption] = [quiet, verbose, logFormat]

    static let json = Flag("json", help: "Print JSON for programs.")
    static let showValues = Flag(
        "show-values",
        help: "Quote invalid values, which may be personal, also where they are not shown on a terminal.")
}

/// Values used when neither a flag nor the environment gives one.
enum Defaults {
    static let broker = "127.0.0.1:9092"
    static let topic = "users"
}
