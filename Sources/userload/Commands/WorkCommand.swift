// `userload work`: consume, validate, COPY; as a service, or from cron with --drain.

import CommandLineOptions
import Kafka
import Log
import Pipeline
import Postgres
import Records

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
        help: "With --drain: give up after this long without progress; the next run resumes.", default: "5m")

    /// More of them at the end of a drain are only counted.
    private static let namedJobs = 20

    static let work = Command(
        CommandDescription(
            "work", summary: "load what comes through Kafka into Postgres",
            discussion: [
                "Reads the topic as one of any number of workers, validates every record and loads it with COPY, rows "
                    + "and positions in one transaction. Creates its tables the first time. Runs until SIGTERM or "
                    + "SIGINT, then finishes its batch. It waits for servers that cannot be reached. With --drain it joins no "
                    + "consumer group: it reads what no worker is reading.",
                "On a terminal it shows its progress; in a log, one line per minute while there is progress. It tells "
                    + "systemd that it is ready, what it is doing, and that it is alive (Type=notify, WatchdogSec).",
            ],
            options: Options.kafka + Options.postgres
                + [
                    drain, connections, maxRefused, stallTimeout, RunTimeout.drain, OnFinish.option,
                    MetricsFlags.metricsFile, WorkFlags.statusFile,
                ] + Options.logging,
            examples: [
                Example("userload work", "As a service, until it is stopped."),
                Example("userload work --drain", "All there is now, then stop: from cron."),
            ]), isService: true
    ) { arguments, context in
        context.recordRun("work", arguments)
        let (kafka, topic) = try context.kafkaSettings(arguments)
        var options = WorkOptions(kafka: kafka, topic: topic, database: try context.databaseTarget(arguments))
        if arguments[drain] { options.purpose = .drain }
        try context.checkDrainOnly(arguments, isDrain: arguments[drain])
        context.stop(after: arguments[RunTimeout.drain])
        options.connections = arguments[connections] ?? options.connections
        options.maxRefused = arguments[maxRefused] ?? options.maxRefused
        // A service waits for ever, whatever the flag's default.
        if options.purpose == .drain { options.stallTimeout = arguments[stallTimeout] ?? .seconds(300) }
        let (summary, behind) = try run(&options, arguments, context)
        context.record.count(summary)
        // The terminal has put ^C there.
        if summary.wasInterrupted, context.screen.isTerminal { context.screen.line("") }
        guard options.purpose == .drain else {
            context.logger.info("stopped: \(WorkReport.text(summary.counts)) in this run")
            return .done
        }
        guard !summary.wasInterrupted else {
            let word = context.stoppedWord(arguments[RunTimeout.drain])
            context.logger.warning(WorkReport.stopped(word, summary.counts, behind: behind, command: PushLines.typed))
            return context.code(.interrupted)
        }
        context.recordLag(options)
        return try conclude(summary, options, context)
    }

    /// The worker, and all that tells of it. Also how many messages were left when it last looked.
    private static func run(
        _ options: inout WorkOptions, _ arguments: ParsedArguments, _ context: Context
    ) throws -> (WorkSummary, behind: Int64?) {
        let report = WorkReport(options, context.logger)
        let monitor = WorkMonitor(options.topic, arguments, context)
        let files = WorkFiles(statusFile: arguments[WorkFlags.statusFile], options, monitor, context)
        defer {
            monitor.ended()
            files.stop()
        }
        options.sign = { monitor.take($0) }
        let summary = try Worker(options, interrupt: context.interrupt) { event in
            monitor.tell(event)
            report.tell(event)
        }.run()
        return (summary, monitor.snapshot.activity.behind)
    }

    /// What a drain says last, and its exit code. Open jobs count only if they got a record in this run.
    private static func conclude(
        _ summary: WorkSummary, _ options: WorkOptions, _ context: Context
    ) throws -> ExitCode {
        let connection = try context.connectPatiently(options.database, for: options.stallTimeout ?? .seconds(300))
        defer { connection.close() }
        let reader = JobReader(connection)
        let ours = try reader.statuses(summary.touched.filter { $0 != .foreign })
        context.logger.info(drained(summary, ours))
        let open = try reader.jobs(since: nil).filter(\.isOpen)
        let openOurs = open.filter { summary.touched.contains($0.id) }
        for job in openOurs.prefix(namedJobs) {
            context.logger.warning(
                "job \(job.slug) is \(job.state.rawValue): see `userload status \(job.slug)`", [("job", job.slug)])
        }
        if openOurs.count > namedJobs {
            let others = counted(openOurs.count - namedJobs, "other job")
            context.logger.warning("\(others) of this run did not end either: see `userload jobs`")
        }
        let older = open.count - openOurs.count
        if older > 0 {
            context.logger.info("\(counted(older, "older job")) \(older == 1 ? "is" : "are") open: see `userload jobs`")
        }
        let damaged = reader.damaged.jobs
        let code = context.tellDamaged(damaged)
        if damaged.contains(where: { summary.touched.contains($0.id) }) { return code }
        if !summary.passedOver.isEmpty { return .configuration }
        if !openOurs.isEmpty { return .incomplete }
        // What the database says of the jobs holds, whatever this process learnt of its own commits.
        return summary.counts.rejected > 0 || ours.contains { $0.rejected > 0 } ? .doneWithRejects : .done
    }

    private static func drained(_ summary: WorkSummary, _ jobs: [JobStatus]) -> String {
        if summary.isIncomplete {
            let total = jobs.reduce(
                into: (inserted: Int64(0), updated: Int64(0), duplicates: Int64(0), rejected: Int64(0))
            ) {
                $0.inserted &+= $1.inserted
                $0.updated &+= $1.updated
                $0.duplicates &+= $1.duplicates
                $0.rejected &+= $1.rejected
            }
            return "drained; \(counted(jobs.count, "job")) of this run in all: \(grouped(total.inserted)) inserted, "
                + (total.updated > 0 ? "\(grouped(total.updated)) updated, " : "")
                + "\(counted(total.duplicates, "duplicate")), \(counted(total.rejected, "reject"))"
        }
        let counts = summary.counts
        return "drained: \(grouped(counts.inserted)) inserted, "
            + (counts.updated > 0 ? "\(grouped(counts.updated)) updated, " : "")
            + "\(counted(counts.duplicates, "duplicate")), "
            + counted(counts.rejected, "reject")
    }
}
