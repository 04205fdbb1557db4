// Taking back a load, forgetting a person, pruning and counting rejects: the binary, as a user runs it.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsPostgres) struct UndoTests {
    private static let people = "name,age,email\nAnn Lee,30,\nBo Ray,31,\nCy Fox,x,\nDi Orr,200,\nEd Poe,40,a@@b\n"

    private func slug(_ result: ChildProcess.Result, _ world: World) throws -> String {
        try world.database.psql("SELECT slug FROM userload.job_status ORDER BY first_seen_at DESC LIMIT 1")
    }

    @Test(arguments: Broker.available) func aLoadIsTakenBack(_ broker: Broker) throws {
        let world = try World(on: broker)
        let file = try world.files.write("people.csv", Data(Self.people.utf8))
        let loaded = try world.expect(1, "load", "--quiet", file)
        let slug = try slug(loaded, world)
        let more = try world.files.write("more.csv", Data("name,age\nAnn Lee,30\nFay Kim,50\n".utf8))
        try world.expect(0, "load", "--quiet", more)
        let later = try world.database.psql("SELECT slug FROM userload.job_status WHERE rejected = 0")

        let stays = """
            at most 1 record of later jobs was a duplicate of these people and is not loaded: \(later) (1)
            to load it: `userload load --again FILE` with the file of that job

            """
        let look = try world.expect(0, "undo", "--dry-run", slug)
        #expect(look.stdout == "would delete 2 people of \(slug)\n" + stays)
        let asked = try world.expect(2, "undo", slug)
        #expect(
            asked.stderr.contains(
                "delete 2 people of \(slug)? There is no terminal to ask on, nothing was deleted"), "\(asked)")
        #expect(asked.stderr.contains("to undo it without being asked: userload undo --yes \(slug)"), "\(asked)")
        try world.expectUsers(3)

        let undone = try world.expect(0, "undo", "--yes", slug)
        #expect(undone.stdout == "undone \(slug): 2 people deleted\n" + stays)
        #expect(try world.database.psql("SELECT name FROM users") == "Fay Kim")
        #expect(try world.expect(0, "undo", "--yes", slug).stdout == "\(slug) is undone already\n")
        let status = try world.expect(0, "status", slug).stdout
        #expect(status.contains("\(slug)  undone, 3 rejects\n"), "\(status)")
        #expect(
            status.contains("undone 0 s ago: what it had inserted is deleted; to load it again: run on"), "\(status)")
        #expect(status.contains("`userload push --again"), "\(status)")
        #expect(try world.status(slug).state == "undone")

        // What comes of it again is dropped; as another job it is loaded.
        try world.expect(0, "push", "--quiet", "--resend", file)
        try world.expect(1, "load", "--quiet", "--again", file)
        let names = try world.database.psql("SELECT string_agg(name, ',' ORDER BY name) FROM users")
        #expect(names == "Ann Lee,Bo Ray,Fay Kim")
        #expect(try world.status(slug).state == "undone")
        let stats = try world.expect(0, "stats", "--json").stdout
        #expect(try world.database.psql("SELECT sum(count) FROM userload.age_counts") == "3", "\(stats)")
    }

    @Test func rowsThatOthersUpdatedAreCountedByJob() throws {
        let world = try World(on: .devBroker)
        let names = ["Ann Lee", "Bo Ray", "Cy Fox", "Di Orr"]
        func load(_ name: String, _ people: ArraySlice<String>, _ email: String, _ mode: String) throws -> String {
            let rows = people.map { "\($0),30,\(email)\n" }.joined()
            let file = try world.files.write(name, Data(("name,age,email\n" + rows).utf8))
            try world.expect(0, "load", "--quiet", "--on-duplicate", mode, file)
            return try world.status(file).slug
        }
        let first = try load("people.csv", names[...], "a@x", "skip")
        let second = try load("second.csv", names[..<2], "b@x", "update")
        let third = try load("third.csv", names[2..<3], "c@x", "update")
        #expect(
            try world.expect(0, "undo", "--dry-run", first).stdout == """
                would delete 1 person of \(first)
                3 people that later jobs updated stay:
                  2 updated by \(second)
                  1 updated by \(third)

                """)
    }

    /// A load of it waits for nothing.
    @Test func aLoadOfWhatWasUndoneSaysSo() throws {
        let world = try World(on: .devBroker)
        let file = try world.files.write("people.csv", Data(Self.people.utf8))
        let slug = try slug(try world.expect(1, "load", "--quiet", file), world)
        try world.expect(0, "undo", "--yes", slug)
        let again = try world.expect(3, "load", file)
        #expect(again.stdout.contains("\(slug)  undone, 3 rejects\n"), "\(again)")
        #expect(again.stdout.contains("what it had inserted is deleted; to load it again: run on "), "\(again)")
        #expect(again.stdout.contains("`userload push --again \(file)`"), "\(again)")
    }

    @Test func anOpenJobIsNotUndone() throws {
        let world = try World(on: .devBroker)
        let file = try world.files.write("people.csv", Data(Self.people.utf8))
        let loaded = try world.expect(1, "load", "--quiet", file)
        let slug = try slug(loaded, world)
        try world.database.psql("UPDATE userload.progress SET end_seq = NULL")
        let undone = try world.expect(3, "undo", "--yes", slug)
        #expect(
            undone.stderr.contains(
                "\(slug) is processing: only a job that has ended can be undone, nothing was deleted"), "\(undone)")
        #expect(undone.stderr.contains("`userload abandon \(slug)` ends it; then undo it"), "\(undone)")
        try world.expectUsers(2)
        try world.database.psql(
            "INSERT INTO userload.jobs (id, id_text) VALUES ('00000000-0000-0000-0000-000000000000', '-')")
        let foreign = try world.expect(2, "undo", "--yes", "-")
        #expect(
            foreign.stderr.contains("the job of other producers (-) has no end, so it cannot be undone"), "\(foreign)")
    }

    @Test func aRoleThatMayNotDeleteIsToldSoAndNothingChanges() throws {
        let world = try World(on: .devBroker)
        let file = try world.files.write("people.csv", Data(Self.people.utf8))
        let loaded = try world.expect(1, "load", "--quiet", file)
        let slug = try slug(loaded, world)
        let role = "undoer-\(world.database.name)"
        try world.database.psql(
            """
            CREATE ROLE "\(role)" LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA userload TO "\(role)";
            GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA userload, public TO "\(role)"
            """)
        defer { _ = try? world.database.psql(#"DROP OWNED BY "\#(role)"; DROP ROLE "\#(role)""#) }
        let changes = ["DB_USER": role, "DB_PASSWORD": "x"]
        let refused = try world.expect(8, "undo", "--yes", slug, changes: changes)
        #expect(refused.stderr.contains("permission denied for table users"), "\(refused)")
        try world.expectUsers(2)
        #expect(try world.status(slug).state == "completed")
    }

    @Test func rejectsAreCountedForgottenAndPruned() throws {
        let world = try World(on: .devBroker)
        let file = try world.files.write("people.csv", Data((Self.people + "Ann Lee,30,b@@c\n").utf8))
        let loaded = try world.expect(1, "load", "--quiet", file)
        let slug = try slug(loaded, world)
        #expect(
            try world.expect(0, "rejects", "--summary", slug).stdout
                == "4 rejects of \(slug)\n  2 invalid_email\n  1 not_an_integer\n  1 out_of_range\n")
        #expect(
            try world.expect(0, "rejects", "--summary", "--json", slug).stdout
                == #"{"slug": "\#(slug)", "rejects": 4, "codes": [{"code": "invalid_email", "count": 2}, "#
                + #"{"code": "not_an_integer", "count": 1}, {"code": "out_of_range", "count": 1}], "truncated": 0}"#
                + "\n")

        let missing = try world.expect(2, "forget", "--name", "Ann Lee")
        #expect(missing.stderr.contains("--name and --age are both required"), "\(missing)")
        let forgotten = try world.expect(0, "forget", "--name", "Ann Lee", "--age", "30")
        #expect(
            forgotten.stdout
                == "deleted 1 person and 1 reject\nKafka keeps the message until the dev-broker stops, or has no room for it\n",
            "\(forgotten)")
        let other = try world.expect(0, "forget", "--name", "Cy Fox", "--age", "33")
        #expect(
            other.stdout == """
                deleted 0 people and 0 rejects
                1 other reject mentions the name, but not exactly this person, so it stays:
                  line 4 of \(slug)
                Kafka keeps a message until the dev-broker stops, or has no room for it

                """)

        #expect(try world.expect(2, "prune").stderr.contains("--older-than is required"))
        let nothing = "deleted 0 rejects of 0 jobs, header and options of 0 jobs, 0 runs, 0 journal entries\n"
        #expect(try world.expect(0, "prune", "--older-than", "1d").stdout == nothing)
        // An older run of no label, and rejects of other producers.
        try world.database.psql(
            """
            INSERT INTO userload.runs SELECT gen_random_uuid(), host, label, 1, started_at, sent_at - interval '1 hour'
                FROM userload.runs;
            INSERT INTO userload.rejects (job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster, topic,
                kafka_offset, kafka_time)
            SELECT '00000000-0000-0000-0000-000000000000', 0, i, 0, 0, 1, 'raw', 'x', '[]', 'c', 't', i, -1
                FROM generate_series(1, 2) AS i
            """)
        let all =
            "3 rejects of 1 job, 2 rejects of other producers (-), header and options of 1 job, 1 run, 1 journal entry\n"
        #expect(try world.expect(0, "prune", "--older-than", "0s", "--dry-run").stdout == "would delete " + all)
        #expect(try world.expect(0, "prune", "--older-than", "0s").stdout == "deleted " + all)
        #expect(try world.expect(0, "prune", "--older-than", "0s").stdout == nothing)
        #expect(try world.status(slug).state == "completed")
        #expect(
            try world.expect(0, "rejects", "--summary", slug).stdout
                == "the 4 rejects of \(slug) are not kept any more: they were deleted, as by `userload prune`\n")
        try world.expectUsers(1)
        // Read once more, nothing is applied anew.
        try world.database.psql("UPDATE userload.positions SET generation = 2, next_offset = -1, anchor_offset = NULL")
        try world.expect(0, "work", "--drain", "--quiet")
        try world.expectUsers(1)
    }
}
