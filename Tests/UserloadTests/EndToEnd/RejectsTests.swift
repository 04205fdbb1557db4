// What a person is told of records that are not loaded, word for word, by the built program.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsPostgres) struct RejectsTests {
    private static let bad = """
        name,age,email
        Ann,31,
        Bo,abc,a b
        Cy,,
        ,x,
        "Di, Jr",151,d@@e
        Ed

        """

    private static let groups = """
          2 invalid_email
            line 3  email has a space in it
            line 6  email has more than one @
          2 not_an_integer
            line 3  age is not a whole number
            line 5  age is not a whole number
          2 missing
            line 4  age is missing
            line 5  name is missing
          1 out_of_range
            line 6  age is not between 0 and 150
          1 ragged_row
            line 7  the row has 1 cell, the header 3

        """

    private static func commands(_ slug: String, _ condition: String = "") -> String {
        """
        to see them all\(condition): `userload rejects \(slug)`
        to correct them: `userload rejects \(slug) -o fix.csv`, edit it, `userload load fix.csv`

        """
    }

    @Test(arguments: Broker.available) func pushStatusAndRejectsTellTheSame(_ broker: Broker) throws {
        let world = try World(on: broker)
        let file = try world.files.write("bad.csv", Self.bad)
        let pushed = try world.expect(0, "push", file)
        let slug = pushed.stdout.trimmingCharacters(in: .newlines)
        let end = "; 5 will be rejected\n" + Self.groups + Self.commands(slug, " once they are loaded")
        #expect(pushed.stderr.hasSuffix(end), "\(pushed)")
        try world.expect(1, "work", "--drain")

        let status = try world.expect(0, "status", slug)
        let counts = "6 lines = 1 inserted + 0 updated + 0 duplicates + 5 rejected\n"
        #expect(status.stdout.hasSuffix(counts + Self.groups + Self.commands(slug)), "\(status)")
        let shown = try world.expect(0, "status", "--show-values", slug).stdout
        for line in [
            #"line 3  age "abc" is not a whole number"#, #"line 6  email "d@@e" has more than one @"#,
            #"line 5  name is missing"#, #"line 7  the row has 1 cell, the header 3: "Ed""#,
        ] {
            #expect(shown.contains("    \(line)\n"), "\(line) in \(shown)")
        }

        let rejects = try world.expect(0, "rejects", slug)
        #expect(
            rejects.stdout.hasPrefix(
                """
                line 3, byte 23: age is not a whole number; email has a space in it
                    Bo,abc,a b
                line 4, byte 34: age is missing
                    Cy,,

                """), "\(rejects)")
        #expect(
            rejects.stderr == "to correct them: `userload rejects \(slug) -o fix.csv`, "
                + "edit it, `userload load fix.csv`\n", "\(rejects)")
        #expect(try world.expect(0, "rejects", "--quiet", slug).stderr.isEmpty)
        let problem = try world.database.psql(
            "SELECT problem FROM userload.reject_list WHERE slug = '\(slug)' AND line = 3")
        #expect(problem == "age is not a whole number; email has a space in it")
        let none = try world.push(Userload.sample("users.csv"))
        try world.expect(0, "work", "--drain")
        #expect(try world.expect(0, "rejects", none).stderr == "no rejects of \(none)\n")
    }

    /// Load tells it once: in the status at its end.
    @Test(arguments: Broker.available) func loadTellsItOnce(_ broker: Broker) throws {
        let world = try World(on: broker)
        let loaded = try world.expect(1, "load", try world.files.write("bad.csv", Self.bad))
        #expect(loaded.stderr.hasSuffix("; 5 will be rejected\n"), "\(loaded)")
        let slug = try #require(loaded.stdout.split(separator: "\n").first?.split(separator: " ").dropLast(3).last)
        #expect(loaded.stdout.hasSuffix(Self.groups + Self.commands(String(slug))), "\(loaded)")
        let shown = try world.expect(1, "load", "--again", "--show-values", world.files.path("bad.csv"))
        #expect(shown.stdout.contains(#"    line 3  age "abc" is not a whole number"# + "\n"), "\(shown)")
    }

    /// The sample: every code once, in text and in JSON, the values of the file only where they are asked for.
    @Test(arguments: Broker.available) func theSample(_ broker: Broker) throws {
        let world = try World(on: broker)
        let file = Userload.sample("bad.csv")
        let loaded = try world.expect(1, "load", file)
        let text = loaded.stdout
        #expect(
            text.contains(
                """
                  4 not_an_integer
                    line 4  age is not a whole number
                    line 5  age is not a whole number
                    line 6  age is not a whole number
                    and 1 more
                """), "\(text)")
        let result = try world.expect(0, "status", "--json", "--show-values", file)
        let status = try #require(
            try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [String: Any], "\(result)")
        let errors = try #require(status["errors"] as? [[String: Any]])
        let words = errors.map { group in
            let first = (group["first"] as? [[String: Any]] ?? []).map { example in
                let value = example["value"] as? String
                let parts = [
                    "\(example["line"] ?? "")", example["field"] as? String ?? "", value.map { "\"\($0)\"" } ?? "",
                    example["message"] as? String ?? "",
                ]
                return parts.filter { !$0.isEmpty }.joined(separator: " ")
            }
            return "\(group["count"] ?? "") \(group["code"] ?? ""): \(first.joined(separator: "; "))"
        }
        let longEmail = "jan@" + String(repeating: "m", count: 56) + "…"
        #expect(
            words == [
                #"4 not_an_integer: 4 age "abc" is not a whole number; 5 age "35.5" is not a whole number; "#
                    + #"6 age "+35" is not a whole number"#,
                "3 missing: 3 age is missing; 8 name.firstName is missing; 9 name is missing",
                #"2 too_long: 10 name makes the unique key longer than 2600 bytes; "#
                    + #"12 email "\#(longEmail)" is longer than 254 bytes"#,
                #"2 invalid_email: 11 email "isha.example.org" has no @; 14 email "leena@@example.org" has more than one @"#,
                #"2 invalid_phone: 13 phoneNumber "call me" is not a phone number; 14 phoneNumber "12" is not a phone number"#,
                #"2 ragged_row: 15 "Mario,Conti,44,mario@example.it" the row has 4 cells, the header 6; "#
                    + #"16 "Nils,Berg,45,,,one cell,too many" the row has 7 cells, the header 6"#,
                "2 stray_quote: 19 name.firstName has a quote in the wrong place; "
                    + "20 name.firstName has a quote in the wrong place",
                #"1 out_of_range: 7 age "151" is not between 0 and 150"#,
                "1 invalid_utf8: 17 name.lastName \"Petr\u{FFFD}va\" is not valid UTF-8",
                "1 empty: 18 name.lastName is empty",
                #"1 unterminated_quote: 22 ""Tomas,Silva,41,,,quote that never ends" the record has a quote that is not closed"#,
            ])
        #expect(status["rejects_examined"] as? Int == 19)
        let hidden = try world.expect(0, "status", "--json", file).stdout
        for value in ["abc", "leena", "Mario", "Tomas", "\"value\""] { #expect(!hidden.contains(value), "\(hidden)") }
        // The same as check, which needs no database.
        let checked = try world.expect(1, "check", file).stdout
        let groups = checked.split(separator: "\n").filter { $0.hasPrefix("    line ") }
        let shown = try world.expect(0, "status", "--show-values", file).stdout
        for line in groups { #expect(shown.contains(line + "\n"), "\(line) in \(shown)") }
        #expect(groups.count == 20)
    }

    /// The commands that are printed make a file of the rejects, and load it without what the first one was told.
    @Test(arguments: Broker.available) func thePrintedCommandsWork(_ broker: Broker) throws {
        let world = try World(on: broker)
        let text = "Exported today\nId;Wer;Alter\n1;Zoë;31\n2;Bo;x\n"
        let file = try world.files.write("people.csv", text.data(using: .isoLatin1) ?? Data())
        let flags = ["--encoding", "latin1", "--skip-lines", "1", "--map", "name=Wer,age=Alter"]
        let loaded = try world.start(["load", "--show-values"] + flags + [file]).wait()
        #expect(loaded.stdout.contains(#"    line 4  age "x" is not a whole number"#), "\(loaded)")
        let commands = loaded.stdout.split(separator: "`").filter { $0.hasPrefix("userload ") }
        #expect(commands.count == 3 && commands[2] == "userload load fix.csv", "\(loaded)")
        let script = commands.map { "'\(Userload.binary)'\($0.dropFirst("userload".count))" }
            .joined(separator: " && sed -i s/,x/,41/ fix.csv 2>/dev/null; ")
        let result = try ChildProcess(
            "/bin/bash", ["-c", script], environment: world.environment(), directory: world.files.path
        ).wait()
        #expect(result.code == 0, "\(result)")
        #expect(try world.database.psql("SELECT name, age FROM users ORDER BY age") == "Zoë|31\nBo|41")
    }
}
