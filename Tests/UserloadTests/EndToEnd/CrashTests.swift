// kill -9, SIGSTOP and servers that go away, at moments nobody chose, until the counts close: no row lost, none twice.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct CrashTests {
    let world: World
    let people = 60_000

    init() throws { world = try World() }

    /// A file with duplicates and rejects in it: 1 in 10 comes twice, 1 in 100 has no age.
    private func file(_ name: String, _ numbers: Range<Int>) throws -> String {
        var text = "name,age\n"
        for i in numbers {
            text += "Person \(i),\(i % 100)\n"
            if i % 10 == 0 { text += "Person \(i),\(i % 100)\n" }
            if i % 100 == 0 { text += "Person \(i),\n" }
        }
        return try world.files.write(name, text)
    }

    private func expectAllOf(_ file: String, people: Int? = nil, others: Int = 0) throws {
        let people = people ?? self.people
        try world.expectCompleted(file, inserted: people, duplicates: people / 10, rejected: people / 100)
        try world.expectUsers(people + others)
        #expect(try world.database.psql("SELECT count(*) FROM userload.rejects") == String(people / 100))
    }

    /// Each death costs its successor the 10 s after which the group gives up the dead member.
    @Test
    func workIsKilledAtRandomMoments() throws {
        let people = 150_000
        let file = try file("people.csv", 0..<people)
        _ = try world.push(file)
        var generator = SplitMix(state: 1)
        for _ in 0..<4 {
            let worker = try world.start(["work"])
            try worker.wait(for: "owns")
            usleep(UInt32.random(in: 0..<1_500_000, using: &generator))
            worker.send(SIGKILL)
            try worker.wait()
        }
        // 1 if there were rejects left for this run.
        let drain = try world.run("work", "--drain")
        #expect(drain.code == 0 || drain.code == 1, "\(drain)")
        try expectAllOf(file, people: people)
    }

    @Test
    func pushIsKilledAtRandomMoments() throws {
        let file = try file("people.csv", 0..<people)
        let worker = try world.start(["work"])
        var generator = SplitMix(state: 2)
        var killed = 0
        for _ in 0..<6 {
            let push = try world.start(["push", "--quiet", file])
            usleep(UInt32.random(in: 50_000..<1_500_000, using: &generator))
            push.send(SIGKILL)
            if try push.wait().ending == .signal(SIGKILL) { killed += 1 }
        }
        #expect(killed > 0)
        _ = try world.push(file)
        try expectAllOf(file)
        worker.send(SIGTERM)
        #expect(try worker.wait().code == 0)
    }

    @Test
    func bothAreKilledWithTwoWorkersAndTwoFiles() throws {
        let first = try file("first.csv", 0..<people)
        let second = try file("second.csv", people / 2..<people * 3 / 2)
        var generator = SplitMix(state: 3)
        var workers = [try world.start(["work"]), try world.start(["work"])]
        for round in 0..<8 {
            let push = try world.start(["push", "--quiet", round % 2 == 0 ? first : second])
            usleep(UInt32.random(in: 100_000..<1_200_000, using: &generator))
            push.send(SIGKILL)
            try push.wait()
            let victim = round % 2
            workers[victim].send(SIGKILL)
            try workers[victim].wait()
            workers[victim] = try world.start(["work"])
        }
        _ = try world.push(first)
        _ = try world.push(second)
        for file in [first, second] { _ = try world.run("status", "--wait", "--timeout", "120s", file) }
        let counts = try [first, second].map { try world.status($0) }
        for report in counts {
            #expect(report.state == "completed")
            #expect(report.lines == people + people / 10 + people / 100)
            #expect(report.lines == report.inserted + report.duplicates + report.rejected)
        }
        #expect(counts[0].inserted + counts[1].inserted == people * 3 / 2)
        try world.expectUsers(people * 3 / 2)
    }

    /// A worker that is stopped, not dead, keeps its transaction and its locks in Postgres; another takes its partitions
    /// all the same, and what the stopped one still had in hand when it goes on counts for nothing.
    @Test
    func aStoppedWorkersPartitionsGoToAnother() throws {
        let people = 200_000
        let file = try file("people.csv", 0..<people)
        _ = try world.push(file)
        try world.expect(0, "migrate")
        let stopped = try world.start(["work"])
        defer { stopped.send(SIGCONT) }
        let holding = """
            SELECT count(*) FROM pg_locks
            WHERE relation = 'userload.positions'::regclass AND mode = 'RowExclusiveLock'
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        try eventually("rows, and a batch under way") {
            try world.database.psql("SELECT count(*) FROM users") != "0" && world.database.psql(holding) != "0"
        }
        stopped.send(SIGSTOP)
        let other = try world.start(["work"])
        try expectAllOf(file, people: people)
        stopped.send(SIGCONT)
        let more = try world.files.write("more.csv", People.csv(500_000..<501_000))
        _ = try world.push(more)
        try world.expectCompleted(more, inserted: 1000)
        for worker in [stopped, other] {
            worker.send(SIGTERM)
            #expect(try worker.wait().code == 0)
        }
        try expectAllOf(file, people: people, others: 1000)
    }

    @Test
    func postgresIsRestartedAndKilledUnderLoad() throws {
        let world = try World(postgres: PostgresServer())
        let file = try world.files.write("people.csv", People.csv(0..<people))
        let worker = try world.start(["work"])
        try worker.wait(for: "created schema")
        let push = try world.start(["push", "--quiet", file])
        let server = world.postgres
        for round in 0..<4 {
            usleep(400_000)
            if round % 2 == 0 { try server.restart() } else { server.kill(); try server.start() }
        }
        #expect(try push.wait().code == 0)
        try world.expectCompleted(file, inserted: people)
        try world.expectUsers(people)
        worker.send(SIGTERM)
        #expect(try worker.wait().code == 0)
    }

    @Test
    func kafkaIsKilledUnderLoad() throws {
        let kafka = try KafkaServer.start()
        let world = try World(kafka: kafka)
        let file = try world.files.write("people.csv", People.csv(0..<people))
        let worker = try world.start(["work"])
        let push = try world.start(["push", "--quiet", file])
        usleep(500_000)
        kafka.kill()
        try kafka.restart()
        #expect(try push.wait(.seconds(120)).code == 0)
        try world.expectCompleted(file, inserted: people)
        try world.expectUsers(people)
        worker.send(SIGTERM)
        #expect(try worker.wait().code == 0)
    }

    /// With Postgres away, a worker that is told to go is gone within seconds.
    @Test func aWorkerEndsWhilePostgresIsAway() throws {
        let world = try World(postgres: PostgresServer())
        _ = try world.push(try world.files.write("a.csv", People.csv(0..<100)))
        let worker = try world.start(["work"])
        try worker.wait(for: "caught up")
        try world.postgres.stop(.immediate)
        _ = try world.push(try world.files.write("b.csv", People.csv(100..<200)))
        try worker.wait(for: "again")
        worker.send(SIGTERM)
        #expect(try worker.wait(.seconds(20)).code == 0)
        try world.postgres.start()
        try world.expect(0, "work", "--drain")
        try world.expectUsers(200)
    }

    @Test func ctrlCStopsPushAndTheSameCommandGoesOn() throws {
        let file = try file("people.csv", 0..<people)
        let push = try world.start(["push", file])
        try eventually("its slug") { !push.stdout.isEmpty || !push.isRunning }
        push.send(SIGINT)
        let result = try push.wait()
        #expect(result.code == 130, "\(result)")
        #expect(result.stderr.contains("userload push"), "\(result)")
        _ = try world.push(file)
        try world.expect(1, "work", "--drain")
        try expectAllOf(file)
    }
}
