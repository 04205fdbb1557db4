// Jobs that update, pushed for different numbers of partitions: which of them holds up which, and what to do about it.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct UpdateOrderTests {
    let world: World

    init() throws { world = try World() }

    private func push(_ file: String) throws -> (slug: String, stderr: String) {
        let result = try world.expect(0, "push", "--on-duplicate", "update", file)
        return (result.stdout.trimmingCharacters(in: .newlines), result.stderr)
    }

    @Test func theJobThatHoldsUpAnotherIsNamed() throws {
        try world.createTopic("max.message.bytes=1064960")
        let first = try push(try world.files.write("a.csv", People.csv(0..<20))).slug
        try world.expect(0, "work", "--drain")
        // As if a part of it had not come yet.
        try world.database.psql("UPDATE userload.progress SET end_seq = NULL WHERE partition = 0")
        try world.alterTopic(partitions: 3)
        let file = try world.files.write("b.csv", People.csv(10..<30, city: "Goa"))
        let second = try push(file).slug
        try world.expect(8, "work", "--drain")
        let blocked = [
            "stalled: pushed for 3 partitions, while an --on-duplicate update job pushed for another number had not ended; "
                + "which is the later one can be told only within a partition, so nothing of it was loaded",
            "it waits for \(first) (a.csv, 2 partitions, processing): wait until that has ended "
                + "(`userload status --wait \(first)`), or give it up (`userload abandon \(first)`)",
            "then run on ",
        ]
        let status = try world.expect(0, "status", second).stdout
        for line in blocked { #expect(status.contains(line), "\(line) is not in\n\(status)") }
        let load = try world.expect(3, "load", "--on-duplicate", "update", file)
        for line in blocked { #expect(load.stdout.contains(line), "\(line) is not in\n\(load)") }
        #expect(
            load.stderr.contains(
                "warning: topic \(world.topic) has 3 partitions now, and an --on-duplicate update job pushed for another "
                    + "number has not ended: \(first) (a.csv, 2 partitions). Until it has, what is pushed now is passed "
                    + "over (stalled): wait for it, or `userload abandon \(first)`\n"), "\(load)")

        try world.expect(0, "abandon", first)
        let free = try world.expect(0, "status", second).stdout
        #expect(free.contains("\nthat has ended since: run on "), "\(free)")
        try world.expect(0, "push", "--resend", "--on-duplicate", "update", file)
        try world.expect(0, "work", "--drain")
        #expect(try world.status(second).state == "completed")
        #expect(try world.database.psql("SELECT count(*) FROM users WHERE address->>'city' = 'Goa'") == "20")
    }

    /// A push has only this host's journal to ask.
    @Test func aPushKnowsOfAnInterruptedOne() throws {
        try world.createTopic("max.message.bytes=1064960")
        let ends = try pipe()
        let stream = try world.start(["push", "--on-duplicate", "update", "-"], input: .descriptor(ends.reading))
        let writer = FileHandle(fileDescriptor: ends.writing, closeOnDealloc: true)
        try writer.write(contentsOf: Data(People.csv(0..<20_000).utf8))
        try eventually("a slug and a journal") {
            stream.stdout.hasSuffix("\n")
                && FileManager.default.subpaths(atPath: world.files.path("journal"))?
                    .contains { $0.hasSuffix(".json") } == true
        }
        let slug = stream.stdout.trimmingCharacters(in: .newlines)
        stream.send(SIGKILL)
        _ = try stream.wait()
        let file = try world.files.write("b.csv", People.csv(10..<30))
        #expect(try !push(file).stderr.contains("partitions"))
        try world.alterTopic(partitions: 3)
        let told = try world.expect(0, "push", "--again", "--on-duplicate", "update", file).stderr
        #expect(
            told.contains(
                "warning: topic \(world.topic) has 3 partitions now, and this host's journal knows an --on-duplicate "
                    + "update job pushed for another number that was not pushed to the end: \(slug) (stdin, 2 partitions). "
                    + "Until it has ended, what is pushed now is passed over (stalled): `userload abandon \(slug)`, "
                    + "unless that was done\n"), "\(told)")
    }
}
