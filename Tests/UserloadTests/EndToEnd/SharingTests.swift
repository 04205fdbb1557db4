// What several files, workers, hosts, topics and databases share, and what they do not.

import Foundation
import Synchronization
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct SharingTests {
    let world: World

    init() throws { world = try World() }

    @Test
    func twoWorkersShareThePartitions() throws {
        let workers = [try world.start(["work"]), try world.start(["work"])]
        let file = try world.files.write("people.csv", People.csv(0..<30_000))
        _ = try world.push(file)
        for worker in workers { try worker.wait(for: "owns 6 of 12") }
        let more = try world.files.write("more.csv", People.csv(20_000..<50_000))
        _ = try world.push(more)
        try world.expectCompleted(file, inserted: 30_000)
        try world.expectCompleted(more, inserted: 20_000, duplicates: 10_000)
        try world.expectUsers(50_000)
        for worker in workers {
            worker.send(SIGTERM)
            #expect(try worker.wait().code == 0)
        }
    }

    /// What it aims at is what was there when it began; there need be no moment of quiet.
    @Test func aDrainEndsWhileMessagesGoOnComing() throws {
        let file = try world.files.write("people.csv", People.csv(0..<1000))
        let slug = try world.push(file)
        let (reading, writing) = try pipe()
        let kcat = try ChildProcess(
            "/usr/bin/env",
            ["kcat", "-P", "-b", world.broker, "-t", world.topic, "-X", "linger.ms=1"],
            input: .descriptor(reading))
        let isOver = Atomic(false)
        let others = Background {
            let source = FileHandle(fileDescriptor: writing, closeOnDealloc: true)
            var number = 0
            while !isOver.load(ordering: .relaxed) {
                source.write(Data("{\"name\": \"Other \(number)\", \"age\": 1}\n".utf8))
                number += 1
                Thread.sleep(forTimeInterval: 0.005)
            }
        }
        others.start()
        let drain = try world.start(["work", "--drain"])
        let result = Result { try drain.wait(.seconds(50)) }
        isOver.store(true, ordering: .relaxed)
        others.result
        kcat.send(SIGTERM)
        #expect(try result.get().code == 0)
        try world.expectCompleted(slug, inserted: 1000)
    }

    @Test func aThirdConsumerOfTwoPartitionsOwnsNone() throws {
        let file = try world.files.write("a.csv", People.csv(0..<10))
        try world.expect(0, "push", "--quiet", "--partitions", "2", file)
        let workers = try (0..<3).map { _ in try world.start(["work"]) }
        let told = "owns none: 2 partitions, 3 consumers, idle"
        try eventually(told) { workers.contains { $0.stderr.contains(told) } }
        try world.expectCompleted(file, inserted: 10)
    }

    @Test func duplicatesWithinAFileAndAcrossFiles() throws {
        let numbers = Array(0..<2000) + Array(500..<1000)
        let first = try world.files.write("first.csv", People.csv(numbers, city: "Pune"))
        let second = try world.files.write("second.jsonl", People.jsonl(1500..<2500))
        try world.expect(0, "load", first)
        try world.expect(0, "load", second)
        try world.expectCompleted(first, inserted: 2000, duplicates: 500)
        try world.expectCompleted(second, inserted: 500, duplicates: 500)
        try world.expectUsers(2500)
        // A duplicate's other fields are not loaded.
        #expect(try world.database.psql("SELECT count(*) FROM users WHERE address->>'city' = 'Pune'") == "2000")
    }

    @Test func theSameFileAgainIsTheSameJob() throws {
        let file = try world.files.write("people.csv", People.csv(0..<1000))
        let slug = try world.push(file)
        let again = try world.expect(0, "push", file)
        #expect(again.stdout == slug + "\n")
        #expect(again.stderr.contains("already pushed"))
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(slug, inserted: 1000)

        let anew = try world.expect(0, "push", "--again", "--quiet", "--print", "slug", file).stdout.trimmingCharacters(
            in: .newlines)
        #expect(anew != slug)
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(anew, inserted: 0, duplicates: 1000)

        try world.expect(0, "push", "--resend", "--quiet", file)
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(slug, inserted: 1000)
        try world.expectUsers(1000)
    }

    /// Another host has no journal of the first: the worker drops what it counted.
    @Test func twoHostsPushTheSameFile() throws {
        let file = try world.files.write("people.csv", People.csv(0..<1000))
        let slug = try world.push(file)
        #expect(try world.push(file, ["USERLOAD_STATE_DIR": world.files.path("other-journal")]) == slug)
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(slug, inserted: 1000)
        try world.expectUsers(1000)
    }

    @Test(.enabled("a host name of one's own takes root") { getuid() == 0 })
    func twoHostsPushDifferentFilesUnderOneLabel() throws {
        var slugs: [String] = []
        for (host, numbers) in [("etl1", 0..<100), ("etl2", 50..<150)] {
            let file = try world.files.write("\(host).csv", People.csv(numbers))
            let script =
                "hostname \(host); exec '\(Userload.binary)' push --quiet --print slug --label nightly '\(file)'"
            let environment = world.environment(["USERLOAD_STATE_DIR": world.files.path(host)])
            let push = try ChildProcess("/usr/bin/unshare", ["--uts", "sh", "-c", script], environment: environment)
            let result = try push.wait()
            #expect(result.code == 0, "\(result)")
            slugs.append(result.stdout.trimmingCharacters(in: .newlines))
            try world.expect(0, "work", "--drain")
        }
        #expect(slugs[0] != slugs[1])
        // The latest run of each host answers, the newest first.
        let status = try world.expect(0, "status", "nightly").stdout
        let runs = status.components(separatedBy: "\n\n")
        #expect(runs.count == 2, "\(status)")
        for (run, (host, slug)) in zip(runs, zip(["etl2", "etl1"], slugs.reversed())) {
            #expect(run.hasPrefix("nightly  1 file: 1 completed\npushed "), "\(status)")
            #expect(run.contains(" by \(host) (") && run.contains(slug), "\(status)")
        }
        try world.expectCompleted(slugs[0], inserted: 100)
        try world.expectCompleted(slugs[1], inserted: 50, duplicates: 50)
    }

    @Test func twoTopicsOnOneBrokerWithTheSameFile() throws {
        let staging = ["KAFKA_TOPIC": world.topic + "-staging"]
        let other = try postgresDatabase(changes: staging)
        let file = try world.files.write("people.csv", People.csv(0..<1000))
        let slug = try world.push(file)
        // Pushed to one topic is not pushed to the other.
        #expect(try world.push(file, staging) == slug)
        try world.expect(0, "work", "--drain")
        try world.expect(0, "work", "--drain", changes: other.changes)
        try world.expectCompleted(slug, inserted: 1000)
        try world.expectCompleted(slug, inserted: 1000, other.changes)
    }

    /// Each database reads every message: one group per database.
    @Test func twoDatabasesOnOneTopic() throws {
        let other = try postgresDatabase()
        let file = try world.files.write("people.csv", People.csv(0..<1000))
        let workers = [try world.start(["work"]), try world.start(["work"], other.changes)]
        let slug = try world.push(file)
        for worker in workers { try worker.wait(for: "owns 12 of 12") }
        try world.expectCompleted(slug, inserted: 1000)
        try world.expectCompleted(slug, inserted: 1000, other.changes)
    }

    private func postgresDatabase(changes: [String: String] = [:]) throws -> (
        database: TestDatabase, changes: [String: String]
    ) {
        let database = try world.postgres.database()
        return (database, database.environment.merging(changes) { $1 })
    }

    /// kcat writes plain JSON to the same topic: it is loaded as the job "-", and what is wrong is a reject of it.
    @Test func aForeignProducer() throws {
        _ = try world.push(try world.files.write("a.csv", People.csv(0..<10)))
        let lines = People.jsonl(10..<20) + "{\"name\": \"no age\"}\nnot json\n"
        let produced = try ChildProcess(
            "/usr/bin/kcat", ["-P", "-b", world.broker, "-t", world.topic],
            input: .bytes(Array(lines.utf8))
        ).wait()
        #expect(produced.code == 0, "\(produced)")
        try world.expect(1, "work", "--drain")
        try world.expectUsers(20)
        let job = try world.database.psql(
            "SELECT count(*) FROM users WHERE job = '00000000-0000-0000-0000-000000000000'")
        #expect(job == "10")
        #expect(try world.database.psql("SELECT count(*) FROM userload.rejects") == "2")
        // A second run reads nothing twice.
        try world.expect(0, "work", "--drain")
        try world.expectUsers(20)
        #expect(try world.database.psql("SELECT count(*) FROM userload.rejects") == "2")
    }

    @Test func oneTopicOnStandardInput() throws {
        let lines = Array(People.jsonl(0..<500).utf8)
        let slug = try world.expect(
            0, "push", "--quiet", "--print", "slug", "--format", "jsonl", "-", input: .bytes(lines)
        ).stdout
            .trimmingCharacters(in: .newlines)
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(slug, inserted: 500)
    }
}
