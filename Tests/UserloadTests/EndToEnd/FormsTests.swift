// Files as people have them, loaded by the built program without a flag, or refused with the command that takes them.

import Foundation
import TestSupport
import Testing

@Suite(.needsServers) struct FormsTests {
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
