// What a newcomer sees first: the samples, loaded, counted and read back, through either broker.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsPostgres) struct SampleTests {
    /// Skipped where there is none: the tests below then run on the dev-broker alone.
    @Test(.needsKafka) func alsoThroughARealKafka() { #expect(Broker.available == [.kafka, .devBroker]) }

    @Test(arguments: Broker.available) func usersGoFromAFileThroughKafkaIntoPostgres(_ broker: Broker) throws {
        let world = try World(on: broker)
        try world.expect(0, "load", Userload.sample("users.csv"))
        try world.expectUsers(16)
        let row = try world.database.psql(
            "SELECT name, age, address, additional_info FROM users WHERE name = 'Rohit Prasad'")
        #expect(
            row == """
                Rohit Prasad|35|{"city": "Pune", "line1": "A-563 Rakshak Society", "line2": "New Pune Road", \
                "state": "Maharashtra"}|{"gender": "male"}
                """)
        let status = try world.expect(0, "status", Userload.sample("users.csv"))
        #expect(status.stdout.contains("16 lines = 16 inserted + 0 updated + 0 duplicates + 0 rejected"))
    }

    /// The container is not part of a job.
    @Test func aPackedFileIsTheSameJob() throws {
        let world = try World()
        let plain = try world.files.write("people.csv", People.csv(0..<1000))
        try run("/bin/sh", ["-c", "cd '\(world.files.path)' && gzip -k people.csv && zstd -q people.csv"])
        try world.expect(0, "load", plain + ".gz")
        for file in [plain, plain + ".gz", plain + ".zst"] {
            try world.expectCompleted(file, inserted: 1000)
            let result = try world.expect(0, "push", file)
            #expect(result.stderr.contains("already pushed"), "\(result)")
        }
        try world.expectUsers(1000)
    }

    @Test func aFileInUTF16() throws {
        let world = try World()
        let text = "\u{FEFF}name,age\r\nZoë Müller,31\r\n😀,x\r\n"
        let file = try world.files.write("people.csv", text.data(using: .utf16LittleEndian) ?? Data())
        try world.expect(1, "load", file)
        #expect(try world.database.psql("SELECT name FROM users") == "Zoë Müller")
        let reject = try world.database.psql(
            "SELECT line, byte_offset, convert_from(bytes, 'UTF8') FROM userload.rejects")
        #expect(reject == "3|27|😀,x", "the line is the file's, the offset that of the UTF-8 form")
    }

    @Test(arguments: Broker.available) func statsShowTheFourGroups(_ broker: Broker) throws {
        let world = try World(on: broker)
        try world.expect(0, "load", "--quiet", Userload.sample("users.csv"))
        let groups = try world.expect(0, "stats").stdout.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true)
        }
        let found = groups.map { $0.prefix { !$0.contains("█") && !$0.contains("#") }.joined(separator: " ") }
        for wanted in ["< 20 3", "20 to 40 6", "40 to 60 4", "> 60 3"] {
            #expect(found.contains { $0.hasPrefix(wanted) }, "\(found)")
        }
    }

    @Test(arguments: Broker.available) func jsonLinesTravelAsTheyAre(_ broker: Broker) throws {
        let world = try World(on: broker)
        try world.expect(0, "load", Userload.sample("users.jsonl"))
        try world.expectUsers(8)
        let additional = try world.database.psql("SELECT additional_info FROM users WHERE name = 'Aoife Byrne'")
        #expect(additional.contains("\"middleName\": \"Róisín\""))
        #expect(try world.database.psql("SELECT age FROM users WHERE name = 'नेहा शर्मा'") == "52")
    }

    /// Every kind of bad record in the file becomes one reject, with all its errors; the good ones are loaded.
    @Test(arguments: Broker.available) func everyKindOfBadCSVRecordIsKept(_ broker: Broker) throws {
        let world = try World(on: broker)
        try world.expect(1, "load", Userload.sample("bad.csv"))
        try world.expectUsers(3)
        let codes = try world.database.psql(
            """
            SELECT r.line || ' ' || string_agg(e->>'field' || ':' || (e->>'code'), ' ' ORDER BY n)
            FROM userload.rejects AS r, jsonb_array_elements(r.errors) WITH ORDINALITY AS t (e, n)
            GROUP BY r.line ORDER BY r.line
            """)
        #expect(
            codes == """
                3 age:missing
                4 age:not_an_integer
                5 age:not_an_integer
                6 age:not_an_integer
                7 age:out_of_range
                8 name.firstName:missing
                9 name:missing
                10 name:too_long
                11 email:invalid_email
                12 email:too_long
                13 phoneNumber:invalid_phone
                14 age:not_an_integer email:invalid_email phoneNumber:invalid_phone
                15 :ragged_row
                16 :ragged_row
                17 name.lastName:invalid_utf8
                18 name.lastName:empty
                19 name.firstName:stray_quote
                20 name.firstName:stray_quote
                22 :unterminated_quote
                """)
    }

    @Test(arguments: Broker.available) func everyKindOfBadJSONRecordIsKept(_ broker: Broker) throws {
        let world = try World(on: broker)
        try world.expect(1, "load", Userload.sample("bad.jsonl"))
        try world.expectUsers(2)
        let report = try world.status(Userload.sample("bad.jsonl"))
        #expect(report.lines == 20)
        #expect(report.rejected == 18)
    }

    /// What `rejects --raw` prints is a file of the same kind.
    @Test(arguments: Broker.available) func mendedRejectsAreLoaded(_ broker: Broker) throws {
        let world = try World(on: broker)
        let file = try world.files.write("people.csv", "name,age\nAnn,31\nBob,old\n\"Cy, Jr\",x\n")
        let slug = try world.push(file)
        try world.expect(1, "work", "--drain")
        let raw = try world.expect(0, "rejects", "--raw", slug).stdout
        #expect(raw == "name,age\nBob,old\n\"Cy, Jr\",x\n")
        let mended = raw.replacingOccurrences(of: "old", with: "44").replacingOccurrences(of: ",x", with: ",9")
        try world.expect(0, "load", try world.files.write("mended.csv", mended))
        let users = try world.database.psql("SELECT name, age FROM users ORDER BY name")
        #expect(users == "Ann|31\nBob|44\nCy, Jr|9")
    }

    /// `users --json` prints lines that push accepts, and that give the same rows.
    @Test(arguments: Broker.available) func whatUsersPrintsLoadsIntoTheSameRows(_ broker: Broker) throws {
        let world = try World(on: broker)
        try world.expect(0, "load", Userload.sample("users.csv"), Userload.sample("users.jsonl"))
        let printed = try world.expect(0, "users", "--json").stdout
        let other = try World(on: broker)
        try other.expect(0, "load", try other.files.write("again.jsonl", printed))
        let query = """
            SELECT name, age, email, phone_number, address, additional_info FROM users ORDER BY name COLLATE "C", age
            """
        #expect(try other.database.psql(query) == world.database.psql(query))
        try other.expectUsers(24)
    }

    /// The push is finished all the same: only its slug is lost.
    @Test(arguments: Broker.available) func aFullDiskUnderTheSlugsIsAnError(_ broker: Broker) throws {
        let world = try World(on: broker)
        let file = Userload.sample("users.jsonl")
        let result = try ChildProcess(
            "/bin/sh", ["-c", "exec \"$0\" push \"$1\" >/dev/full", Userload.binary, file],
            environment: world.environment()
        ).wait()
        #expect(result.code == 3, "\(result)")
        #expect(
            result.stderr.contains(
                """
                error: cannot write to standard output: No space left on device
                the push itself continues; `userload jobs` lists its jobs
                \(file)
                """), "\(result)")
        try world.expect(0, "work", "--drain")
        try world.expectUsers(8)
    }

    /// Linux allows any bytes in a file's name; these are Latin-1.
    @Test(arguments: Broker.available) func aNameThatIsNotUTF8IsKept(_ broker: Broker) throws {
        let world = try World(on: broker)
        func shell(_ script: String) throws -> ChildProcess.Result {
            try ChildProcess(
                "/bin/sh", ["-c", "file=$(printf 'caf\\351.csv'); \(script)", Userload.binary],
                environment: world.environment(), directory: world.files.path
            ).wait()
        }
        let loaded = try shell("printf 'name,age\nAnn,31\n' >\"$file\"; exec \"$0\" load \"$file\"")
        #expect(loaded.code == 0, "\(loaded)")
        #expect(loaded.stdout.hasPrefix("caf\\xE9.csv  "), "\(loaded)")
        try world.expectUsers(1)
        let again = try shell("exec \"$0\" push \"$file\"")
        #expect(again.stderr.contains("already pushed"), "\(again)")
        let status = try shell("exec \"$0\" status \"$file\"")
        #expect(status.stdout.hasPrefix("caf\\xE9.csv  "), "\(status)")
    }

    /// A slug is what push prints on stdout, and nothing else.
    @Test(arguments: Broker.available) func aSlugIsWhatOtherCommandsTake(_ broker: Broker) throws {
        let world = try World(on: broker)
        let slug = try world.push(Userload.sample("users.csv"))
        #expect(slug.wholeMatch(of: /[0-9a-hjkmnp-tv-z]{8}/) != nil)
        try world.expect(0, "work", "--drain")
        for command in [["status", slug], ["rejects", slug], ["users", "--job", slug], ["status", "--wait", slug]] {
            let result = try world.start(command).wait()
            #expect(result.code == 0, "\(command): \(result)")
        }
        #expect(try world.expect(0, "jobs").stdout.contains(slug))
    }
}
