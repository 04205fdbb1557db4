// What is refused: the sentence, and the way out.

import Testing

@testable import Records

@Suite struct RefusalTests {
    struct File: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let message: String
        var remedy: Remedy?
        var flags: @Sendable (inout InputFlags) -> Void = { _ in }
        var kind = Refusal.Kind.input

        init(
            _ text: String, _ message: String, _ remedy: Remedy? = nil, kind: Refusal.Kind = .input,
            flags: @escaping @Sendable (inout InputFlags) -> Void = { _ in }
        ) {
            self.init(Array(text.utf8), message, remedy, kind: kind, flags: flags)
        }

        init(
            _ bytes: [UInt8], _ message: String, _ remedy: Remedy? = nil, kind: Refusal.Kind = .input,
            flags: @escaping @Sendable (inout InputFlags) -> Void = { _ in }
        ) {
            self.bytes = bytes
            self.message = message
            self.remedy = remedy
            self.flags = flags
            self.kind = kind
        }

        var testDescription: String { message }
    }

    static let dates = ["--as-of", "2026-11-24"]

    static let files: [File] = [
        // Which is the name?
        File(
            "Name;Vorname;Alter\nLee;Ann;35\n",
            "\"Name\" stands beside \"Vorname\", a first name: it may be the whole name or the last one (line 1: Name, Vorname, Alter)",
            .options(["--map", "name.firstName=Vorname,name.lastName=Name"])),
        File(
            "Name,Surname,Age\nAnn,Lee,35\n",
            "\"Name\" stands beside \"Surname\", a last name: it may be the whole name or the first one (line 1: Name, Surname, Age)",
            .options(["--map", "name.firstName=Name,name.lastName=Surname"])),
        File(
            #"[{"name":"Ann","surname":"Lee","age":3}]"#,
            "\"name\" stands beside \"surname\", a last name: it may be the whole name or the first one (in the first object: name, surname, age)",
            .options(["--map", "name.firstName=name,name.lastName=surname"])),
        File(
            "Name;Vorname;Geburtsdatum\nLee;Ann;31.12.1990\n",
            "\"Name\" stands beside \"Vorname\", a first name: it may be the whole name or the last one (line 1: Name, Vorname, Geburtsdatum)",
            .options([
                "--map", "name.firstName=Vorname,name.lastName=Name", "--age-from", "Geburtsdatum", "--as-of",
                "2026-11-24", "--date-format", "dmy",
            ])),
        File(
            "Name,Full Name,age\nA,B,3\n",
            "\"Name\" and \"Full Name\" could both be name: --map name=… says which (line 1: Name, Full Name, age)"),
        File(
            "name,Age,Alter\nA,3,4\n",
            "\"Age\" and \"Alter\" could both be age: --map age=… says which (line 1: name, Age, Alter)"),
        File("name,age,age\nA,3,4\n", "column age is there twice (line 1: name, age, age)"),
        File(
            "First Name,Age\nAnn,3\n", "no column name.lastName (line 1: First Name, Age)",
            .options(["--map", "name=First Name"])),
        File("nom,age\nA,3\n", "no column name (line 1: nom, age)"),
        File("Âge,name\n3,A\n", "no column age (line 1: Âge, name)" + numbers("Âge")),
        // The age.
        File(
            "Name,Date of birth\nAnn,1990-02-28\n",
            "no column age (line 1: Name, Date of birth); \"Date of birth\" is a date of birth: --age-from takes it",
            .options(["--age-from", "Date of birth"] + dates)),
        File(
            "Name,dob\nAnn,02/28/1990\nBo,01/02/1990\n",
            "no column age (line 1: Name, dob); \"dob\" is a date of birth: --age-from takes it",
            .options(["--age-from", "dob"] + dates + ["--date-format", "mdy"])),
        File(
            "Name,dob\nBo,01/02/1990\n",
            "no column age (line 1: Name, dob); \"dob\" is a date of birth: --age-from takes it; "
                + "--date-format says whether day or month comes first"),
        File(
            "Name,Birthplace\nBo,Paris\n",
            "no column age (line 1: Name, Birthplace); \"Birthplace\" may be a date of birth: --age-from takes it"),
        // A row number is a whole number, too.
        File("#,Name\n1,Ann\n2,Bo\n", "no column age (line 1: #, Name)" + numbers("#")),
        File(
            #"{"name":"Ann","birthDate":"1990-02-28T00:00:00Z"}"#,
            "no key age (in the first object: name, birthDate); \"birthDate\" is a date of birth: --age-from takes it",
            .options(["--age-from", "birthDate"] + dates)),
        // Where the columns are.
        File("a,b\n1,2\n", "no columns name and age (line 1: a, b)" + numbers("a", "b")),
        File(
            "Report\n\nName;Alter\nAnn;3\n",
            "no columns name and age (line 1: Report); line 3 has them: --skip-lines 2",
            .options(["--skip-lines", "2"])),
        File(
            "name,age,b;Name;Age\nx\n", "\",\" and \";\" both separate the columns needed: --delimiter says which"),
        File("sep=^\nname^age\n", "its first line names a delimiter that is not one of , ; tab |"),
        // Forms.
        File("", "empty"),
        File("\u{FEFF}", "empty"),
        File("\n \n", "nothing but blank lines"),
        File("name,age\n", "is not JSON: it begins with neither [ nor {", .options([]), flags: { $0.format = .json }),
        File(
            #"[{"name":"A","age":1}]"#, "is a JSON array, not JSON lines", .options([]), flags: { $0.format = .jsonl }),
        File(
            "{\"name\":\"A\",\"age\":1}\n",
            "the header row has a stray quote in column 1 (line 1); it looks like JSON", .options([]),
            flags: { $0.format = .csv }),
        File(
            "{\"name\":\"A\",\"age\":1}\n", "is JSON; --delimiter is for CSV (--format csv takes it as CSV)",
            flags: { $0.delimiter = UInt8(ascii: ";") }),
        File(
            "[id],name,age\n1,A,2\n", "there is more behind the end of the JSON array (line 1, byte 4)",
            .options(["--format", "csv"])),
        File(
            "{\n\"data\": {\"people\": [{\"Name\":\"A\",\"age\":1}]}, \"n\": 1}",
            "is one JSON object that holds an array of objects, .data.people[]",
            .program(["jq", "-c", ".data.people[]"], from: nil, options: [])),
        File(
            #"{"my people":[{"name":"A","dob":"1990-01-01"}]}"#,
            "is one JSON object that holds an array of objects, .[\"my people\"][]",
            .program(
                ["jq", "-c", ".[\"my people\"][]"], from: nil, options: ["--age-from", "dob"] + dates)),
        File("[[1,2],[3,4]]", "is a JSON array of arrays, not of objects"),
        File("[1,2]", "is a JSON array without objects"),
        File("nonsense\nmore\n", "none of the first 2 lines is a JSON object", flags: { $0.format = .jsonl }),
        File("name,age\n", "the first line is not a JSON object", .options([]), flags: { $0.format = .jsonl }),
        File("name,age\n,\nx,\n,3\n", "none of the first 3 records has a name and an age"),
        // Structure.
        File(#"[{"name":"A","age":1}"#, "the JSON array is not closed (line 1, byte 21)"),
        File(
            "[{\"name\":\"A\",\"age\":1}\n{\"name\":\"A\",\"age\":1}]",
            "a comma or ] is missing behind an element of the JSON array (line 2, byte 22)"),
        File("[{\"name\":\"A\",\"age\":1},]", "an element is missing or not separated (line 1, byte 22)"),
        File("[{\"name\":\"A\",\"age\":[1}]", "a bracket closes what was not opened (line 1, byte 21)"),
        File("[{\"name\":\"A\",\"age\":1}] x", "there is more behind the end of the JSON array (line 1, byte 23)"),
        File(
            "[{\"name\":\"A\",\n\"age\":\"1}]", "the JSON ends inside a string that began on line 1 (line 2, byte 24)"),
        File(
            "{\n\"name\":\"A\",\"age\":1",
            "the JSON ends inside an object or array that began on line 1 (line 2, byte 20)"),
        // Bytes.
        File(
            Array("Pr".utf8) + [0xE9] + Array("nom;Nom;Alter\nAnn;M".utf8) + [0xFC] + Array("ller;3\n".utf8),
            "the header row is not UTF-8 text (line 1); in windows-1252 it would read \"Prénom\": --encoding windows-1252",
            .options(["--encoding", "windows-1252"])),
        File(
            Array("name,age,".utf8) + [0xE9] + Array("\nZo".utf8) + [0xC3, 0xAB] + Array(",3,\n".utf8),
            "the header row is not UTF-8 text (line 1)"),
        File(
            Array("name,age,".utf8) + [0xE9, 0x81] + Array("\nZo,3,\n".utf8),
            "the header row is not UTF-8 text (line 1)"),
        // Flags: exit code 2.
        File(
            "name,age\nA,3\n", "--map email=Mail: there is no column \"Mail\" (line 1: name, age)", kind: .usage,
            flags: { $0.map = [FieldSource(field: "email", source: "Mail")] }),
        File(
            #"{"name":"A","age":3}"#, "--map email=Mail: there is no key \"Mail\" (in the first object: name, age)",
            kind: .usage, flags: { $0.map = [FieldSource(field: "email", source: "Mail")] }),
        File(
            "name,age\nA,3\n",
            "--map mail=name: there is no field mail; fields are name, name.firstName, name.lastName, age, email, "
                + "phoneNumber, address and dotted paths", kind: .usage,
            flags: { $0.map = [FieldSource(field: "mail", source: "name")] }),
        File(
            "name,age\nA,3\n", "--map gives \"name\" to two fields", kind: .usage,
            flags: {
                $0.map = [FieldSource(field: "name", source: "name"), FieldSource(field: "email", source: "name")]
            }),
        File(
            "name,age\nA,3\n", "--age-from dob: there is no column \"dob\" (line 1: name, age)", kind: .usage,
            flags: { $0.ageFrom = AgeFrom(column: "dob", asOf: testDay) }),
    ]

    static func numbers(_ names: String...) -> String {
        let quoted = names.map { "\"\($0)\"" }.joined(separator: ", ")
        return "; whole numbers from 0 to 150 are in \(quoted): --map age=… says if that is the age"
    }

    @Test(arguments: files) func refused(file: File) { Self.check(file) }

    static func check(_ file: File) {
        var flags = InputFlags()
        file.flags(&flags)
        do {
            let conclusion = try conclude(file.bytes, flags)
            Issue.record("taken: \(conclusion.line([]))")
        } catch {
            #expect(error.notice.words(showingValues: true) == file.message)
            #expect(error.remedy == file.remedy)
            #expect(error.kind == file.kind)
        }
    }

    /// What a remedy says leads to a conclusion.
    @Test func remediesWork() throws {
        let bytes = Array("Name;Vorname;Geburtsdatum\nLee;Ann;31.12.1990\n".utf8)
        var flags = InputFlags()
        flags.map = try ColumnMap.pairs("name.firstName=Vorname,name.lastName=Name")
        flags.ageFrom = AgeFrom(column: "Geburtsdatum", asOf: testDay, format: .dmy)
        let conclusion = try conclude(bytes, flags)
        #expect(
            conclusion.notices.map { $0.words(showingValues: true) } == [
                "another --as-of makes a second row of whoever had a birthday between, while the unique key is name,age"
            ])
        #expect(
            try records(bytes, conclusion)
                == [#"{"name":{"lastName":"Lee","firstName":"Ann"},"Geburtsdatum":"31.12.1990","age":35}"#])
        #expect(conclusion.line([]) == #"CSV, ";": "Vorname" + "Name" → name, "Geburtsdatum" → age on 2026-11-24"#)
    }

    /// One bad byte costs one line, and the offer is made only where it reads well.
    @Test func invalidUTF8InRows() throws {
        let good = (0..<5).map { "Ann \($0),3\n" }.joined()
        let bytes = Array("name,age\n\(good)M".utf8) + [0xFC] + Array("ller,3\n\(good)".utf8)
        let conclusion = try conclude(bytes)
        #expect(
            conclusion.notices.map { $0.words(showingValues: true) } == [
                "not UTF-8 (line 7, byte 50); in windows-1252 it would read \"Müller\": --encoding windows-1252"
            ])
        #expect(
            conclusion.notices.map { $0.words(showingValues: false) } == [
                "not UTF-8 (line 7, byte 50); if it is windows-1252: --encoding windows-1252"
            ], "no value of a person in a log")
        let messages = try sent(try stream(bytes, conclusion))
        #expect(messages.filter { $0.kind == .raw }.count == 1)
        #expect(
            messages.first { $0.kind == .raw }?.errors
                == #"[{"field":"name","code":"invalid_utf8","message":"is not valid UTF-8"}]"#)
        #expect(messages.count == 11)
        let mixed = try conclude(bytes + Array("Zoë,3\n".utf8))
        #expect(mixed.notices == [])
        // A window that ends within a character says nothing.
        let cut = Array("name,age\nZo".utf8) + [0xC3]
        #expect(try conclude(cut, isWhole: false).notices == [])
        #expect(try conclude(cut + Array("x,3\n".utf8), isWhole: true).notices.count == 1)
    }
}
