// A session's start: database, schema, topic, positions. Servers that are away are waited for.

import Foundation
import Kafka
import Postgres
import Records

/// One use, on the worker's thread.
struct SessionOpening {
    let options: WorkOptions
    let interrupt: Interrupt
    let report: @Sendable (WorkEvent) -> Void

    /// Everything up to reading.
    /// - Parameter onReady: called once the database is migrated.
    /// - Returns: nil: a drain has nothing to read.
    /// - Throws: `PipelineError` for what another try would not change, after `stallTimeout`, and when it is to stop;
    ///   `ConfigurationError`.
    func open(_ history: RunHistory, onReady: () -> Void) throws -> WorkSession? {
        var waiting = Waiting(self)
        let (info, name) = try waiting.retry { try openDatabase() }
        onReady()
        let interrupt = interrupt
        let admin = try Admin(options.kafka, isCancelled: { interrupt.isSet })
        defer { admin.close() }
        let cluster = try waiting.retry { try admin.clusterID(timeout: .seconds(5)) } ?? noClusterID
        let partitions = try waitForTopic(admin, &waiting)
        guard try !waiting.retry({ try isCompacted(options.topic, cluster: cluster, admin) }) else {
            throw TopicSettings.refusal(ofCompacted: options.topic)
        }
        let facts = SessionFacts(
            info: info, topic: options.topic, cluster: cluster, partitions: Int32(clamping: partitions),
            databaseName: name)
        let abandon = Interrupt(parent: nil)
        let lookup = LookupThread(interrupt: interrupt) { try tools(facts, abandon) }
        do {
            let locations = try waiting.retry { try lookup.ask { try $0.resolver.survey(facts.partitions) } }
            tellReading(facts, locations)
            let drain = options.purpose == .drain ? drain(locations) : nil
            if let drain, try waiting.retry({ try lookup.ask { try $0.resolver.isDone(drain, locations) } }) {
                lookup.stop()
                return nil
            }
            return try WorkSession(
                options, facts, lookup: lookup, abandon: abandon, drain: drain, outages: waiting.outages,
                history: history, interrupt: interrupt, report: report)
        } catch {
            abandon.set()
            lookup.stop()
            throw error
        }
    }

    private func openDatabase() throws -> (DatabaseInfo, String) {
        let interrupt = interrupt
        let connection = try Connection(options.database.settings, interrupt: { interrupt.isSet })
        defer { connection.close() }
        let migration = try Migrator.migrate(connection, options.database)
        if !migration.made.isEmpty { report(.migrated(migration.made)) }
        return (migration.info, "\(connection.place) as \(connection.user)")
    }

    private func waitForTopic(_ admin: Admin, _ waiting: inout Waiting) throws -> Int {
        var isTold = false
        while true {
            let count = try waiting.retry { try admin.partitions(of: options.topic, timeout: .seconds(5)) }
            if let count, count > 0 { return count }
            guard options.purpose != .drain else {
                throw PipelineError.kafka(
                    "there is no topic \(options.topic) on \(options.kafka.brokerNames): nothing was pushed there yet")
            }
            if !isTold { report(.waitingForTopic) }
            isTold = true
            // A push beside it creates the topic any moment.
            try waiting.pause(options.purpose == .load ? .milliseconds(50) : .seconds(1))
        }
    }

    private func tools(_ facts: SessionFacts, _ abandon: Interrupt) throws -> LookupThread.Tools {
        let interrupt = interrupt
        let connection = try Connection(
            options.database.settings, interrupt: { abandon.isSet || interrupt.isSet })
        let reader = try Reader(
            options.kafka, topic: options.topic, header: WireHeader.name,
            overrides: [("isolation.level", "read_uncommitted")],
            isCancelled: { abandon.isSet || interrupt.isSet })
        let admin = try Admin(options.kafka, isCancelled: { abandon.isSet || interrupt.isSet })
        let positions = PositionStore(connection, cluster: facts.cluster, topic: facts.topic)
        return LookupThread.Tools(
            connection, positions,
            PositionResolver(
                positions: positions, reader: reader, admin: admin, topic: facts.topic, cluster: facts.cluster),
            DrainLock(cluster: facts.cluster, topic: facts.topic) { [database = options.database] in
                try Connection(database.settings, interrupt: { abandon.isSet || interrupt.isSet })
            })
    }

    private func drain(_ locations: [Location]) -> Drain {
        locations.reduce(into: Drain()) { $0.setTarget($1.position.partition, low: $1.low, high: $1.high) }
    }

    private func tellReading(_ facts: SessionFacts, _ locations: [Location]) {
        report(
            .reading(
                partitions: Int(facts.partitions),
                messages: locations.reduce(0) { $0 + max(0, $1.high - max($1.next, $1.low)) },
                database: facts.databaseName, isFirstTime: locations.allSatisfy { $0.position.nextOffset < 0 }))
    }
}

/// Tries again while a server is away.
private struct Waiting {
    private(set) var outages: Outages
    private var stall: StallTimer
    private let interrupt: Interrupt
    private let topic: String

    init(_ opening: SessionOpening) {
        outages = Outages(report: opening.report)
        stall = StallTimer(limit: opening.options.stallTimeout, now: .now)
        interrupt = opening.interrupt
        topic = opening.options.topic
    }

    mutating func retry<T>(_ body: () throws -> T) throws -> T {
        var backoff = Backoff()
        while true {
            do {
                let value = try body()
                outages.answered()
                stall.progressed()
                return value
            } catch {
                if interrupt.isSet { throw PipelineError.interrupted }
                if let fatal = fatalFailure(error, topic: topic, to: .see) { throw fatal }
                outages.failed(error)
                try pause(backoff.next())
            }
        }
    }

    mutating func pause(_ duration: Duration) throws {
        let end = ContinuousClock.now + duration
        repeat {
            if interrupt.isSet { throw PipelineError.interrupted }
            if let limit = stall.exceeded(at: .now) { throw outages.stalled(limit) }
            Pipeline.pause(milliseconds: 20)
        } while ContinuousClock.now < end
    }
}
