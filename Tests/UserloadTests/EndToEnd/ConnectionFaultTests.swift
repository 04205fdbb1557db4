// Connections that cannot be had: what no waiting mends is said at once, what passes is waited for.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct ConnectionFaultTests {
    /// Parameters that the server refuses are nothing that waiting mends.
    @Test(arguments: [
        ("-c work_mem=much", "invalid value for parameter \"work_mem\": \"much\""),
        ("-c max_connections=5", "parameter \"max_connections\" cannot be changed without restarting the server"),
        (
            "-c local_preload_libraries=nope",
            "could not access file \"$libdir/plugins/nope\": No such file or directory"
        ),
        ("--nope", "--nope requires a value"),
    ])
    func refusedOptions(options: String, words: String) throws {
        let world = try World()
        let file = try world.files.write("a.csv", People.csv(0..<10))
        for command in [["load", file], ["work", "--drain"], ["jobs"]] {
            let result = try world.start(command, ["PGOPTIONS": options]).wait(.seconds(60))
            #expect(result.code == 8 && result.stderr.contains(words), "\(command): \(result)")
        }
    }

    /// Somebody wrote the highest generation into the table; then the topic is another one.
    @Test func theLastGeneration() throws {
        let world = try World()
        let file = try world.files.write("a.csv", People.csv(0..<10))
        try world.expect(0, "load", file)
        try world.database.psql(
            "UPDATE userload.positions SET generation = 2147483647, anchor_hash = 1 WHERE anchor_hash IS NOT NULL")
        let result = try world.run("work", "--drain", timeout: .seconds(60))
        #expect(result.code == 8, "\(result)")
        #expect(
            result.stderr.contains(
                "says generation 2147483647, the highest there is: somebody changed userload.positions"),
            "\(result)")
        // The command that it proposes mends it.
        let found = try #require(result.stderr.range(of: "UPDATE userload.positions"))
        try world.database.psql(String(result.stderr[found.lowerBound...].prefix { $0 != "\n" }))
        try world.expect(0, "work", "--drain")
        try world.expectUsers(10)
    }

    /// The worker has them all: it gives one back when there is nothing left to load.
    @Test func noConnectionToSpare() throws {
        let postgres = try PostgresServer(settings: [
            "max_connections = 4", "superuser_reserved_connections = 0", "max_wal_senders = 0",
        ])
        let world = try World(postgres: postgres)
        let file = try world.files.write("a.csv", People.csv(0..<1_000))
        try world.expect(0, "migrate")
        // The worker's three connections, and this one.
        let holder = try OtherSession(world.database, applicationName: "psql", script: "SELECT pg_advisory_lock(7);")
        let result = try world.expect(0, "load", "--stall-timeout", "30s", file)
        #expect(!result.stderr.contains("no connection to Postgres"), "\(result)")
        try holder.send("SELECT pg_advisory_unlock(7);")
        try world.expectCompleted(file, inserted: 1_000)
    }

    /// A server that stands still accepts connections and says nothing: nobody waits for it for ever.
    @Test func aServerThatStandsStill() throws {
        let postgres = try PostgresServer()
        let world = try World(postgres: postgres)
        let file = try world.files.write("a.csv", People.csv(0..<1_000))
        try world.expect(0, "load", file)
        let holder = try OtherSession(
            world.database, applicationName: "psql", script: "BEGIN; LOCK TABLE users; SELECT pg_advisory_lock(7);")
        try eventually("the table is locked") {
            try world.database.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7") != "0"
        }
        let other = try world.files.write("b.csv", People.csv(1_000..<2_000))
        let load = try world.start(["load", "--stall-timeout", "6s", other])
        try load.wait(for: "1,000 records")
        postgres.pause()
        defer { postgres.resume() }
        let reading = try ["status", "stats", "users", "jobs", "rejects"].map { command in
            try world.start([command] + (["status", "rejects"].contains(command) ? [file] : []))
        }
        for command in reading {
            let result = try command.wait(.seconds(60))
            #expect(result.code == 7 && result.stderr.contains("no connection to Postgres: no answer"), "\(result)")
        }
        let result = try load.wait(.seconds(120))
        #expect([3, 7].contains(result.code), "\(result)")
        postgres.resume()
        try holder.send("ROLLBACK;")
        try world.expect(0, "load", other)
        try world.expectUsers(2_000)
    }
}
