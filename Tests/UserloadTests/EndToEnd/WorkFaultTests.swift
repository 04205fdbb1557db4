// What directed attacks on a running worker found: open transactions, partitions that come and go, states from before.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct WorkFaultTests {
    let world: World

    init() throws { world = try World() }

    /// It used to say "drained", exit 0, with acknowledged records unread.
    @Test func aDrainBehindAnOpenTransactionSaysSo() throws {
        let slug = try world.push(try world.files.write("a.csv", People.csv(0..<10)))
        let ends = try (0..<12).map { try world.end(of: $0) }
        // A record a second, in a transaction that stays open until the broker aborts it.
        let other = try ChildProcess(
            (KafkaServer.home ?? "") + "/bin/kafka-producer-perf-test.sh",
            [
                "--topic", world.topic, "--num-records", "600", "--record-size", "10", "--throughput", "1",
                "--transactional-id", world.topic, "--transaction-duration-ms", "600000", "--producer-props",
                "bootstrap.servers=\(world.broker)",
            ])
        try eventually("a record is in the log") { try (0..<12).contains { try world.end(of: $0) > ends[$0] } }
        other.send(SIGKILL)
        let drain = try world.expect(3, "work", "--drain", "--stall-timeout", "3s")
        #expect(drain.stderr.contains("another producer's transaction is open at offset"), "\(drain)")
        #expect(!drain.stderr.contains("drained"), "\(drain)")
        // A load of its own records waits in the same way, and says why.
        let load = try world.expect(
            3, "load", "--stall-timeout", "4s", try world.files.write("b.csv", People.csv(10..<500)))
        #expect(
            load.stderr.contains(
                "nothing was loaded for 4s: another producer's transaction is open and holds back the end of the log"),
            "\(load)")
        try world.expectCompleted(slug, inserted: 10)
        _ = try other.wait()
    }

    /// 120 records of 1 MB compress to 6 KB, which a broker takes and librdkafka does not unpack: the partition stood still, and
    /// Kafka "could not be reached". With a lower `receive.message.max.bytes` 4 are enough.
    @Test(arguments: [false, true]) func aBatchThatCannotBeUnpackedIsPassedOver(isService: Bool) throws {
        let config = try world.files.write(
            "kafka.properties", "fetch.max.bytes=1064960\nreceive.message.max.bytes=1100000\n")
        let changes = ["KAFKA_CONFIG": config]
        try world.createTopic("max.message.bytes=1064960")
        let worker = isService ? try world.start(["work"], changes) : nil
        try worker?.wait(for: "owns 2 of 2 partitions")
        let first = try world.push(try world.files.write("a.csv", People.csv(0..<100)))
        if isService { try world.expectCompleted(first, inserted: 100) }
        let start = try world.end(of: 0)
        try sendBatch(4)
        // Of two such batches with a message between them, only the batches are lost.
        try produce("{\"name\": \"Between\", \"age\": 1}\n")
        try sendBatch(12)
        let second = try world.push(try world.files.write("b.csv", People.csv(100..<200)))
        let said: String
        if let worker {
            try world.expectCompleted(second, inserted: 100)
            worker.send(SIGTERM)
            let result = try worker.wait()
            #expect(result.code == 0, "\(result)")
            said = result.stderr
        } else {
            said = try world.expect(0, "work", "--drain", "--stall-timeout", "20s", changes: changes).stderr
            try world.expectCompleted(first, inserted: 100)
            try world.expectCompleted(second, inserted: 100)
            // Told once; and a load that finds the next one loads its own.
            try sendBatch(3)
            let load = try world.expect(
                0, "load", "--stall-timeout", "20s", try world.files.write("c.csv", People.csv(200..<300)),
                changes: changes)
            #expect(load.stderr.components(separatedBy: "cannot be unpacked").count == 2, "\(load)")
            #expect(!load.stderr.contains("cannot be reached"), "\(load)")
            let again = try world.expect(0, "work", "--drain", changes: changes)
            #expect(!again.stderr.contains("cannot be unpacked"), "\(again)")
        }
        for (from, to) in [(start, start + 3), (start + 5, start + 16)] {
            let lines = said.split(separator: "\n").filter { $0.contains(": offsets \(from) to \(to) ") }
            #expect(lines.count == 1, "\(said)")
            #expect(
                lines.first?.contains(
                    "warning: \(world.topic)/0: offsets \(from) to \(to) cannot be unpacked (Decompression (codec 0x4) of "
                        + "message at \(from) of ") == true, "\(said)")
            #expect(
                lines.first?.hasSuffix(
                    " bytes failed: Local: Invalid compressed data); passed over. `userload push --resend` with its file "
                        + "loads what was lost of a job") == true, "\(said)")
        }
        #expect(!said.contains("cannot be reached"), "\(said)")
        #expect(try world.database.psql("SELECT count(*) FROM users WHERE name = 'Between'") == "1")
        try world.expectUsers(isService ? 201 : 301)
    }

    /// One batch of people of 900 KB each, in partition 0.
    private func sendBatch(_ count: Int) throws {
        let note = String(repeating: "x", count: 900_000)
        try produce(
            (0..<count).map { "{\"name\": \"Large \($0)\", \"age\": 1, \"note\": \"\(note)\"}\n" }.joined(),
            [
                "-z", "zstd", "-X", "linger.ms=2000", "-X", "message.max.bytes=100000000", "-X", "batch.size=100000000",
            ])
    }

    private func produce(_ lines: String, _ settings: [String] = []) throws {
        let produced = try ChildProcess(
            "/usr/bin/kcat", ["-P", "-b", world.broker, "-t", world.topic, "-p", "0"] + settings,
            input: .bytes(Array(lines.utf8))
        ).wait()
        #expect(produced.code == 0, "\(produced)")
    }

    /// What a session has learnt dies with it: it used to be six new sessions, with lines about outages that were none.
    @Test func threeChangesOfTheKeyAreThreeNewSessions() throws {
        try world.expect(0, "load", try world.files.write("first.csv", People.csv(6_000..<6_100)))
        let worker = try world.start(["work", "--verbose"])
        try worker.wait(for: "owns 12 of 12 partitions")
        let anew = "the schema or the key changed; reading both again"
        for (number, key) in ["name,age,email", "name,age", "name,age,email"].enumerated() {
            let changes = ["USERLOAD_UNIQUE_KEY": key]
            try world.expect(0, "migrate", changes: changes)
            let file = try world.files.write("\(number).csv", People.csv(number * 2_000..<(number + 1) * 2_000))
            try world.expectCompleted(try world.push(file, changes), inserted: 2_000)
            #expect(worker.stderr.components(separatedBy: anew).count - 1 == number + 1, "\(worker.stderr)")
        }
        try world.expectUsers(6_100)
        worker.send(SIGTERM)
        let result = try worker.wait()
        #expect(result.code == 0, "\(result)")
        #expect(result.stderr.components(separatedBy: anew).count - 1 == 3, "\(result)")
        #expect(!result.stderr.contains("cannot be reached"), "\(result)")
    }

    @Test func partitionsAddedUnderARunningWorkerAreRead() throws {
        try world.createTopic("max.message.bytes=1064960")
        let worker = try world.start(["work"])
        try worker.wait(for: "owns 2 of 2 partitions")
        try world.alterTopic(partitions: 4)
        let slug = try world.push(try world.files.write("a.csv", People.csv(0..<100)))
        try worker.wait(for: "owns 4 of 4 partitions")
        try world.expectCompleted(slug, inserted: 100)
        worker.send(SIGTERM)
        #expect(try worker.wait().code == 0)
    }

    /// Seen while it was away or not; seen, its lost partition used to stop every look at the anchors.
    @Test(arguments: [false, true]) func aTopicCreatedAgainWithFewerPartitionsIsRead(isSeenAway: Bool) throws {
        try world.createTopic("max.message.bytes=1064960")
        let worker = try world.start(["work"])
        // Its tables are there: `status --wait` does not wait for those.
        try worker.wait(for: "owns 2 of 2 partitions")
        let first = try world.push(try world.files.write("a.csv", People.csv(0..<100)))
        try world.expectCompleted(first, inserted: 100)
        try world.deleteTopic()
        if isSeenAway { try worker.wait(for: "waiting for topic \(world.topic)") }
        let result = try world.expect(
            0, "push", "--quiet", "--print", "slug", "--partitions", "1",
            try world.files.write("b.csv", People.csv(100..<200)))
        let second = result.stdout.trimmingCharacters(in: .newlines)
        try world.expectCompleted(second, inserted: 100)
        // The second if it was seen while it was away.
        let told = ["has 1 partition now, it had 2", "exists again, with 1 partition"]
        #expect(told.contains { worker.stderr.contains("topic \(world.topic) \($0)") }, "\(worker.stderr)")
        worker.send(SIGTERM)
        #expect(try worker.wait().code == 0)
    }

    /// What the database says of the job is from before this run; it used to end at once with exit 3.
    @Test func aStateFromBeforeIsNotTheEndOfALoad() throws {
        let file = try world.files.write("a.csv", People.csv(0..<1000))
        let slug = try world.push(file)
        _ = try world.expect(0, "work", "--drain")
        // As if the rows of one partition had never come, but what came after them had been seen.
        _ = try world.database.psql(
            "UPDATE userload.progress SET last_seq = -1, digest = 0, records = 0, bytes = 0, inserted = 0, "
                + "end_seq = NULL, end_records = NULL, end_digest = NULL, ended_at = NULL, passed_over = 9 "
                + "WHERE partition = 3")
        #expect(try world.status(slug).state == "stalled")
        let load = try world.run("load", "--resend", file)
        #expect(load.code == 0, "\(load)")
        #expect(try world.status(slug).state == "completed")

        try world.expect(0, "push", "--again", "--quiet", file)
        let other = try world.database.psql(
            "SELECT left(id_text, 8) FROM userload.jobs WHERE id_text NOT LIKE '\(slug)%' AND path <> ''")
        if !other.isEmpty { _ = try world.run("abandon", other) }
        let again = try world.run("load", "--again", file)
        #expect(again.code == 0, "\(again)")
    }
}
