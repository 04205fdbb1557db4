// Connections that break, deadlocks, and answers that are not what they seem.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting) struct LoaderOutageTests {
    /// Whatever the batch has come to: the server ends the session, the same batch is given again.
    @Test(arguments: LoadStage.allCases)
    func aLostConnectionCostsNothing(stage: LoadStage) throws {
        let fixture = try LoaderFixture()
        let killer = try fixture.migrated.connect()
        var kills = 0
        fixture.loader.onStage = { reached, connection in
            guard reached == stage, kills == 0 else { return }
            kills += 1
            let pid = try! connection.query("SELECT pg_backend_pid()")[0].int(0)!
            _ = try! killer.query("SELECT pg_terminate_backend($1)", [.int(pid)])
            try! waitUntil { try killer.query("SELECT FROM pg_stat_activity WHERE pid = $1", [.int(pid)]).isEmpty }
        }
        let before = try fixture.everything()
        let batch = fixture.batch([TestRow("A", 1), TestRow("B", 2), TestRow("A", 1)])
        batch.addReject("x", seq: 4)
        fixture.finish(batch, records: 4)
        #expect(fixture.load(batch) == "retry 57P01")
        #expect(try fixture.everything() == before)
        #expect(kills == 1)
        #expect(fixture.load(batch) == "committed")
        #expect(try fixture.people() == ["A|1", "B|2"])
        #expect(try fixture.counts() == "2|1|1")
    }

    @Test func aCommitThatIsAnsweredWithRollbackDoesNotCount() throws {
        let fixture = try LoaderFixture()
        var isFirst = true
        fixture.loader.onStage = { stage, connection in
            guard stage == .counted, isFirst else { return }
            isFirst = false
            #expect(throws: PostgresError.self) { try connection.execute("SELECT 1 / 0") }
        }
        let batch = fixture.batch([TestRow("A", 1)])
        #expect(fixture.load(batch) == "retry protocolViolation")
        #expect(try fixture.people() == [])
        #expect(batch.progress[0].inserted == 0)
        #expect(fixture.load(batch) == "committed")
    }

    @Test func aServerThatIsAwayIsTriedAgain() throws {
        let server = try PostgresServer()
        let database = try server.database()
        let settings = DatabaseSettings(parameters: database.parameters)
        let connection = try Connection(settings)
        let info = try Migrator.migrate(connection, DatabaseTarget(settings: settings)).info
        _ = try PositionStore(connection, cluster: "c", topic: "t").positions([0])
        let loader = Loader(target: DatabaseTarget(settings: settings), info: info, cluster: "c", topic: "t")
        var next: Int64 = -1
        func batch() -> Batch {
            let batch = Batch()
            batch.progress = [
                Batch.ProgressStep(
                    job: .foreign, partition: 0, isNew: next < 0, expectedLast: -1)
            ]
            batch.add(TestRow("P\(next)", 1), seq: 0)
            batch.partitions = [
                Batch.PartitionStep(partition: 0, generation: 1, expectedOffset: next, nextOffset: next + 1)
            ]
            next += 1
            return batch
        }
        #expect(loader.load(batch()) == "committed")
        try server.stop()
        let second = batch()
        #expect(loader.load(second).text.hasPrefix("retry"))
        #expect(loader.load(second) == "retry connection")
        try server.start()
        #expect(loader.load(second) == "committed")
        server.kill()
        let third = batch()
        #expect(loader.load(third).text.hasPrefix("retry"))
        try server.start()
        #expect(loader.load(third) == "committed")
        #expect(try database.psql("SELECT count(*), (SELECT inserted FROM userload.progress) FROM users") == "3|3")
    }

    @Test func anInterruptEndsAWait() throws {
        let fixture = try LoaderFixture()
        let interrupt = Interrupt()
        let loader = Loader(
            target: DatabaseTarget(settings: DatabaseSettings(parameters: fixture.migrated.database.parameters)),
            info: fixture.migrated.info, cluster: "cluster", topic: "users", interrupt: { interrupt.isSet })
        try fixture.execute("BEGIN; UPDATE userload.positions SET anchor_offset = 1 WHERE partition = 0")
        let monitor = try fixture.migrated.connect()
        let waiting = Background { [batch = fixture.batch([TestRow("A", 1)])] in loader.load(batch).text }
        waiting.start()
        try waitUntil { try monitor.hasWaiters() }
        interrupt.set()
        #expect(waiting.result == "retry interrupted")
    }

    @Test func aDeadlockIsTriedAgain() throws {
        let fixture = try LoaderFixture()
        let foreign = try fixture.migrated.connect()
        // The loader shall be the one who finds it, and so the victim.
        try foreign.execute("SET deadlock_timeout = '1min'; BEGIN; INSERT INTO users (name, age) VALUES ('B', 2)")
        let locking = Background {
            try! foreign.execute("UPDATE userload.positions SET anchor_offset = 5 WHERE partition = 0; ROLLBACK")
        }
        var isFirst = true
        fixture.loader.onStage = { stage, _ in
            guard stage == .swapped, isFirst else { return }
            isFirst = false
            locking.start()
        }
        let batch = fixture.batch([TestRow("A", 1), TestRow("B", 2)])
        #expect(fixture.load(batch) == "retry 40P01")
        locking.result
        #expect(fixture.load(batch) == "committed")
        #expect(try fixture.people() == ["A|1", "B|2"])
    }
}
