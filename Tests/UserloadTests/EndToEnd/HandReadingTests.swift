// Drains and loads, which join no group, beside others: loads, services that come and go, members that died.

import Foundation
import TestSupport
import Testing

@Suite(.needsServers) struct HandReadingTests {
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

    /// It holds the lock for as long as it is stopped; the others do not wait for it for ever.
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
        // The lock went with its transaction: nothing of it stays on the pooler's connections.
        try eventually("no advisory lock") {
            try world.database.psql(
                """
                SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """) == "0"
        }
    }
}
