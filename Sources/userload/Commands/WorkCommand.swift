// `userload work`: consume, validate, COPY; as a service, or from cron with --drain.

import CommandLineOptions
import Kafka
import Log
import Pipeline
import Postgres

extension Command {
    private static let drain = Flag(
        "drain", help: "Stop when all that is in the topic now is in the database (for cron).")
    static let connections = Option.integer(
        "connections", "N", in: 1...64, help: "COPY connections, each with its share of the partitions.", default: "2")
    static let maxRefused = Option.integer(
        "max-refused", "N", in: 0...1_000_000_000,
        help: "Stop after N records in a row that the database refused with one code; 0: never, they become rejects.",
        default: "1000")

    private static let stallTimeout = Option.duration(
        "stall-timeout", in: .seconds(1)...(.seconds(365 * 86_400)),
        help: "With --drain: give up after so long without progress; the next run goes on.", default: "5m")

    static let work = Command(
        CommandDescription(
            "work", summary: "load what comes through Kafka into Postgres",
            discussion: [
                "Reads the topic as one of any number of workers, validates every record and loads it with COPY, rows "
                    + "and positions in one transaction. Makes its tables the first time. Goes on until SIGTERM or "
                    + "SIGINT, then finishes the batch in hand. Servers that are away are waited for."
            ],
            options: Options.kafka + Options.postgres + [drain, connections, maxRefused, stallTimeout]
                + Options.logging,
            examples: [
                Example("userload work", "Until it is told to stop, as a service."),
                Example("userload work --drain", "All there is now, then stop: from cron."),
            ]), isService: true
    ) { arguments, context in
        let (kafka, topic) = try context.kafkaSettings(arguments)
        var options = WorkOptions(kafka: kafka, topic: topic, database: try context.databaseTarget(arguments))
        options.drain = arguments[drain]
        options.connections = arguments[connections] ?? options.connections
        options.maxRefused = arguments[maxRefused] ?? options.maxRefused
        // A service waits for ever, whatever the flag's default.
        if options.drain { options.stallTimeout = arguments[stallTimeout] ?? .seconds(300) }
        let summary = try Worker(options, log: context.logger, interrupt: context.interrupt).run()
        guard options.drain, !summary.wasInterrupted else { return .done }
        return try conclude(summary, options, context)
    }

    /// What a drain says last, and its exit code. Open jobs count only if they got a record in this run.
    private static func conclude(
        _ summary: WorkSummary, _ options: WorkOptions, _ context: Context
    ) throws -> ExitCode {
        context.logger.info(
            """
            drained: \(grouped(summary.inserted)) inserted, \(grouped(summary.duplicates)) duplicates, \
            \(grouped(summary.rejected)) rejects
            """)
        let connection = try Connection(options.database.settings)
        defer { connection.close() }
        let open = try JobReader(connection).jobs(since: nil).filter(\.isOpen)
        let ours = open.filter { summary.touched.contains($0.id) }
        let older = open.count - ours.count
        for job in ours {
            context.logger.warning(
                "job \(job.slug) is \(job.state.rawValue): see `userload status \(job.slug)`", [("job", job.slug)])
        }
        if older > 0 {
            context.logger.info("\(older) older \(older == 1 ? "job is" : "jobs are") open: see `userload jobs`")
        }
        if !summary.passedOver.isEmpty { return .configuration }
        if !ours.isEmpty { return .incomplete }
        return summary.rejected > 0 ? .doneWithRejects : .done
    }
}
