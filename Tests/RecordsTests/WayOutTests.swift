// Ways out that need several things at once: they come as one line, or not at all.

import Testing

@testable import Records

@Suite struct WayOutTests {
    typealias File = RefusalTests.File

    static let in1252 = ["--encoding", "windows-1252"]
    static let nameBesideVorname =
        "\"Name\" stands beside \"Vorname\", a first name: it may be the whole name or the last one"
    static let bothParts = ["--map", "name.firstName=Vorname,name.lastName=Name"]
    static let title = "no columns name and age (line 1: Report); with --skip-lines 2, line 3 is the header: "

    /// The first character of a text that is no ASCII, as windows-1252 has it.
    static func western(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

    static func reads(_ place: String, _ word: String) -> String {
        "; not UTF-8 (\(place)); in windows-1252 it would read \"\(word)\": --encoding windows-1252"
    }

    static let encodings: [File] = [
        // The header is ASCII, and the rows are not UTF-8.
        File(
            western("Name;Vorname;Alter\nMüller;Ann;35\n"),
            nameBesideVorname + " (line 1: Name, Vorname, Alter)" + reads("line 2, byte 20", "Müller"),
            .options(in1252 + bothParts)),
        File(
            western("Name,dob\nAnn,1990-12-31\nZoë,1991-12-31\n"),
            "no column age (line 1: Name, dob); \"dob\" is a date of birth: --age-from takes it"
                + reads("line 3, byte 26", "Zoë"),
            .options(in1252 + ["--age-from", "dob"] + RefusalTests.dates)),
        // One character that is UTF-8: it is not windows-1252.
        File(
            western("Name;Vorname;Alter\nMüller;Ann;35\n") + Array("Zoë;x;3\n".utf8),
            nameBesideVorname + " (line 1: Name, Vorname, Alter)", .options(bothParts)),
        File(
            western("Übersicht\n\nName;Vorname;Alter\nMüller;Ann;35\n"),
            "the header row is not UTF-8 text (line 1); in windows-1252 it would read \"Übersicht\": "
                + "--encoding windows-1252; with --skip-lines 2, line 3 is the header: \(nameBesideVorname) (line 3: Name, Vorname, Alter)",
            .options(in1252 + ["--skip-lines", "2"] + bothParts)),
        File(
            western(#"[{"Prénom":"Ann","Nom":"Lee","age":3}]"#),
            "no key name (in the first object: Pr\u{FFFD}nom, Nom, age)" + reads("line 1, byte 5", "Prénom"),
            .options(in1252)),
        File(
            western(#"{"people":[{"name":"Müller","dob":"1990-01-01"}]}"#),
            "is one JSON object that holds an array of objects, .people[]" + reads("line 1, byte 21", "Müller"),
            .program(
                ["jq", "-c", ".people[]"], from: "windows-1252",
                options: ["--age-from", "dob"] + RefusalTests.dates)),
        // jq would make U+FFFD of it.
        File(
            western(#"{"people":[{"name":"Müller","age":3}],"x":""#) + Array("Zoë\"}".utf8),
            "is one JSON object that holds an array of objects, .people[]"),
    ]

    static let maps: [File] = [
        File(
            "\"Name,\";Vorname=;Alter\nLee;Ann;35\n",
            "\"Name,\" stands beside \"Vorname=\", a first name: it may be the whole name or the last one (line 1: Name,, Vorname=, Alter)",
            .options(["--map", "name.firstName=Vorname=", "--map", "name.lastName=Name,"])),
        File(
            "First-Name=a,age=;x\n", "no columns name and age (line 1: First-Name=a, age=;x)"),
        // No --map says this: behind its comma is a field of ours.
        File("\"Sur,name=\",age\nLee,35\n", "no column name.firstName (line 1: Sur,name=, age)"),
    ]

    static let delimiters: [File] = [
        File(
            "sep=;\nname,age\nAnn,3\n",
            "no columns name and age (line 2: name,age); its delimiter looks like \",\", which its first line contradicts",
            .options(["--delimiter", ","])),
        File(
            "sep=,\r\nName;Vorname;Alter\r\nLee;Ann;3\r\n",
            "no columns name and age (line 2: Name;Vorname;Alter); its delimiter looks like \";\", which its first line contradicts",
            .options(["--delimiter", ";"] + bothParts)),
        File(
            "sep=^\nname|age\nAnn|3\n", "its first line names a delimiter that is not one of , ; tab |",
            .options(["--delimiter", "|"])),
        File("sep=^\nname^age\n", "its first line names a delimiter that is not one of , ; tab |"),
        File(
            "name;age\nAnn;3\n", "no columns name and age (line 1: name;age); its delimiter looks like \";\"",
            .options([]),
            flags: { $0.delimiter = UInt8(ascii: ",") }),
        // The flag is right and the first line is not, or the other way round.
        File(
            "sep=;\nname;age\nAnn;3\n", "no columns name and age (line 2: name;age); its delimiter looks like \";\"",
            .options([]), flags: { $0.delimiter = UInt8(ascii: ",") }),
        File(
            "A;B\nAnn;3\n", "--map name=A: there is no column \"A\" (line 1: A;B); its delimiter looks like \";\"",
            .options(["--map", "name=A,age=B"]), kind: .usage,
            flags: {
                $0.delimiter = UInt8(ascii: ",")
                $0.map = [FieldSource(field: "name", source: "A"), FieldSource(field: "age", source: "B")]
            }),
    ]

    static let titles: [File] = [
        File(
            "Report\n\nName;Vorname;Alter\nLee;Ann;3\n", title + nameBesideVorname + " (line 3: Name, Vorname, Alter)",
            .options(["--skip-lines", "2"] + bothParts)),
        File(
            "Report\n\nName;Geburtsdatum\nAnn;31.12.1990\n",
            title
                + "no column age (line 3: Name, Geburtsdatum); \"Geburtsdatum\" is a date of birth: --age-from takes it",
            .options(
                ["--skip-lines", "2", "--age-from", "Geburtsdatum"] + RefusalTests.dates + ["--date-format", "dmy"])),
        File(
            "Report\n\nFirst name,Age\nAnn,3\n",
            title + "no column name.lastName (line 3: First name, Age)",
            .options(["--skip-lines", "2", "--map", "name=First name"])),
        // The way is not known, and where to look is.
        File(
            "Report\n\nName;dob\nAnn;01/02/1990\n",
            title + "no column age (line 3: Name, dob); \"dob\" is a date of birth: --age-from takes it; "
                + "--date-format says whether day or month comes first"),
        File(
            "Report\n\nWho;Years\nAnn;3\n",
            "--map name=Who: there is no column \"Who\" (line 1: Report); line 3 has them: --skip-lines 2",
            .options(["--skip-lines", "2", "--map", "name=Who,age=Years"]), kind: .usage,
            flags: {
                $0.map = [FieldSource(field: "name", source: "Who"), FieldSource(field: "age", source: "Years")]
            }),
        // Rows without any name of a column are no header.
        File("a,b\nAnn,3\nBo,4\n", "no columns name and age (line 1: a, b)" + RefusalTests.numbers("b")),
    ]

    static let person = #"{"name":"Ann","age":3}"#
    static let commas =
        "has commas behind its JSON objects, but no [ and ] around them: it is neither JSON lines nor an array"
    static let brackets = ["sed", "1s/^/[/;$s/,*[[:space:]]*$/]/"]

    static let json: [File] = [
        File("\(person),\n\(person),\n", commas, .program(["sed", "s/,$//"], from: nil, options: [])),
        File("\(person),\n\(person)", commas, .program(["sed", "s/,$//"], from: nil, options: [])),
        File(
            "\(person),\r\n\(person),\r\n", commas,
            .program(["sed", "s/,[[:space:]]*$//"], from: nil, options: [])),
        File(
            "{\"name\":\"Ann\",\"dob\":\"1990-01-01\"},\n", commas,
            .program(brackets, from: nil, options: ["--age-from", "dob"] + RefusalTests.dates)),
        File("{\"x\":1},\n{\"x\":2},\n", commas),
        File("\(person), \(person),\n", commas, .program(brackets, from: nil, options: [])),
        File(
            "{\n\"name\":\"Ann\",\n\"age\":3\n},\n{\n\"name\":\"Bo\",\n\"age\":4\n}\n", commas,
            .program(brackets, from: nil, options: [])),
        // One stray comma.
        File("\(person),\n\(person)\n\(person)\n", commas, .program(["sed", "s/,$//"], from: nil, options: [])),
        // The mark would stand inside.
        File("\u{FEFF}\(person), \(person),\n", commas),
        // All on one line that is longer than the window.
        File(
            (0..<5_000).map { _ in person }.joined(separator: ","), commas,
            .program(brackets, from: nil, options: [])),
        File(String(repeating: "[", count: 1_000_000), "is a JSON array of arrays, not of objects"),
        File(
            String(repeating: "[", count: 1_000),
            "the JSON ends inside an object or array that began on line 1 (line 1, byte 1000)"),
        File(String(repeating: "{", count: 1_000_000), "no keys name and age (the first object: no keys)"),
        File("[\"" + String(repeating: "a", count: 100_000) + "\"]", "is a JSON array without objects"),
        File("{}\n{}\n", "no keys name and age (the first 2 objects: no keys)"),
    ]

    static let holds = "is one JSON object that holds an array of objects, .people[]"
    static let asLines = "; --format jsonl takes the object itself for one person"
    static let asObjects = "; --format json takes the object itself for one person"

    static func jq(_ filter: String, _ options: [String] = []) -> Remedy {
        .program(["jq", "-c", filter], from: nil, options: options)
    }

    static let objects: [File] = [
        File("{\"name\":\"Team\",\"age\":3,\"people\":[\(person)]}", holds + asLines, jq(".people[]")),
        File("{\"name\":\"Team\",\n\"age\":3,\"people\":[\(person)]}", holds + asObjects, jq(".people[]")),
        File(
            "{\"name\":\"Team\",\"age\":3,\"tags\":[{\"id\":1}],\"people\":[\(person)]}", holds + asLines,
            jq(".people[]")),
        File(
            "{\"meta\":{\"links\":[{\"id\":1}]},\"people\":[{\"name\":\"Ann\",\"dob\":\"1990-01-01\"}]}", holds,
            jq(".people[]", ["--age-from", "dob"] + RefusalTests.dates)),
        // Over several lines it is no JSON lines: whatever the array holds, a person says what is meant.
        File(
            "{\"name\":\"Ann\",\n\"age\":3,\"people\":[{\"id\":1}]}",
            holds
                + "; of these: no keys name and age (in the first object: id); whole numbers from 0 to 150 are in \"id\": --map age=… says if that is the age"
                + asObjects,
            .options(["--format", "json"])),
        // Cut off by the window.
        File(
            "{\"name\":\"Team\",\"age\":3,\"people\":[\((0..<5_000).map { _ in person }.joined(separator: ","))]}",
            holds + asLines, jq(".people[]")),
        // The keys that the flags name are inside.
        File(
            "{\"people\":[{\"n\":\"Ann\",\"a\":3}]}",
            "--map name=n: there is no key \"n\" (in the first object: people)",
            jq(".people[]", ["--map", "name=n,age=a"]), kind: .usage,
            flags: { $0.map = [FieldSource(field: "name", source: "n"), FieldSource(field: "age", source: "a")] }),
    ]

    @Test(arguments: encodings + maps + delimiters + titles + json + objects) func refused(file: File) {
        RefusalTests.check(file)
    }

    /// Who holds others is one person: a line of its own with others behind it, or if a flag says so.
    @Test func oneObjectIsOnePerson() throws {
        let team = "{\"name\":\"Ann\",\"age\":3,\"children\":[\(Self.person)]}"
        for text in ["\(team)\n\(Self.person)\n", "{\"name\":\"Ann\",\"age\":3,\"orders\":[{\"id\":1}]}\n"] {
            #expect(try conclude(Array(text.utf8)).isPlain)
        }
        // The first record of a stream: others may follow.
        #expect(try conclude(Array("\(team)\n".utf8), isWhole: false).isPlain)
        for format in [Format.jsonl, .json] {
            var flags = InputFlags()
            flags.format = format
            #expect(try records(Array(team.utf8), try conclude(Array(team.utf8), flags)) == [team])
        }
    }

    /// A flag knows better.
    @Test func aLineWithACommaIsAReject() throws {
        var flags = InputFlags()
        flags.format = .jsonl
        let bytes = Array("\(Self.person),\n\(Self.person)\n".utf8)
        #expect(try sent(try stream(bytes, try conclude(bytes, flags))).map(\.kind) == [.raw, .record])
    }

    /// In a log stands no value of a person.
    @Test func aNameIsQuotedOnlyWhereItMayBe() {
        let bytes = Self.western("Name;Vorname;Alter\nMüller;Ann;35\n")
        let refusal = #expect(throws: Refusal.self) { try conclude(bytes) }
        let words =
            Self.nameBesideVorname
            + " (line 1: Name, Vorname, Alter); not UTF-8 (line 2, byte 20); if it is windows-1252: --encoding windows-1252"
        #expect(refusal?.notice.words(showingValues: false) == words)
    }

    static let roundTrips: [(pairs: [(String, String)], words: [String])] = [
        ([("name", "A"), ("age", "B")], ["--map", "name=A,age=B"]),
        ([("name", "A, b"), ("age", "B=")], ["--map", "name=A, b", "--map", "age=B="]),
        ([("name", "A"), ("x.y", "B"), ("age", "C")], ["--map", "name=A", "--map", "x.y=B,age=C"]),
        // Characters that combine with the one before, or behind.
        ([("name", "\u{338}A\u{600}"), ("age", "\u{301}")], ["--map", "name=\u{338}A\u{600},age=\u{301}"]),
    ]

    @Test(arguments: roundTrips.indices) func mapsReadBack(index: Int) throws {
        let (pairs, words) = Self.roundTrips[index]
        let sources = pairs.map { FieldSource(field: $0.0, source: $0.1) }
        #expect(ColumnMap.words(sources) == words)
        var read: [FieldSource] = []
        for text in words where text != "--map" { read += try ColumnMap.pairs(text) }
        #expect(read == sources && ColumnMap.canBeTyped(sources))
    }

    @Test func whatNoMapSays() {
        #expect(!ColumnMap.canBeTyped([FieldSource(field: "name", source: "x,age=y")]))
    }
}
