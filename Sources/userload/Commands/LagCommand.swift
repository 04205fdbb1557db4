// `userload lag`: how far the database is behind the topic.

import CommandLineOptions
import Foundation
import Kafka
import Log
import Pipeline
import Postgres

extension Command {
    private static let wait = Flag("wait", help: "Wait until nothing is behind.")
    private static let timeout = Option.duration(
        "timeout", in: .seconds(1)...(.seconds(366 * 86_400)),
        help: "With --wait: give up after this long, with exit code 3.")
    private static let stallTimeout = Option.duration(
        "stall-timeout", in: .seconds(1)...(.seconds(365 * 86_400)),
        help: "With --wait: give up, with exit code 3, when nothing was read for this long.", default: "5m")

    /// Between two looks, for the rate.
    private static let interval = Duration.seconds(2)
    private static let logInterval = Duration.seconds(60)

    static let lag = Command(
        CommandDescription(
            "lag", summary: "show how far the database is behind the topic",
            discussion: [
                "For each partition: the position that the database has, the end of the log, how many messages lie "
                    + "between them, and when the oldest of these was written. Where anything is behind it looks twice, "
                    + "2 s apart, for the rate. Nothing is changed, in Kafka or in Postgres.",
                "The exit code is 0 if all could be read; with --wait 3 if something is still behind.",
            ],
            options: [wait, timeout, stallTimeout, Options.json] + Options.kafka + Options.postgres
                + Options.logging,
            examples: [
                Example("userload lag", "What is left to load, and how long that takes."),
                Example("userload lag --wait --timeout 1h", "For a script: until all is loaded."),
            ])
    ) { arguments, context in
        do {
            return try showLag(arguments, context)
        } catch {
            throw withNextStep(error)
        }
    }

    private static func showLag(_ arguments: ParsedArguments, _ context: Context) throws -> ExitCode {
        if arguments[timeout] != nil, !arguments[wait] { throw Failure(.usage, "--timeout goes with --wait") }
        let (kafka, topic) = try context.kafkaSettings(arguments)
        var session: DatabaseSession? = try context.openDatabase(arguments)
        let database = session.map { "\($0.connection.place) as \($0.connection.user)" } ?? ""
        let interrupt = context.interrupt
        let probe = LagProbe(kafka, topic: topic, isCancelled: { interrupt.isSet })
        defer { probe.close() }
        func look(asksGroup: Bool = true) throws -> Lag {
            let open = try session ?? context.openDatabase(arguments)
            session = open
            return try probe.look(open.connection, open.info, asksGroup: asksGroup)
        }
        func print(_ lag: Lag, _ rate: Double?) throws {
            if arguments[Options.json] {
                let document = lagDocument(
                    lag, rate: rate, topic: topic, brokers: kafka.brokerNames, database: database)
                return try context.output.line(document.text)
            }
            let place = "\(topic) on \(kafka.brokerNames) → \(database)"
            for line in LagReport(lag: lag, rate: rate, times: Times(now: context.now())).lines(place: place) {
                try context.output.line(context.output.width.map { truncated(line, to: $0) } ?? line)
            }
        }

        var meter = LagMeter()
        var seen = try look()
        meter.add(seen, at: .now)
        guard arguments[wait] else {
            if seen.behind > 0 {
                context.pause(interval)
                if interrupt.isSet { return .interrupted }
                seen = try look()
                meter.add(seen, at: .now)
            }
            try print(seen, meter.rate)
            return .done
        }

        let start = ContinuousClock.now
        var waiting = LagWait(timeout: arguments[timeout], stall: arguments[stallTimeout] ?? .seconds(300), now: .zero)
        var nextLine = start + logInterval
        var found: Lag? = seen
        defer { context.screen.progress("") }
        while true {
            let decision = waiting.decide(found, at: .now - start)
            guard decision == .wait else {
                context.screen.progress("")
                try print(seen, meter.rate)
                return context.conclude(decision, arguments[timeout], waiting.stall, seen)
            }
            let line = found.map { LagReport.progress($0, meter.rate, now: context.now()) } ?? "no answer, waiting"
            context.screen.progress(line)
            if !context.screen.isTerminal, .now >= nextLine {
                nextLine = .now + logInterval
                context.logger.info(line)
            }
            context.pause(.seconds(1))
            if interrupt.isSet { return .interrupted }
            do {
                seen = try look()
                found = seen
                meter.add(seen, at: .now)
            } catch  where fatalFailure(error) == nil && !interrupt.isSet {
                context.logger.debug("\(sentence(error))")
                found = nil
                session?.connection.close()
                session = nil
            }
        }
    }
}

/// What a server says of its absence is not what to do about it.
private func withNextStep(_ error: any Error) -> any Error {
    guard error is KafkaError || error is PostgresError, let failure = failure(for: error) else { return error }
    let step: String
    switch failure.code {
    case .kafka: step = "KAFKA_BROKER or --broker names your brokers; `userload doctor` looks at each part"
    case .postgres:
        step = "DATABASE_URL, DB_* or --database name your database; `userload doctor` looks at each part"
    case .configuration where failure.hint == nil: step = "`userload doctor` looks at each part"
    default: return error
    }
    return Failure(failure.code, failure.message, hint: [failure.hint, step].compactMap { $0 }.joined(separator: " "))
}

extension Context {
    fileprivate func conclude(
        _ decision: LagWait.Decision, _ timeout: Duration?, _ stall: Duration, _ lag: Lag
    ) -> ExitCode {
        switch decision {
        case .wait, .done: return .done
        case .timedOut:
            logger.error(
                "\(counted(lag.behind, "message")) still behind after \(timeout.map(spelled) ?? "")",
                hint: "`userload lag` shows whether anything is being read; `userload work --drain` loads them now")
        case .stalled:
            logger.error(
                "nothing was read for \(spelled(stall)), \(counted(lag.behind, "message")) still behind",
                hint: "`userload work` loads them, as a service; or `userload work --drain`, now")
        }
        return .incomplete
    }

    /// Ends early when the program is told to stop.
    func pause(_ duration: Duration) {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end, !interrupt.isSet { Thread.sleep(forTimeInterval: 0.05) }
    }
}

/// The rate of what was read lately.
struct LagMeter {
    private static let window = Duration.seconds(30)
    private var looks: [(at: ContinuousClock.Instant, lag: Lag)] = []

    mutating func add(_ lag: Lag, at now: ContinuousClock.Instant) {
        looks.append((now, lag))
        while looks.count > 2, now - looks[1].at >= Self.window { looks.removeFirst() }
    }

    /// Messages a second; nil: seen only once.
    var rate: Double? {
        guard let first = looks.first, let last = looks.last, looks.count > 1, last.at > first.at else { return nil }
        return Double(last.lag.taken(since: first.lag)) / (last.at - first.at).seconds
    }
}
