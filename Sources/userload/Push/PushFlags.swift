// The options of a push, which load takes as well.

import CommandLineOptions
import Pipeline
import Records

/// What `push` prints of each file.
enum PrintMode: String, CaseIterable, Sendable { case slug, none }

enum PushFlags {
    static let label = Option.text(
        "label", "NAME",
        help: "Name a series of runs: status NAME shows the latest. A file with another label is another job.")
    static let again = Flag(
        "again", help: "Make a new job of a file that was pushed before, or resume an unfinished --again of it.")
    static let resend = Flag(
        "resend",
        help: "Send the same job again from its start; records that the database has counted are dropped there. With "
            + "--again: the latest --again job of the file.")
    static let onDuplicate = Option<OnDuplicate>.choice(
        "on-duplicate", "MODE",
        help: "What to do with a record whose key is already in the table: skip leaves the row as it is; update writes "
            + "the fields that the record gives, and JSON null clears one; reject keeps the record as a reject.",
        default: "skip")
    static let partitions = Option.integer(
        "partitions", "N", in: 1...10_000, help: "Partitions of the topic, if it has to be created.", default: "12")
    static let replication = Option.integer(
        "replication", "N", in: 1...1000, help: "Replicas of the topic, if it has to be created.",
        default: "the broker's own")
    static let retention = Option.duration(
        "retention", in: .seconds(60)...(.seconds(36_500 * 86_400)),
        help: "How long the topic keeps its records, if it has to be created.", default: "7d")
    static let stallTimeout = Option.duration(
        "stall-timeout", in: .seconds(1)...(.seconds(365 * 86_400)),
        help: "Give up when Kafka has acknowledged nothing for this long; the same command resumes later.",
        default: "5m")

    static let lockTimeout = Option.duration(
        "lock-timeout", in: .zero...(.seconds(365 * 86_400)),
        help: "Wait this long for files that another push is sending, all together; 0: not at all.", default: "5m")
    static let print = Option<PrintMode>.choice(
        "print", "WHAT", help: "What standard output is for.", default: "slug; with --quiet: none")

    static let all: [any DeclaredOption] =
        InputOptions.all + [
            Options.showValues, label, again, resend, onDuplicate, partitions, replication, retention, stallTimeout,
            lockTimeout, FileChoice.minAge, FileChoice.ifAny, OnFinish.option,
        ]

    /// What bears on the input alone.
    /// - Throws: `Failure` (usage), or what is wrong in the environment.
    static func inputOptions(_ arguments: ParsedArguments, _ context: Context) throws -> PushOptions {
        let streams = arguments.operands.count { $0 == "-" }
        if streams > 1 { throw Failure(.usage, "standard input (-) can be read only once") }
        var options = PushOptions()
        options.input = try InputOptions.flags(arguments)
        options.limits = InputOptions.limits(arguments)
        options.keyFields = try context.uniqueKey() ?? options.keyFields
        return options
    }

    /// - Throws: `Failure` (usage), or what is wrong in the environment.
    static func options(_ arguments: ParsedArguments, _ context: Context) throws -> PushOptions {
        var options = try inputOptions(arguments, context)
        options.showsValues = arguments[Options.showValues] || context.screen.isTerminal
        options.label = try checked(label: arguments[label])
        options.again = arguments[again]
        options.resend = arguments[resend]
        options.onDuplicate = arguments[onDuplicate] ?? options.onDuplicate
        options.partitions = arguments[partitions]
        options.replication = arguments[replication] ?? options.replication
        options.retention = arguments[retention] ?? options.retention
        options.stallTimeout = arguments[stallTimeout] ?? options.stallTimeout
        options.lockTimeout = arguments[lockTimeout] ?? options.lockTimeout
        options.command = PushLines.typed(Array(programArguments.dropFirst()))
        options.stateDirectory = Journal.directory(environment: context.environment)
        return options
    }

    /// No worker would take the start marker of a job with a longer one.
    private static func checked(label: String?) throws -> String? {
        if let count = label?.utf8.count, count > Limits.labelBytes {
            throw Failure(.usage, "--label is \(count) bytes long: at most \(Limits.labelBytes)")
        }
        return label
    }

    /// The words of what a suggested command keeps, beside what says what a file is.
    static func others(_ arguments: ParsedArguments) -> [String] {
        var words: [String] = []
        if let text = arguments[label] { words += ["--label", text] }
        if let mode = arguments[onDuplicate] { words += ["--on-duplicate", mode.rawValue] }
        if let text = arguments[Options.topic] { words += ["--topic", text] }
        if let text = arguments[Options.broker] { words += ["--broker", text] }
        if let text = arguments[Options.database] { words += ["--database", text] }
        return words
    }
}
