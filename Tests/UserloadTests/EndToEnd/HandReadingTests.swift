// Drains and loads, which join no group, beside others: loads, services that come and go, members that died.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct HandReadingTests {
    let world: World

    init() throws { world = try World() }

    @Test func twoLoadsSideBySide() throws {
        let files = try (0..<2).map {
            try world.files.write("\($0).csv", People.csv($0 * 20_000..<$0 * 20_000 + 30_000))
        }
        let loads = try files.map { try world.start(["load", $0]) }
        for load in loads {
            let result = try load.wait(.seconds(120))
            #expect(result.code == 0, "\(result)")
        }
        try world.expectUsers(50_000)
        let reports = try files.map { try world.status($0) }
        #expect(reports.map(\.state) == ["completed", "completed"])
        #expect(reports.map(\.lines) == [30_000, 30_000])
        #expect(reports.reduce(0) { $0 + $1.inserted } == 50_000)
        #expect(reports.reduce(0) { $0 + $1.duplicates } == 10_000)
    }

    @Test func besideAServiceThatComesAndGoes() throws {
        let files = try (0..<4).map {
            try world.files.write("\($0).csv", People.csv($0 * 10_000..<$0 * 10_000 + 10_000))
        }
        let load = try world.start(["load"] + files)
        // Killed, so that its membership outlives it; and stopped in good order.
        for signal in [SIGKILL, SIGTERM, SIGKILL] {
            let service = try world.start(["work"])
            try? service.wait(for: "owns 12 of 12", .seconds(15))
            service.send(signal)
            _ = try service.wait()
        }
        let result = try load.wait(.seconds(120))
        #expect(result.code == 0, "\(result)")
        for file in files { try world.expectCompleted(file, inserted: 10_000) }
        try world.expectUsers(40_000)
    }

    @Test func besideAMemberThatDied() throws {
        let service = try world.start(["work"])
        _ = try world.push(try world.files.write("a.csv", People.csv(0..<10)))
        try service.wait(for: "owns 12 of 12")
        service.send(SIGKILL)
        _ = try service.wait()
        let file = try world.files.write("b.csv", People.csv(10..<20))
        let slug = try world.push(file)
        let drain = try world.expect(0, "work", "--drain")
        #expect(!drain.stderr.contains("owns"), "\(drain)")
        try world.expectCompleted(slug, inserted: 10)
    }

    /// It does not renew its lease while it is stopped.
    @Test func besideALoadThatWasStopped() throws {
        let (reading, writing) = try pipe()
        let first = try world.start(["load", "-v", "-"], input: .descriptor(reading))
        let source = FileHandle(fileDescriptor: writing, closeOnDealloc: true)
        source.write(Data(People.jsonl(0..<10).utf8))
        try first.wait(for: "reads 12 of 12 partitions by itself")
        first.send(SIGSTOP)
        let file = try world.files.write("b.csv", People.csv(10..<20))
        try world.expect(0, "load", file)
        try world.expectCompleted(file, inserted: 10)
        first.send(SIGCONT)
        try source.close()
        let result = try first.wait(.seconds(120))
        #expect(result.code == 0, "\(result)")
        try world.expectUsers(20)
    }

    @Test(.enabled(if: PgBouncer.isInstalled, "PgBouncer is not installed"))
    func behindAPoolerInTransactionMode() throws {
        let pooler = try PgBouncer(to: world.postgres, .transaction)
        let changes = ["DB_PORT": String(pooler.port), "DB_HOST": "127.0.0.1"]
        let files = try (0..<2).map {
            try world.files.write("\($0).csv", People.csv($0 * 10_000..<$0 * 10_000 + 10_000))
        }
        let loads = try files.map { try world.start(["load", $0], changes) }
        for load in loads {
            let result = try load.wait(.seconds(120))
            #expect(result.code == 0, "\(result)")
        }
        for file in files { try world.expectCompleted(file, inserted: 10_000) }
        try world.expectUsers(20_000)
    }

    /// Whoever waits for its turn keeps no connection meanwhile.
    @Test(.enabled(if: PgBouncer.isInstalled, "PgBouncer is not installed"), arguments: [("load", 1), ("work", 2)])
    func behindAPoolerWithFewConnections(command: String, size: Int) throws {
        let pooler = try PgBouncer(to: world.postgres, .transaction, size: size)
        let changes = ["DB_PORT": String(pooler.port), "DB_HOST": "127.0.0.1"]
        let files = try (0..<3).map { try world.files.write("\($0).csv", People.csv($0 * 5_000..<$0 * 5_000 + 5_000)) }
        if command == "work" { for file in files { _ = try world.push(file) } }
        let runs = try files.map { try world.start(command == "work" ? ["work", "--drain"] : ["load", $0], changes) }
        for run in runs {
            let result = try run.wait(.seconds(120))
            #expect(result.code == 0, "\(result)")
        }
        for file in files { try world.expectCompleted(file, inserted: 5_000) }
        try world.expectUsers(15_000)
    }

    @Test func anInterruptedDrainIsNotDone() throws {
        let file = try world.files.write("a.csv", People.csv(0..<1_000))
        try world.expect(0, "migrate")
        _ = try world.push(file)
        let holder = try OtherSession(
            world.database, applicationName: "psql", script: "BEGIN; LOCK TABLE users; SELECT pg_advisory_lock(7);")
        try eventually("the table is locked") {
            try world.database.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7") != "0"
        }
        let drain = try world.start(["work", "--drain"])
        try drain.wait(for: "1,024 messages to read")
        drain.send(SIGTERM)
        let result = try drain.wait(.seconds(30))
        #expect(result.code == 130, "\(result)")
        #expect(
            result.stderr.contains(
                "interrupted: 0 inserted, 0 duplicates, 0 rejects in this run; nothing is lost, to resume: userload work --drain"
            ),
            "\(result)")
        try holder.send("ROLLBACK;")
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(file, inserted: 1_000)
    }
}
