// The worker's start and end: servers, schema, topic and group; what it says it joins; and how it lets go.

import Foundation
import Kafka
import Log
import Postgres
import Records

/// What a worker finds at its start.
struct SessionFacts: Sendable {
    let info: DatabaseInfo
    let cluster: String
    let partitions: Int32
    /// How sentences call the database, such as "crm on db2 as etl".
    let databaseName: String

    var isMock: Bool { cluster.hasPrefix("mockCluster") }
}

extension Worker {
    /// Everything up to membership in the group. Servers that are away are waited for.
    func open() throws {
        abandon = Interrupt()
        lastProgress = .now
        let (info, name) = try waiting { try openDatabase() }
        onReady?()
        let admin = try Admin(options.kafka)
        let cluster = try waiting { try admin.clusterID(timeout: .seconds(5)) } ?? ""
        let partitions = try waitForTopic(admin)
        world = SessionFacts(info: info, cluster: cluster, partitions: Int32(partitions), databaseName: name)
        if try isCompacted(options.topic, admin, world) {
            throw PipelineError.configuration(
                "topic \(options.topic) is compacted (cleanup.policy): it loses records; set cleanup.policy=delete on it"
            )
        }
        startControl()
        let locations = try waiting { [world] in
            try control.ask { tools in try tools.locator.survey(Int32(world!.partitions)) }
        }
        sayJoining(locations)
        if options.drain {
            var drain = Drain()
            for location in locations {
                drain.setTarget(location.position.partition, low: location.low, high: location.high)
            }
            self.drain = drain
        }
        startLoaders()
        intake = MessageProcessor(keyFields: info.keyFields, source: self)
        consumer = try Consumer(options.kafka, group: group, handler: self)
        try consumer.subscribe(options.topic)
        lastProgress = .now
    }

    /// One group a database, so that nobody on the same broker takes its partitions.
    private var group: String { "userload-\(world.info.identity)-\(options.topic)" }

    private func openDatabase() throws -> (DatabaseInfo, String) {
        let connection = try Connection(options.database.settings, interrupt: giveUp)
        defer { connection.close() }
        let report = try Migrator.migrate(connection, options.database)
        for sentence in report.made { log.info(sentence) }
        return (report.info, "\(connection.place) as \(connection.user)")
    }

    /// Waits on servers end at the first wish to stop while nothing is in hand.
    private var giveUp: @Sendable () -> Bool {
        let interrupt = self.interrupt
        return { interrupt.isSet }
    }

    private func waitForTopic(_ admin: Admin) throws -> Int {
        var isSaid = false
        while true {
            let count = try waiting {
                try admin.partitions(of: options.topic, timeout: .seconds(5))
            }
            if let count { return count }
            guard !options.drain else {
                throw PipelineError.kafka(
                    "no topic \(options.topic) on \(options.kafka.brokers): nothing was pushed there yet")
            }
            if !isSaid { tell("waiting for topic \(options.topic): `userload push` makes it") }
            isSaid = true
            try pause(.seconds(1))
        }
    }

    private func startControl() {
        let options = self.options
        let world = self.world!
        let abandon = self.abandon
        let interrupt = self.interrupt
        control = LookupThread {
            let connection = try Connection(
                options.database.settings, interrupt: { abandon.isSet || interrupt.isSet })
            let reader = try Reader(options.kafka, topic: options.topic, header: WireHeader.name)
            let store = PositionStore(connection, cluster: world.cluster, topic: options.topic)
            return LookupThread.Tools(
                connection, store,
                PositionResolver(store: store, reader: reader, topic: options.topic) {
                    try isCompacted(options.topic, Admin(options.kafka), world)
                })
        }
    }

    private func startLoaders() {
        let options = self.options
        let world = self.world!
        let abandon = self.abandon
        builders = (0..<options.connections).map { _ in BatchBuilder(Batch()) }
        spare = (0..<options.connections).map { _ in Batch() }
        loaders = (0..<options.connections).map { index in
            LoaderThread(
                index: index,
                makeLoader: {
                    Loader(
                        target: options.database, info: world.info, cluster: world.cluster, topic: options.topic,
                        maxRefused: options.maxRefused, interrupt: { abandon.isSet })
                },
                answer: { [mail] in mail.post(.loader($0, $1)) })
        }
    }

    private func sayJoining(_ locations: [Location]) {
        let waiting = locations.reduce(0) { $0 + max(0, $1.high - max($1.next, $1.low)) }
        let isFirst = locations.allSatisfy { $0.position.nextOffset < 0 }
        tell(
            """
            reading \(options.topic) on \(options.kafka.brokers) (\(world.partitions) partitions) into \
            \(world.databaseName)\(isFirst ? "; first time" : ""): \(grouped(waiting)) messages to read
            """)
    }

    func sayOwned(_ partitions: [Int32]) {
        guard partitions.isEmpty else {
            return tell("owns \(partitions.count) of \(world.partitions) partitions")
        }
        let members = try? Admin(options.kafka).groupMembers(group, timeout: .seconds(2))
        tell(
            "owns none: \(world.partitions) partitions, \(members.map { "\($0) consumers" } ?? "enough other consumers"), idle"
        )
    }

    // MARK: The end

    func close() {
        let end = ContinuousClock.now + (interrupt.isSet ? .seconds(3) : .seconds(60))
        if consumer != nil {
            finishBatches(submitting: interrupt.isSet && failure == nil, until: end)
        }
        loaders.forEach { $0.stop() }
        isClosing = true
        defer { isClosing = false }
        if builders.contains(where: { $0.inFlight > 0 }) || failure != nil { abandon.set() }
        control?.stop()
        summary.touched.formUnion(intake?.touched ?? [])
        if consumer != nil {
            commitOffsets()
            consumer.close(limit: postgresOutage.isOn ? .seconds(1) : .seconds(3))
        }
        // Whoever still waits for a server by now is left behind.
        loaders.forEach { $0.waitForEnd(limit: .seconds(1)) }
        control?.waitForEnd(limit: .seconds(1))
        loaders = []
        builders = []
        consumer = nil
        control = nil
    }

    // MARK: Waiting

    /// Tries until it works. Throws a `PipelineError` for what another try would not change, after `stallTimeout`, and
    /// when the worker is to stop.
    private func waiting<T>(_ body: () throws -> T) throws -> T {
        var backoff = Backoff()
        while true {
            do {
                let value = try body()
                mindPostgresIsBack()
                mindKafkaIsBack()
                return value
            } catch {
                if interrupt.isSet { throw PipelineError.incomplete("interrupted") }
                mind(error)
                if let failure { throw failure }
                if let limit = options.stallTimeout, ContinuousClock.now - lastProgress > limit { throw stalled(limit) }
                try pause(backoff.next())
            }
        }
    }

    private func pause(_ duration: Duration) throws {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {
            if interrupt.isSet { throw PipelineError.incomplete("interrupted") }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }
}

extension Worker: ProgressSource {
    func progress(of job: JobID, partition: Int32) throws -> Progress {
        if let known = askedAhead.take(job, partition) { return known }
        let partitions = assignment.partitions
        let found = try control.ask { try $0.store.progress(job: job, partitions: partitions) }
        askedAhead.keep(job, partitions, found: found)
        return askedAhead.take(job, partition) ?? Progress()
    }

    func passedOver(_ job: JobID, why: PassOverReason) {
        guard summary.passedOver.insert(job).inserted else { return }
        switch why {
        case .otherKey(let key, let mode):
            log.warning(
                """
                job \(job.slug) is passed over: its key is \(key.text) (on duplicate: \(mode.rawValue)), this \
                database's is \(world.info.keyFields.text). Set USERLOAD_UNIQUE_KEY and run `userload migrate`, or \
                push it with this key; then `userload push --resend` loads it
                """)
        case .newerWire(let version):
            log.warning(
                """
                job \(job.slug) is passed over: it is of wire version \(version), newer than this program; upgrade \
                `work`, then `userload push --resend` loads it
                """)
        }
    }
}

/// A compacted topic loses records in its middle. The mock cluster cannot say (DescribeConfigs times out there).
private func isCompacted(_ topic: String, _ admin: Admin, _ world: SessionFacts) throws -> Bool {
    if world.isMock { return false }
    do {
        return try admin.configuration(of: topic)["cleanup.policy"]?.contains("compact") ?? false
    } catch {
        // Without the right to read the topic's settings nobody can tell.
        if error.isAuthorization { return false }
        throw error
    }
}
