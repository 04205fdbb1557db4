// Workers that were stopped while they held what a batch or a migration needs are ended; all others are waited for.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting) struct LoaderWatchTests {
    /// The decision alone: so many looks in a row at one state.
    @Test func standingStillIsCountedLookByLook() {
        var count = StandstillCount()
        func look(_ sessions: (Int, String)...) -> [Int] {
            count.look(at: sessions.map { StandstillCount.Session(pid: $0.0, state: $0.1, looks: 3) })
        }
        #expect(look((1, "a"), (2, "x")) == [])
        #expect(look((1, "a"), (2, "y")) == [])
        #expect(look((1, "a"), (2, "y")) == [1])
        #expect(look((2, "y")) == [2])
        // Ended or gone in between, it begins again.
        #expect(look((1, "a"), (2, "y")) == [])
        #expect(look((1, "a")) == [])
        #expect(look((1, "b"), (2, "y")) == [])
        #expect(look((1, "b"), (2, "y")) == [])
        count.forget()
        #expect(look((1, "b"), (2, "y")) == [])
    }

    private static let impatient = {
        var patience = BlockedWatch.Patience()
        patience.start = .milliseconds(200)
        patience.interval = .milliseconds(100)
        return patience
    }()

    private static let lock = "UPDATE userload.positions SET anchor_offset = 1 WHERE partition = 0;"

    private static let inStatement = """
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'active' AND wait_event = 'ClientRead'
        """

    /// Between two statements, behind a failed one, and inside COPY.
    @Test(arguments: [
        "BEGIN; \(lock)", "BEGIN; \(lock) SAVEPOINT a; SELECT 1 / 0;",
        "BEGIN; \(lock) COPY users (name, age) FROM STDIN;\nZ\t9",
    ])
    func aStoppedWorkerIsEnded(script: String) throws {
        let fixture = try LoaderFixture(patience: Self.impatient)
        let stopped = try OtherSession(fixture.migrated.database, applicationName: "userload", script: script)
        let monitor = try fixture.migrated.connect()
        let held = """
            SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event = 'ClientRead' AND backend_xid IS NOT NULL
            """
        try waitUntil { try monitor.query(held).count == 1 }
        stopped.pause()
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        #expect(try monitor.query(held).isEmpty)
        #expect(try fixture.people() == ["A|1"])
    }

    /// The topic was created again and nothing of it is loaded yet; the stopped worker has a batch of the old one.
    @Test func aNewGenerationBehindAStoppedWorkerIsBegun() throws {
        let fixture = try LoaderFixture()
        let settings = DatabaseSettings(parameters: fixture.migrated.database.parameters)
        let connection = try Connection(settings)
        let store = PositionStore(
            connection, cluster: "cluster", topic: "users",
            watch: BlockedWatch(settings, patience: Self.impatient, interrupt: { false }))
        let position = try store.positions([0])[0]
        let stopped = try OtherSession(
            fixture.migrated.database, applicationName: "userload", script: "BEGIN; \(Self.lock)")
        let monitor = try fixture.migrated.connect()
        try waitUntil {
            try monitor.query(
                "SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
            ).count == 1
        }
        stopped.pause()
        connection.deadline = .now + .seconds(30)
        #expect(try store.newGeneration(position)?.generation == 2)
    }

    @Test func otherSessionsAreWaitedFor() throws {
        let fixture = try LoaderFixture(patience: Self.impatient)
        let other = try fixture.migrated.connect(applicationName: "etl")
        try other.execute("BEGIN; \(Self.lock)")
        try expectWaiting(fixture) { try other.execute("COMMIT") }
    }

    @Test func aSlowWorkerIsWaitedFor() throws {
        let fixture = try LoaderFixture(patience: Self.impatient)
        let other = try fixture.migrated.connect()
        try other.execute("BEGIN; \(Self.lock)")
        // It does something between any two looks, and still no more than a stopped one is in ClientRead.
        try expectWaiting(fixture, meanwhile: { try other.execute("SELECT 1") }) { try other.execute("COMMIT") }
    }

    /// Its statement stays the same and it waits for its client at every look: a COPY on a slow line. It moves, though.
    @Test func aSlowCopyIsWaitedFor() throws {
        let fixture = try LoaderFixture(patience: Self.impatient)
        let slow = try OtherSession(
            fixture.migrated.database, applicationName: "userload",
            script: "BEGIN; \(Self.lock) COPY users (name, age) FROM STDIN;")
        let monitor = try fixture.migrated.connect()
        try waitUntil {
            try monitor.query("SELECT FROM pg_stat_progress_copy WHERE datname = current_database()").count > 0
        }
        var number = 0
        // psql sends its data in pieces of 8 KiB.
        func more() throws {
            number += 1
            try slow.send(
                "Z\(number)\(String(repeating: "z", count: 2_000))\t9\n"
                    + (0..<90).map { "\(number) \($0) \(String(repeating: "y", count: 90))\t9" }.joined(separator: "\n")
            )
        }
        try expectWaiting(fixture, meanwhile: more) { try slow.send("\\.\nCOMMIT;") }
        #expect(try fixture.rows("SELECT count(*) > 1000 FROM users") == ["t"])
    }

    /// A session that holds the table and is in the middle of a statement, which arrives through the proxy at 20 kB/s.
    private func slowStatement<Answer: Sendable>(
        _ fixture: LoaderFixture, _ query: @escaping @Sendable (Connection, Parameter) -> Answer
    ) throws -> (connection: Connection, proxy: TCPProxy, sending: Background<Answer>) {
        let proxy = try TCPProxy(to: fixture.migrated.database.server.port)
        let connection = try Connection(
            DatabaseSettings(
                parameters: fixture.migrated.database.parameters + [("port", String(proxy.port))]))
        try connection.execute("BEGIN; \(Self.lock)")
        proxy.setRate(20_000, .toServer)
        let monitor = try fixture.migrated.connect()
        let sending = Background { query(connection, .text(String(repeating: "x", count: 1_000_000))) }
        sending.start()
        try waitUntil { try monitor.query(Self.inStatement).count == 1 }
        return (connection, proxy, sending)
    }

    /// While a long statement arrives over a slow line, its session waits for its client, and nothing else of it changes.
    @Test func aStatementOnASlowLineIsWaitedFor() throws {
        let fixture = try LoaderFixture(patience: Self.impatient)
        let (slow, proxy, sending) = try slowStatement(fixture) {
            try? $0.query("SELECT length($1::text)", [$1]).first?.int(0)
        }
        try expectWaiting(fixture) {
            proxy.setRate(nil, .toServer)
            #expect(sending.result == 1_000_000)
            try slow.execute("COMMIT")
        }
    }

    /// In the middle of a statement as well, though later: of one that arrives slowly nothing shows that it does.
    @Test func aWorkerStoppedInsideAStatementIsEndedLater() throws {
        var patience = Self.impatient
        patience.looksInStatement = 20
        let fixture = try LoaderFixture(patience: patience)
        let (_, proxy, sending) = try slowStatement(fixture) { (try? $0.query("SELECT $1::text", [$1])) == nil }
        proxy.pause(.toServer)
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        #expect(sending.result)
    }

    /// Both connections of a worker may stand still when the process is stopped or busy: they are not each other's judges.
    @Test func ourOwnProcessIsWaitedFor() throws {
        let fixture = try LoaderFixture(patience: Self.impatient)
        let other = LoaderFixture.loader(fixture.migrated, patience: Self.impatient)
        let monitor = try fixture.migrated.connect(applicationName: "monitor")
        let waiting = Background { [batch = fixture.batch([TestRow("A", 1)])] in other.load(batch).text }
        fixture.loader.onStage = { stage, _ in
            guard stage == .swapped else { return }
            waiting.start()
            try? waitUntil { try monitor.hasWaiters(longerThan: "3s") }
        }
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        #expect(waiting.result == "lostSwap")
    }

    /// A stopped worker inside COPY, a migration behind it, and a batch behind that: the batch waits in BEGIN.
    @Test func aBatchBehindAMigrationBehindAStoppedWorkerIsFreed() throws {
        let fixture = try LoaderFixture(patience: Self.impatient)
        let (stopped, monitor) = try stoppedInCopy(fixture)
        defer { stopped.resume() }
        let migration = try OtherSession(
            fixture.migrated.database, applicationName: "etl",
            script: "SELECT pg_advisory_xact_lock(\(SchemaLock.key));")
        defer { migration.resume() }
        try waitUntil { try monitor.hasWaiters() }
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        #expect(try fixture.people() == ["A|1"])
    }

    @Test func aMigrationBehindAStoppedWorkerIsFreed() throws {
        let fixture = try LoaderFixture()
        let (stopped, _) = try stoppedInCopy(fixture)
        defer { stopped.resume() }
        let settings = DatabaseSettings(parameters: fixture.migrated.database.parameters)
        let connection = try Connection(settings)
        let report = try Migrator.migrate(
            connection, DatabaseTarget(settings: settings), newIdentity: true, patience: Self.impatient)
        #expect(report.info.revision == fixture.migrated.info.revision + 1)
    }

    private func stoppedInCopy(_ fixture: LoaderFixture) throws -> (OtherSession, Connection) {
        let stopped = try OtherSession(
            fixture.migrated.database, applicationName: "userload",
            script:
                "BEGIN; SELECT pg_advisory_xact_lock_shared(\(SchemaLock.key)); COPY users (name, age) FROM STDIN;\nZ\t9"
        )
        let monitor = try fixture.migrated.connect(applicationName: "monitor")
        try waitUntil {
            try monitor.query("SELECT FROM pg_stat_progress_copy WHERE datname = current_database()").count == 1
        }
        stopped.pause()
        return (stopped, monitor)
    }

    /// Two connections of one worker on a slow line, both with a new job: neither is ended, each loads its batch.
    @Test func aSlowLineOnlyTakesItsTime() throws {
        let fixture = try LoaderFixture()
        let proxy = try TCPProxy(to: fixture.migrated.database.server.port)
        let parameters = fixture.migrated.database.parameters + [("port", String(proxy.port))]
        defer { withExtendedLifetime(proxy) {} }
        proxy.setRate(200_000, .toServer)
        let loadings = (0..<2).map { partition in
            let batch = fixture.batch(
                (0..<400).map {
                    TestRow("P\($0) of \(partition)", $0 % 90, more: "\"x\":\"\(String(repeating: "x", count: 700))\"")
                },
                partition: Int32(partition))
            return Background { [migrated = fixture.migrated] in
                LoaderFixture.loader(migrated, parameters: parameters, patience: Self.impatient).load(batch).text
            }
        }
        for loading in loadings { loading.start() }
        #expect(loadings.map(\.result) == ["committed", "committed"])
        #expect(try fixture.counts() == "800|0|0")
    }

    /// The batch is still waiting, and the blocker there, when the watch would have ended a stopped one several times over.
    private func expectWaiting(
        _ fixture: LoaderFixture, meanwhile: () throws -> Void = {}, release: () throws -> Void
    ) throws {
        let monitor = try fixture.migrated.connect(applicationName: "monitor")
        let waiting = Background { [batch = fixture.batch([TestRow("A", 1)])] in fixture.loader.load(batch).text }
        waiting.start()
        try waitUntil {
            try meanwhile()
            return try monitor.hasWaiters(longerThan: "3s")
        }
        try release()
        #expect(waiting.result == "committed")
    }
}
