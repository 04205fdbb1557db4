// Rejects as a loop, as a user runs it: reject, fix file, load, and the parent says so.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsPostgres) struct FixTests {
    private static let bad = "Full Name;Alter;Mail;note\nAnn;31;;a\nBo;abc;none;\"b; c\"\nCy;200;;\nDi\n"

    /// The slug of the job that a load has told of.
    private func slug(_ world: World, _ file: String) throws -> String { try world.status(world.files.path(file)).slug }

    private func headline(_ world: World, _ slug: String) throws -> String {
        String(try world.expect(0, "status", slug).stdout.split(separator: "\n").first ?? "")
    }

    private func edit(_ world: World, _ file: String, _ changes: (String, String)...) throws {
        let path = world.files.path(file)
        var text = try String(contentsOfFile: path, encoding: .utf8)
        for (old, new) in changes {
            #expect(text.contains(old), "\(old) in \(text)")
            text = text.replacingOccurrences(of: old, with: new)
        }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test(arguments: Broker.available) func theWholeLoop(_ broker: Broker) throws {
        let world = try World(on: broker)
        let file = try world.files.write("people.csv", Self.bad)
        try world.expect(1, "load", file)
        let parent = try slug(world, "people.csv")
        let id = try world.database.psql("SELECT id_text FROM userload.jobs")
        let made = try world.expect(0, "rejects", "people.csv", "-o", "fix.csv")
        // A name without a slash that is a file here is one.
        #expect(made.stdout.isEmpty)
        #expect(made.stderr == "3 rejects in fix.csv: correct them there, then `userload load fix.csv`\n")
        let text = try String(contentsOfFile: world.files.path("fix.csv"), encoding: .utf8)
        let pattern = try Regex(
            """
            _job,_reject,_line,_errors,name,age,Mail,note
            \(id),[0-9]+\\.[0-9]+,3,"age ""abc"" is not a whole number",Bo,abc,none,b; c
            \(id),[0-9]+\\.[0-9]+,4,"age ""200"" is not between 0 and 150",Cy,200,,
            \(id),[0-9]+\\.[0-9]+,5,"the row has 1 cell, the header 4",Di

            """)
        #expect(text.wholeMatch(of: pattern) != nil, "\(text)")
        #expect(try world.expect(0, "rejects", parent, "-o", "-").stdout == text)

        // It is not written over, and half a file never stands there.
        let refused = try world.expect(5, "rejects", parent, "-o", "fix.csv")
        #expect(refused.stderr.hasPrefix("error: fix.csv exists\n"), "\(refused)")
        try world.expect(0, "rejects", parent, "-o", "fix.csv", "--force")
        let names = try FileManager.default.contentsOfDirectory(atPath: world.files.path)
        #expect(names.filter { $0.hasPrefix("fix") } == ["fix.csv"])

        // Two are corrected; the third is wrong in another way now.
        try edit(world, "fix.csv", ("Bo,abc", "Bo,44"), ("Cy,200", "Cy,20"), (",Di\n", ",Di,x,,\n"))
        let loaded = try world.expect(1, "load", "fix.csv")
        #expect(loaded.stdout.contains(#"read as CSV, UTF-8, ",", a fix file: name, age, "Mail" → email"#), "\(loaded)")
        #expect(try headline(world, parent).hasSuffix("\(parent)  completed, 3 rejects, 2 fixed since"))
        #expect(
            try world.expect(0, "rejects", parent).stdout.hasSuffix(": age is not a whole number\n    Di\n"))
        #expect(try world.expect(0, "rejects", "--all", parent).stdout.split(separator: "\n").count == 6)
        #expect(try world.expect(0, "jobs").stdout.contains("  3, 2 fixed since  "))
        let document = try world.expect(0, "status", "--json", parent).stdout
        #expect(document.contains(#""rejected": 3, "fixed": 2, "#), "\(document)")
        #expect(
            try world.database.psql(
                "SELECT name, age, email, additional_info FROM users ORDER BY name COLLATE \"C\"")
                == "Ann|31||{\"note\": \"a\"}\nBo|44||{\"note\": \"b; c\", \"email\": \"none\"}\nCy|20||")

        // Loaded once more it counts once. What it could not load is fixed from either end.
        let fix = try slug(world, "fix.csv")
        try world.expect(1, "load", "--again", "fix.csv")
        #expect(try headline(world, parent).hasSuffix("3 rejects, 2 fixed since"))
        try world.expect(0, "rejects", fix, "-o", "rest.csv")
        try edit(world, "rest.csv", (",Di,x,,\n", ",Di,50,,\n"))
        try world.expect(0, "load", "rest.csv")
        #expect(try headline(world, parent).hasSuffix("3 rejects, 3 fixed since"))
        #expect(try headline(world, fix).hasSuffix("1 reject, 1 fixed since"))
        let none = try world.expect(0, "rejects", parent, "-o", "none.csv")
        #expect(none.stderr == "the 3 rejects of \(parent) were all fixed since: --all lists them\n")
        #expect(!FileManager.default.fileExists(atPath: world.files.path("none.csv")))
        #expect(try world.expect(0, "status", "--wait", parent).stdout.contains("to correct") == false)
    }

    /// Saved by a spreadsheet: another delimiter, another encoding, all cells quoted, a row added, a row deleted.
    @Test(arguments: Broker.available) func aSpreadsheetsFile(_ broker: Broker) throws {
        let world = try World(on: broker)
        try world.expect(1, "load", try world.files.write("people.csv", Self.bad))
        let parent = try slug(world, "people.csv")
        let text = try world.expect(0, "rejects", parent, "-o", "-").stdout
        var rows = text.split(separator: "\n").dropLast().map { row in
            row.replacing("\"age \"\"abc\"\" is not a whole number\"", with: "x").replacing(
                "\"age \"\"200\"\" is not between 0 and 150\"", with: "y"
            ).split(separator: ",", omittingEmptySubsequences: false).map { "\"\($0)\"" }.joined(separator: ";")
        }
        rows[1] = rows[1].replacing("abc", with: "44")
        rows[2] = rows[2].replacing("200", with: "20")
        rows.append(";;;;Zoë;9;;")
        let sheet = "\u{FEFF}" + rows.joined(separator: "\r\n") + "\r\n"
        let path = try world.files.write("fix.csv", sheet.data(using: .utf16LittleEndian) ?? Data())
        try world.expect(0, "load", path)
        #expect(try headline(world, parent).hasSuffix("3 rejects, 2 fixed since"))
        let users = try world.database.psql(
            "SELECT count(*), max(age), sum((additional_info::text LIKE '%\\_job%')::integer) FROM users WHERE age <> 31"
        )
        #expect(users == "3|44|0")
    }

    @Test(arguments: Broker.available) func jsonLines(_ broker: Broker) throws {
        let world = try World(on: broker)
        let file = try world.files.write(
            "people.json",
            #"[{"who":{"full":"Ann"},"age":3},{"who":{"full":"Bo"},"age":"x","tags":[1]},{"who":7,"age":4}, 5]"#)
        try world.expect(1, "load", "--map", "name=who.full", file)
        let made = try world.expect(0, "rejects", file, "-o", "fix.jsonl")
        #expect(made.stderr.contains("is left out: it is not a JSON object\n"), "\(made)")
        #expect(made.stderr.hasSuffix("2 rejects in fix.jsonl: correct them there, then `userload load fix.jsonl`\n"))
        try edit(world, "fix.jsonl", (#""age":"x""#, #""age":5"#), (#""who":7"#, #""name":"Cy""#))
        try world.expect(0, "load", "fix.jsonl")
        #expect(try headline(world, try slug(world, "people.json")).hasSuffix("3 rejects, 2 fixed since"))
        #expect(
            try world.database.psql("SELECT name, age, additional_info FROM users ORDER BY name COLLATE \"C\"")
                == "Ann|3|{\"who\": {}}\nBo|5|{\"who\": {}, \"tags\": [1]}\nCy|4|")
    }

    /// Whatever stands in the first columns, the people are loaded, and no batch fails.
    @Test(arguments: Broker.available) func hostileParents(_ broker: Broker) throws {
        let world = try World(on: broker)
        let file = try world.files.write("people.csv", "name,age\nAnn,x\nBo,y\n")
        try world.expect(1, "load", file)
        let parent = try slug(world, "people.csv")
        let id = try world.database.psql("SELECT id_text FROM userload.jobs")
        let places = [
            "garbage,0.1,2", ",,", "-,0.1,2", "'; DROP TABLE users; --,0.1,2", "\(id),9223372036854775808.1,2",
            "\(id),0.9223372036854775808,2", "\(id),0.9007199254740992,2", "\(id),99.1,2", "\(id),2147483647.1,2",
            "00000000000000000000000000,0.1,2", "zzzzzzzzzzzzzzzzzzzzzzzzzw,0.1,2", "\(id),0.1.1,2", "\(id),-1.1,2",
        ]
        let rows = places.enumerated().map { "\($1),,P\($0),\($0)\n" }.joined()
        // Of the right number, but another line: a spreadsheet made it of 0.10.
        let real = try world.database.psql("SELECT partition || '.' || seq FROM userload.rejects WHERE line = 2")
        let text = "_job,_reject,_line,_errors,name,age\n\(rows)\(id),\(real),77,,Q,1\n"
        try world.expect(0, "load", try world.files.write("fix.csv", text))
        #expect(try world.database.psql("SELECT count(*) FROM users") == "\(places.count + 1)")
        #expect(try headline(world, parent).hasSuffix("completed, 2 rejects"))
        #expect(try world.database.psql("SELECT count(*) FROM userload.jobs WHERE wire_version = 3") == "1")
    }

    /// All files of a label's run in one file, which is loaded once.
    @Test(arguments: Broker.available) func severalParentsInOneFile(_ broker: Broker) throws {
        let world = try World(on: broker)
        let first = try world.files.write("a.csv", "name,age\nAnn,x\nBo,2\n")
        let second = try world.files.write("b.csv", "Alter;Full Name;city\nx;Cy;Rome\ny;Di;Oslo\n")
        try world.expect(1, "load", "--label", "nightly", first, second)
        #expect(try world.expect(2, "rejects", "--raw", "nightly").stderr.contains("these are several: "))
        let listed = try world.expect(0, "rejects", "nightly").stdout
        #expect(listed.contains("a.csv  ") && listed.contains("b.csv  "), "\(listed)")
        try world.expect(0, "rejects", "nightly", "-o", "fix.csv")
        try edit(world, "fix.csv", ("Ann,x", "Ann,1"), ("Cy,x", "Cy,3"))
        try world.expect(1, "load", "fix.csv")
        #expect(try headline(world, try slug(world, "a.csv")).hasSuffix("1 reject, 1 fixed since"))
        #expect(try headline(world, try slug(world, "b.csv")).hasSuffix("2 rejects, 1 fixed since"))
        #expect(try world.expect(0, "status", "nightly").stdout.contains("; 3 rejects, 2 fixed since"))
        #expect(
            try world.database.psql("SELECT name, additional_info FROM users WHERE age = 3")
                == "Cy|{\"city\": \"Rome\"}")
        let third = try world.files.write("c.jsonl", #"{"name":"Ed","age":"x"}"# + "\n")
        try world.expect(1, "load", "--label", "mixed", first, third)
        let mixed = try world.expect(5, "rejects", "mixed", "-o", "other.csv")
        #expect(mixed.stderr.contains("some of the files are CSV and some are JSON"), "\(mixed)")
    }

    @Test(arguments: Broker.available) func ofAJobThatUpdates(_ broker: Broker) throws {
        let world = try World(on: broker)
        try world.expect(0, "load", try world.files.write("old.csv", "name,age,phoneNumber\nAnn,31,111111\nBo,40,\n"))
        let file = try world.files.write("new.csv", "name,age,phoneNumber\nAnn,31x,222222\nBo,40,x\n")
        try world.expect(1, "load", "--on-duplicate", "update", file)
        let made = try world.expect(0, "rejects", "./new.csv", "-o", "fix.csv")
        #expect(made.stderr.hasSuffix("then `userload load --on-duplicate update fix.csv`\n"), "\(made)")
        try edit(world, "fix.csv", ("31x", "31"))
        try world.expect(1, "load", "--on-duplicate", "update", "fix.csv")
        #expect(try world.database.psql("SELECT phone_number FROM users WHERE name = 'Ann'") == "222222")
        #expect(try headline(world, try slug(world, "new.csv")).hasSuffix("2 rejects, 1 fixed since"))
    }

    @Test(arguments: Broker.available) func lenientParentsAndTruncatedOnes(_ broker: Broker) throws {
        let world = try World(on: broker)
        let long = String(repeating: "x", count: 1 << 20)
        let file = try world.files.write("people.csv", "name,age,email\nAnn,x,none\n\(long),1,\n")
        try world.expect(1, "load", "--lenient", file)
        let made = try world.expect(0, "rejects", file, "-o", "fix.csv")
        #expect(
            made.stderr.hasPrefix("warning: line 3 of "), "\(made)")
        #expect(made.stderr.contains(" is left out: only 65,536 of its 1,048,579 bytes are kept\n"))
        #expect(
            made.stderr.hasSuffix("1 reject in fix.csv: correct it there, then `userload load --lenient fix.csv`\n"))
        try edit(world, "fix.csv", ("Ann,x", "Ann,1"))
        try world.expect(0, "load", "--lenient", "fix.csv")
        #expect(try world.database.psql("SELECT additional_info FROM users") == "{\"email\": \"none\"}")
    }
}
