// Files as people have them, loaded by the built program without a flag, or refused with the command that takes them.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct FormsTests {
    static let people = ["Ann Lee|35", "Bo Day|41"]

    static let files: [(name: String, text: String)] = [
        ("a.csv", "Full Name;Age;Phone\nAnn Lee;35;none\nBo Day;41;+49 30 123456\n"),
        ("b.tsv", "First Name\tLast Name\tAlter\r\nAnn\tLee\t35\rBo\tDay\t41\n"),
        ("c", "sep=|\n\u{E9}|Name|Age\nx|Ann Lee|35\ny|Bo Day|41"),
        ("d.json", #"[{"Name":"Ann Lee","Age":35},{"Name":"Bo Day","Age":"41"}]"#),
        (
            "e.txt",
            "{\n \"first_name\": \"Ann\", \"last_name\": \"Lee\", \"age\": 35\n}\n{\n \"first_name\": \"Bo\", \"last_name\": \"Day\", \"age\": 41\n}"
        ),
        ("f.dat", "{\"name\":\"Ann Lee\",\"age\":35}\n{\"name\":\"Bo Day\",\"age\":41}\n"),
    ]

    @Test(arguments: files.indices) func loadsWithoutAFlag(index: Int) throws {
        let world = try World()
        let (name, text) = Self.files[index]
        let result = try world.expect(0, "load", try world.files.write(name, text))
        #expect(result.stderr.contains("\(name)  "), "\(result)")
        let rows = try world.database.psql("SELECT name || '|' || age FROM users ORDER BY name")
        #expect(rows.split(separator: "\n").map { String($0) } == Self.people)
        if name == "a.csv" {
            #expect(result.stderr.contains(#"CSV, UTF-8, ";": "Full Name" → name, "Age" → age, "Phone" → phoneNumber"#))
            // By alias, an invalid phone number does not cost the person.
            let info = try world.database.psql("SELECT additional_info FROM users WHERE phone_number IS NULL")
            #expect(info == #"{"phoneNumber": "none"}"#)
        }
    }

    @Test func standardInputNeedsNoFormat() throws {
        let world = try World()
        try world.expect(0, "load", "-", input: .bytes(Array("Name;Age\nAnn Lee;35\n".utf8)))
        try world.expectUsers(1)
    }

    /// The line that is printed does what it says.
    @Test func theSuggestedCommandWorks() throws {
        let world = try World()
        let file = try world.files.write("p q.csv", "Name;Vorname;Geburtsdatum\nLee;Ann;31.12.1990\n")
        let refused = try world.expect(5, "load", file)
        let line = refused.stderr.split(separator: "\n").first { $0.hasPrefix("try: userload load ") }
        let command = try #require(line, "\(refused)").dropFirst("try: userload ".count)
        #expect(
            command.hasPrefix("load --map name.firstName=Vorname,name.lastName=Name --age-from Geburtsdatum --as-of "))
        let script = "'\(Userload.binary)' \(command)"
        let result = try ChildProcess("/bin/bash", ["-c", script], environment: world.environment()).wait()
        #expect(result.code == 0, "\(result)")
        #expect(try world.database.psql("SELECT name FROM users") == "Ann Lee")
    }

    /// The header tells that it is not UTF-8; the command that is printed loads it, and says what it was read as.
    @Test func anotherEncoding() throws {
        let world = try World()
        let text = "Prénom;Nom;Alter\nZoë;Müller;35\n"
        let file = try world.files.write("w.csv", try #require(text.data(using: .windowsCP1252)))
        let refused = try world.expect(5, "load", file)
        let words = #"the header row is not UTF-8 text (line 1); in windows-1252 it would read "Prénom""#
        #expect(refused.stderr.contains(words), "\(refused)")
        #expect(refused.stderr.hasSuffix("try: userload load --encoding windows-1252 \(file)\n"), "\(refused)")
        let loaded = try world.expect(0, "load", "--encoding", "windows-1252", file)
        #expect(loaded.stderr.contains(#"CSV, WINDOWS-1252, ";": "Prénom" + "Nom" → name, "Alter" → age"#), "\(loaded)")
        #expect(try world.database.psql("SELECT name FROM users") == "Zoë Müller")
        let job = "SELECT wire_version, state, conclusion FROM userload.job_status"
        #expect(
            try world.database.psql(job)
                == #"2|completed|CSV, WINDOWS-1252, ";": "Prénom" + "Nom" → name, "Alter" → age"#)
        let wrong = try world.start(["push", "--encoding", "EBCDIC-US", file]).wait()
        #expect(wrong.code == 2 && wrong.stderr.contains("--encoding EBCDIC-US is not supported"), "\(wrong)")
    }

    /// Found before anything is sent.
    @Test func aBrokenArray() throws {
        let world = try World()
        let text =
            "[" + String(repeating: "{\"name\":\"Ann\",\"age\":1},\n", count: 10_000) + "{\"name\":\"Bo\",\"age\":1}"
        let result = try world.expect(5, "push", try world.files.write("a.json", text))
        #expect(
            result.stderr.contains("refused: the JSON array is not closed (line 10001, byte 240022); nothing sent"),
            "\(result)")
    }

    /// Nothing is sent of a file that breaks its limits; what keeps them is loaded as ever.
    @Test func limits() throws {
        let world = try World()
        let file = try world.files.write("a.csv", "name,age\nAnn,3\nBo,x\n")
        let many = try world.expect(5, "push", "--max-rejects", "49%", file)
        #expect(
            many.stderr.contains("refused: 1 of 2 records would be rejected: --max-rejects is 49%; nothing sent"),
            "\(many)")
        let few = try world.expect(5, "push", "--min-records", "3", file)
        #expect(few.stderr.contains("refused: has 2 records: --min-records is 3; nothing sent"), "\(few)")
        let pipe = ChildProcess.Input.bytes(Array("name,age\nAnn,3\n".utf8))
        let stream = try world.expect(2, "push", "--min-records", "1", "-", input: pipe)
        #expect(
            stream.stderr.contains("--max-rejects and --min-records need a file: a stream is read only once"),
            "\(stream)")
        try world.expect(0, "load", try world.files.write("h.csv", "name,age\n"))
        try world.expect(1, "load", "--max-rejects", "1", "--min-records", "2", file)
        try world.expectUsers(1)
        // They are no part of the job, but of the command that pushes it again.
        let options = try world.database.psql("SELECT options FROM userload.jobs WHERE path = '\(file)'")
        #expect(options == "{--max-rejects,1,--min-records,2,\(file)}")
        let again = try world.expect(0, "push", file)
        #expect(again.stderr.contains("already pushed"), "\(again)")
    }

    /// A command that is offered keeps the limits that were asked for.
    @Test func theSuggestedCommandKeepsTheLimits() throws {
        let world = try World()
        let file = try world.files.write("a.json", #"{"data":[{"name":"Ann","age":3},{"name":"Bo","age":"x"}]}"#)
        let refused = try world.expect(5, "load", "--max-rejects", "50%", "a.json")
        let line = "jq -c '.data[]' a.json > unpacked && userload load --max-rejects 50% unpacked"
        #expect(refused.stderr.contains("try: \(line)\n"), "\(refused)")
        let checked = try world.expect(5, "check", "--max-rejects", "49%", file)
        #expect(
            checked.stdout.hasSuffix(
                "try: jq -c '.data[]' \(file) > unpacked && userload check --max-rejects 49% unpacked\n"),
            "\(checked)")
        let script = line.replacingOccurrences(of: "userload load", with: "'\(Userload.binary)' load")
        let result = try ChildProcess(
            "/bin/bash", ["-c", script], environment: world.environment(), directory: world.files.path
        ).wait()
        #expect(result.code == 1, "\(result)")
        try world.expectUsers(1)
    }

    @Test func usageErrors() throws {
        let world = try World()
        let file = try world.files.write("a.csv", "name,age\nAnn,3\n")
        for flags in [
            ["--map", "email=Mail"], ["--map", "x"], ["--age-from", "dob"], ["--as-of", "2026-11-24"],
            ["--age-from", "name", "--as-of", "24.11.2026"], ["--map-file", "/nowhere"],
        ] {
            let result = try world.start(["push"] + flags + [file]).wait()
            #expect(result.code == 2, "\(flags): \(result)")
        }
    }
}
