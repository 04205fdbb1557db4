// --on-duplicate as a user runs it: update and reject, from the file to the row.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct UpdateTests {
    let world: World

    init() throws { world = try World() }

    private func phone(_ name: String = "Ann") throws -> String {
        try world.database.psql("SELECT phone_number FROM users WHERE name = '\(name)'")
    }

    private func expect(_ job: String, _ counts: [Int], at location: SourceLocation = #_sourceLocation) throws {
        _ = try world.run("status", "--wait", "--timeout", "90s", job)
        let report = try world.status(job)
        #expect(report.state == "completed", sourceLocation: location)
        #expect(
            [report.inserted, report.updated, report.duplicates, report.rejected] == counts, sourceLocation: location)
    }

    @Test func aFileThatChangesBackIsLoadedAgain() throws {
        let a = "name,age,phoneNumber\nAnn,30,111111\nBo,40,\n"
        let b = "name,age,phoneNumber\nAnn,30,222222\nBo,40,333333\n"
        let load = ["load", "--on-duplicate", "update", "people.csv"]
        var slugs: [String] = []
        for (content, ann, counts) in [
            (a, "111111", [2, 0, 0, 0]), (b, "222222", [0, 2, 0, 0]), (a, "111111", [0, 1, 1, 0]),
        ] {
            let file = try world.files.write("people.csv", content)
            let result = try world.start(load).wait(.seconds(120))
            #expect(result.code == 0, "\(result)")
            #expect(try phone() == ann)
            slugs.append(try world.status(file).slug)
            // The same once more is the same job.
            let again = try world.start([
                "push", "--quiet", "--print", "slug", "--on-duplicate", "update", "people.csv",
            ]).wait(
                .seconds(60))
            #expect(again.stdout == slugs[slugs.count - 1] + "\n")
            try expect(slugs[slugs.count - 1], counts)
        }
        #expect(Set(slugs).count == 3)
        // An empty cell keeps what is there.
        #expect(try phone("Bo") == "333333")
        #expect(try world.database.psql("SELECT job <> updated_by FROM users WHERE name = 'Ann'") == "t")

        // Of what is not the last one from its path, nothing is sent again.
        _ = try world.files.write("people.csv", b)
        let refused = try world.expect(2, "push", "--resend", "--on-duplicate", "update", "people.csv")
        #expect(refused.stderr.contains("--resend with --on-duplicate update repeats the last job of a file alone"))
        #expect(refused.stderr.contains("--again in its place loads the file as it is now"))
        let again = try world.expect(
            0, "push", "--quiet", "--print", "slug", "--again", "--on-duplicate", "update", "people.csv")
        #expect(!slugs.contains(again.stdout.trimmingCharacters(in: .newlines)))
        try world.expect(0, "work", "--drain")
        #expect(try phone() == "222222")
    }

    @Test func nullClearsAndAbsentKeeps() throws {
        let first = try world.files.write(
            "a.jsonl", #"{"name":"Ann","age":30,"email":"a@x","phoneNumber":"111111","city":"X","x":1}"# + "\n")
        let second = try world.files.write(
            "b.jsonl", #"{"name":"Ann","age":30,"email":null,"city":null,"y":2}"# + "\n")
        try world.expect(0, "load", "--on-duplicate", "update", first)
        let told = try world.expect(0, "load", "--on-duplicate", "update", second)
        #expect(told.stdout.contains("1 line = 0 inserted + 1 updated + 0 duplicates + 0 rejected"))
        #expect(
            try world.database.psql("SELECT email, phone_number, additional_info FROM users")
                == #"|111111|{"x": 1, "y": 2}"#)
    }

    @Test func rejectKeepsDuplicatesAsRejects() throws {
        let file = try world.files.write("a.csv", "name,age\nAnn,30\nBo,40\nAnn,30\n")
        try world.expect(1, "load", "--on-duplicate", "reject", file)
        try expect(file, [2, 0, 0, 1])
        let rejects = try world.expect(0, "rejects", try world.status(file).slug)
        #expect(rejects.stdout.contains("a person with this name and age was loaded before"))
    }

    /// Told before anything is sent: there is no topic yet.
    @Test func aRoleWithoutUpdateIsToldFirst() throws {
        try world.expect(0, "migrate")
        let role = "r\(UUID().uuidString.prefix(8).lowercased())"
        try world.database.psql(
            "CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA userload TO \(role); "
                + "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA userload TO \(role); "
                + "GRANT SELECT, INSERT ON users TO \(role)")
        let file = try world.files.write("a.csv", "name,age\nAnn,30\n")
        let refused = try world.expect(8, "load", "--on-duplicate", "update", file, changes: ["DB_USER": role])
        #expect(refused.stderr.contains("role \(role) may not UPDATE on public.users"))
        #expect(refused.stderr.contains("GRANT UPDATE ON public.users TO \"\(role)\";"))
        #expect(try world.database.psql("SELECT count(*) FROM userload.jobs") == "0")
        try world.expect(0, "load", file, changes: ["DB_USER": role])
    }

    /// Two workers, of which one is killed, while another program writes the same rows.
    @Test func twoWorkersAndAForeignWriter() throws {
        let numbers = 0..<20_000
        try world.expect(0, "load", "--on-duplicate", "update", try world.files.write("a.csv", People.csv(numbers)))
        let isOver = Flag()
        let foreign = Background { [world] in
            var round = 0
            while !isOver.isSet {
                round += 1
                _ = try? world.database.psql(
                    "UPDATE users SET email = 'f\(round)@x' WHERE id % 7 = \(round % 7) AND age % 2 = \(round % 2)")
            }
        }
        foreign.start()
        let workers = [try world.start(["work", "--verbose"]), try world.start(["work"])]
        for worker in workers { try worker.wait(for: "owns 6 of 12") }
        let file = try world.files.write("b.csv", People.csv(numbers, city: "Goa"))
        try world.expect(0, "push", "--quiet", "--on-duplicate", "update", file)
        try workers[0].wait(for: "batch:")
        workers[0].send(SIGKILL)
        try expect(file, [0, 20_000, 0, 0])
        isOver.set()
        foreign.result
        #expect(try world.database.psql("SELECT count(*) FROM users WHERE address->>'city' = 'Goa'") == "20000")
        #expect(try world.database.psql("SELECT sum(count) FROM userload.age_counts") == "20000")
    }
}

private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var value = false
    var isSet: Bool { lock.withLock { value } }
    func set() { lock.withLock { value = true } }
}
