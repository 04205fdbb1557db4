// A session's start: database, schema, topic, positions. It waits for servers that cannot be reached.

import Foundation
import Kafka
import Postgres
import Records

/// One use, on the worker's thread.
struct SessionOpening {
    let options: WorkOptions
    let interrupt: Interrupt
    let report: @Sendable (WorkEvent) -> Void

    /// Everything up to reading. What does not depend on other answers is asked at the same time.
    /// - Parameter onReady: called once the database is migrated and may be loaded into.
    /// - Returns: nil: a drain has nothing to read.
    /// - Throws: `PipelineError` for what another try would not change, after `stallTimeout`, and when it is to stop;
    ///   `ConfigurationError`.
    func open(_ history: RunHistory, onReady: (DatabaseInfo) -> Void) throws -> WorkSession? {
        var waiting = Waiting(self)
        let abandon = Interrupt()
        let kafka = Prefetch("kafka") { try askKafka() }
        let reader = Prefetch("reader") { try openReader(abandon) }
        do {
            let (connection, info, group) = try waiting.retry { try openDatabase(abandon) }
            waiting.hasPostgres = true
            onReady(info)
            let side = try waiting.retry { try kafka.take(isCancelled: { interrupt.isSet }) ?? askKafka() }
            waiting.hasKafka = true
            let partitions = try waitForTopic(side, &waiting)
            if try waiting.retry({
                try side.isCompacted ?? isCompacted(side.cluster, side.admin)
            }) {
                throw TopicSettings.refusal(ofCompacted: options.topic)
            }
            let facts = SessionFacts(
                info: info, topic: options.topic, cluster: side.cluster, group: group,
                partitions: Int32(clamping: partitions),
                databaseName: "\(connection.place) as \(connection.user)")
            let lookup = LookupThread(
                LookupOpening(
                    opening: self, facts: facts, abandon: abandon, first: (connection, side.admin, reader)),
                interrupt: interrupt, patience: patience(.seconds(30)))
            do {
                return try begin(lookup, facts, abandon, &waiting, history)
            } catch {
                lookup.stop()
                throw error
            }
        } catch {
            abandon.set()
            throw error
        }
    }

    private func begin(
        _ lookup: LookupThread, _ facts: SessionFacts, _ abandon: Interrupt, _ waiting: inout Waiting,
        _ history: RunHistory
    ) throws -> WorkSession? {
        let isByHand = options.purpose != .service
        let look = try waiting.retry {
            try lookup.ask { tools in
                try isByHand
                    ? tools.look(facts, partitions: facts.partitions)
                    : HandLook(locations: tools.resolver.survey(facts.partitions), hasLease: false)
            }
        }
        tellReading(facts, look.locations)
        if isByHand { tellExpired(look.locations) }
        let drain = options.purpose == .drain ? drain(look.locations) : nil
        if let drain,
            try look.standing != nil
                ? drain.behind(look.locations.offsets).isEmpty
                : waiting.retry({ try lookup.ask { try $0.resolver.isDone(drain, look.locations) } })
        {
            lookup.stop()
            return nil
        }
        return try WorkSession(
            options, facts, lookup: lookup, look: isByHand ? look : nil, abandon: abandon, drain: drain,
            outages: waiting.outages, history: history, interrupt: interrupt, report: report)
    }

    private func openDatabase(_ abandon: Interrupt) throws -> (Connection, DatabaseInfo, group: String) {
        let connection = try connect(abandon)
        // A server that accepts connections and answers nothing is away.
        connection.deadline = options.stallTimeout.map { .now + $0 / 2 }
        let migration = try Migrator.migrate(connection, options.database)
        if !migration.made.isEmpty { report(.migrated(migration.made)) }
        try Rights.check(connection, migration.info, updating: options.updates)
        try RowSecurity.check(connection, migration.info)
        let group = try SessionFacts.group(of: migration.info, topic: options.topic, connection)
        connection.deadline = nil
        return (connection, migration.info, group)
    }

    /// What Kafka knows of cluster and topic, and the client that asked.
    struct KafkaSide {
        let admin: Admin
        let cluster: String
        /// nil: there is no topic yet.
        let partitions: Int?
        /// nil: not asked.
        let isCompacted: Bool?
    }

    private func askKafka() throws -> KafkaSide {
        let admin = try openAdmin()
        do {
            let partitions = try admin.partitions(of: options.topic, timeout: patience(.seconds(5)))
            let cluster = try admin.clusterID(timeout: patience(.seconds(5))) ?? noClusterID
            return KafkaSide(
                admin: admin, cluster: cluster, partitions: partitions,
                isCompacted: try partitions.map { _ in try isCompacted(cluster, admin) })
        } catch {
            admin.close()
            throw error
        }
    }

    private func isCompacted(_ cluster: String, _ admin: Admin) throws -> Bool {
        try Pipeline.isCompacted(options.topic, cluster: cluster, admin, timeout: patience(.seconds(10)))
    }

    /// For one answer of a server. Half the stall timeout at most: a single wait counts for no more.
    private func patience(_ usual: Duration) -> Duration { options.stallTimeout.map { min(usual, $0 / 2) } ?? usual }

    private func waitForTopic(_ side: KafkaSide, _ waiting: inout Waiting) throws -> Int {
        if let partitions = side.partitions { return partitions }
        var isTold = false
        while true {
            let count = try waiting.retry {
                try side.admin.partitions(of: options.topic, timeout: patience(.seconds(5)))
            }
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

    fileprivate func connect(_ abandon: Interrupt) throws -> Connection {
        let interrupt = interrupt
        return try Connection(
            options.database.settings, timeout: patience(.seconds(10)), interrupt: { abandon.isSet || interrupt.isSet })
    }

    fileprivate func openAdmin() throws -> Admin {
        let interrupt = interrupt
        return try Admin(options.kafka, isCancelled: { interrupt.isSet })
    }

    fileprivate func openReader(_ abandon: Interrupt) throws -> Reader {
        let interrupt = interrupt
        return try Reader(
            options.kafka, topic: options.topic, header: WireHeader.name,
            overrides: [("isolation.level", "read_uncommitted")],
            isCancelled: { abandon.isSet || interrupt.isSet })
    }

    private func drain(_ locations: [Location]) -> Drain {
        locations.reduce(into: Drain()) { $0.setTarget($1.position.partition, low: $1.low, high: $1.high) }
    }

    /// Of partitions that have nothing left to read: who reads by hand does not take them, and would say nothing.
    private func tellExpired(_ locations: [Location]) {
        for location in locations where location.low >= location.high {
            guard let from = location.expiredFrom else { continue }
            report(.expired(partition: location.position.partition, from: from, next: location.low))
        }
    }

    private func tellReading(_ facts: SessionFacts, _ locations: [Location]) {
        report(
            .reading(
                partitions: Int(facts.partitions),
                messages: locations.reduce(0) { $0 + max(0, $1.high - max($1.next, $1.low)) },
                database: facts.databaseName, isFirstTime: locations.allSatisfy { $0.position.nextOffset < 0 }))
    }
}

/// Makes a lookup thread's tools: the first time of what was opened before.
struct LookupOpening: @unchecked Sendable {
    // Unchecked: made on one thread and handed to another, which alone uses `first` from then on; all else is Sendable.
    typealias First = (connection: Connection, admin: Admin, reader: Prefetch<Reader>)

    fileprivate let opening: SessionOpening
    fileprivate let facts: SessionFacts
    fileprivate let abandon: Interrupt
    fileprivate let first: First

    /// On the lookup thread.
    func make(isFirst: Bool) throws -> LookupThread.Tools {
        let isCancelled = { [abandon, opening] in abandon.isSet || opening.interrupt.isSet }
        let connection = try isFirst ? first.connection : opening.connect(abandon)
        let reader = try (isFirst ? first.reader.take(isCancelled: isCancelled) : nil) ?? opening.openReader(abandon)
        let admin = try isFirst ? first.admin : opening.openAdmin()
        let positions = PositionStore(
            connection, cluster: facts.cluster, topic: facts.topic,
            watch: BlockedWatch(opening.options.database.settings, interrupt: connection.interrupt))
        return LookupThread.Tools(
            connection, positions,
            PositionResolver(
                positions: positions, reader: reader, admin: admin, topic: facts.topic, cluster: facts.cluster),
            HandReaderLease(connection, cluster: facts.cluster, topic: facts.topic))
    }
}

/// Tries again while a server is away.
private struct Waiting {
    private(set) var outages: Outages
    private var stall: StallTimer
    private let interrupt: Interrupt
    private let topic: String
    private let report: @Sendable (WorkEvent) -> Void
    private let sign: (@Sendable (WorkSign) -> Void)?
    private let start = ContinuousClock.now
    private let firstContact = FirstContact()
    /// They have answered before.
    var hasPostgres = false
    var hasKafka = false
    /// At the last try nobody knew the topic.
    private var lacksTopic = false

    init(_ opening: SessionOpening) {
        report = opening.report
        sign = opening.options.sign
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
                lacksTopic = false
                return value
            } catch {
                lacksTopic = (error as? KafkaError)?.isUnknownTopic == true
                if interrupt.isSet { throw PipelineError.interrupted }
                if let fatal = fatalFailure(error, topic: topic, to: .see) { throw fatal }
                if lacksTopic {
                    // A topic that was just created is not known to every broker, nor to every client.
                    try pause(.milliseconds(50))
                } else {
                    outages.failed(error)
                    let isKafka = error is KafkaError
                    let isFirst = isKafka ? !hasKafka : !hasPostgres
                    if isFirst, ContinuousClock.now - start >= FirstContact.patience, firstContact.isDue {
                        report(.firstContact(isKafka ? .kafka : .postgres))
                    }
                    try pause(backoff.next())
                }
            }
        }
    }

    mutating func pause(_ duration: Duration) throws {
        let end = ContinuousClock.now + duration
        repeat {
            sign?(WorkSign(isStopping: interrupt.isSet))
            if interrupt.isSet { throw PipelineError.interrupted }
            if let limit = stall.exceeded(at: .now) {
                throw outages.stalled(limit, otherwise: lacksTopic ? "topic \(topic) does not exist" : nil)
            }
            Pipeline.pause(milliseconds: 20)
        } while ContinuousClock.now < end
    }
}
