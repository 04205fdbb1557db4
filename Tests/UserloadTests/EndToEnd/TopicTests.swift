// Topics that are made anew, compacted or of another size, under workers and pushes that knew the old one.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct TopicTests {
    let world: World

    init() throws { world = try World() }

    @Test
    func deletedAndMadeAnewBetweenRuns() throws {
        let first = try world.files.write("first.csv", People.csv(0..<1000))
        try world.expect(0, "load", first)
        try world.deleteTopic()
        let second = try world.files.write("second.csv", People.csv(500..<2000))
        let slug = try world.push(second)
        let work = try world.expect(0, "work", "--drain")
        #expect(work.stderr.contains("was created again or cut: reading it from its start (generation 2)"), "\(work)")
        try world.expectCompleted(slug, inserted: 1000, duplicates: 500)
        try world.expectUsers(2000)
        // Its journal speaks of the old topic and is not believed.
        let again = try world.expect(0, "push", first)
        #expect(!again.stderr.contains("already pushed"), "\(again)")
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(first, inserted: 1000)
    }

    @Test
    func deletedAndMadeAnewUnderARunningWorker() throws {
        let worker = try world.start(["work"])
        let first = try world.files.write("first.csv", People.csv(0..<1000))
        let slug = try world.push(first)
        try worker.wait(for: "owns 12 of 12 partitions")
        try world.expectCompleted(slug, inserted: 1000)
        try world.deleteTopic()
        let second = try world.files.write("second.csv", People.csv(1000..<3000))
        let other = try world.push(second)
        // The anchor is looked at every 10 s.
        try world.expectCompleted(other, inserted: 2000)
        try world.expectCompleted(slug, inserted: 1000)
        try world.expectUsers(3000)
        worker.send(SIGTERM)
        #expect(try worker.wait().code == 0)
    }

    /// Retention took all that was not read, and nothing came since: a drain has nothing to read, but something to say.
    @Test func whatExpiredUnreadIsTold() throws {
        try world.createTopic("max.message.bytes=1064960")
        try world.expect(0, "load", try world.files.write("first.csv", People.csv(0..<10)))
        _ = try world.push(try world.files.write("second.csv", People.csv(10..<30)))
        try world.deleteRecords(partitions: 2)
        let work = try world.expect(0, "work", "--drain")
        for partition in 0..<2 {
            #expect(work.stderr.contains("\(world.topic)/\(partition): offsets "), "\(work)")
        }
        #expect(work.stderr.contains(" expired before they were read; reading resumes at "), "\(work)")
        #expect(
            work.stderr.contains(". `userload push --resend` with its file loads what was lost of a job\n"), "\(work)")
    }

    @Test func aCompactedTopicIsRefused() throws {
        try world.createTopic("cleanup.policy=compact")
        let file = try world.files.write("a.csv", People.csv(0..<10))
        let push = try world.expect(8, "push", file)
        #expect(push.stderr.contains("compact"))
        let work = try world.expect(8, "work", "--drain")
        #expect(work.stderr.contains("compact"))
    }

    @Test func aTopicWithSmallerMessagesIsRefused() throws {
        try world.createTopic("max.message.bytes=100000")
        let push = try world.expect(8, "push", try world.files.write("a.csv", People.csv(0..<10)))
        #expect(push.stderr.contains("max.message.bytes"))
    }

    @Test func theTopicThatPushMakes() throws {
        let file = try world.files.write("a.csv", People.csv(0..<10))
        let push = try world.expect(0, "push", "--partitions", "3", file)
        #expect(push.stderr.contains("created topic \(world.topic)"))
        try world.expect(0, "work", "--drain")
        #expect(
            try world.database.psql("SELECT count(*) FROM userload.positions WHERE topic = '\(world.topic)'") == "3")
    }

    /// A record of just under, and one of over, a mebibyte; and one endless line.
    @Test
    func longRecords() throws {
        var text = "name,age,note\n"
        text += "Long,30,\(String(repeating: "x", count: 1_048_000))\n"
        text += "Longer,31,\(String(repeating: "y", count: 1_049_000))\n"
        text += "Endless,32,\(String(repeating: "z", count: 20_000_000))\nAfter,33,\n"
        let file = try world.files.write("long.csv", text)
        let slug = try world.push(file)
        try world.expect(1, "work", "--drain")
        try world.expectCompleted(slug, inserted: 2, rejected: 2)
        #expect(
            try world.database.psql("SELECT length(additional_info->>'note') FROM users WHERE age = 30") == "1048000")
        let rejects = try world.database.psql(
            "SELECT line, form, octet_length(bytes), errors->0->>'code' FROM userload.rejects ORDER BY line")
        #expect(rejects == "3|truncated|65536|too_long\n4|truncated|65536|too_long")
        // The header row, and nothing of what is not whole.
        let raw = try world.expect(0, "rejects", "--raw", slug)
        #expect(raw.stdout == "name,age,note\n")
        #expect(raw.stderr.contains("3") && raw.stderr.contains("4"))
    }

    /// Nothing of it was taken yet, so there is no anchor by which the topic could be known.
    @Test func aTopicCreatedAgainUnderADrainIsItsNewAim() throws {
        try world.createTopic("max.message.bytes=1064960")
        _ = try world.push(try world.files.write("a.csv", People.csv(0..<2_000)))
        try world.expect(0, "migrate")
        let holder = try OtherSession(
            world.database, applicationName: "psql", script: "BEGIN; LOCK TABLE users; SELECT pg_advisory_lock(7);")
        try eventually("the table is locked") {
            try world.database.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7") != "0"
        }
        let drain = try world.start(["work", "--drain", "--stall-timeout", "60s"])
        try drain.wait(for: "messages to read")
        try world.deleteTopic()
        try world.createTopic("max.message.bytes=1064960")
        try holder.send("ROLLBACK;")
        let result = try drain.wait(.seconds(50))
        #expect([0, 3].contains(result.code), "\(result)")
        #expect(!result.stderr.contains("another producer's transaction"), "\(result)")
        #expect(!result.stderr.contains("no progress"), "\(result)")
    }
}
