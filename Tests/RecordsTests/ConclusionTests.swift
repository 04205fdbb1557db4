// What files are taken for: bytes, flags, the line on the screen and the records; or the refusal and the way out.

import Testing

@testable import Records

/// A conclusion's line and its records' JSON, or a reject's codes.
private func records(_ input: [UInt8], _ conclusion: Conclusion) throws -> [String] {
    try sent(try stream(input, conclusion)).map { message in
        message.kind == .record ? String(decoding: message.value, as: UTF8.self) : "! \(message.errors ?? "")"
    }
}

@Suite struct ConclusionTests {
    struct File: Sendable, CustomTestStringConvertible {
        let bytes: String
        let line: String
        let records: [String]
        var flags: @Sendable (inout InputFlags) -> Void = { _ in }
        var isPlain = false

        var testDescription: String { bytes }
    }

    static let ann = #"{"name":"Ann Lee","age":35}"#
    static let parts = #"{"name":{"firstName":"Ann","lastName":"Lee"},"age":35}"#

    static let last = #"{"name":{"lastName":"Lee","firstName":"Ann"},"age":35}"#

    static let files: [File] = [
        // Delimiters and our own names.
        File(bytes: "name,age\nAnn Lee,35\n", line: #"CSV, ",": name, age"#, records: [ann], isPlain: true),
        File(
            bytes: "name.firstName,name.lastName,age\nAnn,Lee,35\n",
            line: #"CSV, ",": name.firstName + name.lastName, age"#, records: [parts], isPlain: true),
        File(bytes: "name;age\nAnn Lee;35\n", line: #"CSV, ";": name, age"#, records: [ann]),
        File(bytes: "name\tage\nAnn Lee\t35\n", line: #"CSV, "tab": name, age"#, records: [ann]),
        File(bytes: "name|age\nAnn Lee|35\n", line: #"CSV, "|": name, age"#, records: [ann]),
        File(bytes: "sep=;\nname;age\nAnn Lee;35\n", line: #"CSV, ";": name, age"#, records: [ann]),
        File(bytes: "\"sep=;\"\r\nname;age\r\nAnn Lee;35\r\n", line: #"CSV, ";": name, age"#, records: [ann]),
        File(
            bytes: "name,age,a;b;c;d\nAnn Lee,35,x\n", line: #"CSV, ",": name, age"#,
            records: [#"{"name":"Ann Lee","age":35,"a;b;c;d":"x"}"#], isPlain: true),
        // Both yield the columns, and one more known ones.
        File(
            bytes: "age;name|x,name,email,age\n", line: #"CSV, ",": name, age, email"#, records: [], isPlain: true),
        File(
            bytes: "name;age\rAnn Lee;35\r\nBo;2\nCy;3\r", line: #"CSV, ";": name, age"#,
            records: [ann, #"{"name":"Bo","age":2}"#, #"{"name":"Cy","age":3}"#]),
        // Names of others.
        File(
            bytes: "First Name;Last Name;Age;Phone;Mobile\nAnn;Lee;35;+49 30 1234;123\n",
            line: #"CSV, ";": "First Name" + "Last Name" → name, "Age" → age, "Phone" → phoneNumber ("Mobile" stays)"#,
            records: [
                #"{"name":{"firstName":"Ann","lastName":"Lee"},"age":35,"phoneNumber":"+49 30 1234","Mobile":"123"}"#
            ]),
        File(
            bytes: "FIRSTNAME,last_name,AGE\nAnn,Lee,35\n",
            line: #"CSV, ",": "FIRSTNAME" + "last_name" → name, "AGE" → age"#, records: [parts]),
        File(
            bytes: "First.Name,Last.Name,Age\nAnn,Lee,35\n",
            line: #"CSV, ",": "First.Name" + "Last.Name" → name, "Age" → age"#, records: [parts]),
        File(
            bytes: "Vorname;Nachname;Alter\nAnn;Lee;35\n",
            line: #"CSV, ";": "Vorname" + "Nachname" → name, "Alter" → age"#, records: [parts]),
        File(bytes: "Nom,Prénom,age\nLee,Ann,35\n", line: #"CSV, ",": "Prénom" + "Nom" → name, age"#, records: [last]),
        File(
            bytes: "Nombre,Apellidos,Edad\nAnn,Lee,35\n",
            line: #"CSV, ",": "Nombre" + "Apellidos" → name, "Edad" → age"#, records: [parts]),
        File(bytes: "Full Name,età\nAnn Lee,35\n", line: #"CSV, ",": "Full Name" → name, "età" → age"#, records: [ann]),
        File(
            bytes: "Name,First Name,Last Name,Age\nAnn Lee,Ann,Lee,35\n",
            line: #"CSV, ",": "Name" → name, "Age" → age ("First Name", "Last Name" stay)"#,
            records: [#"{"name":"Ann Lee","First Name":"Ann","Last Name":"Lee","age":35}"#]),
        File(
            bytes: "name,name.firstName,name.lastName,age\nAnn Lee,Ann,Lee,35\n",
            line: #"CSV, ",": name, age ("name.firstName", "name.lastName" stay)"#,
            records: [#"{"name":"Ann Lee","name.firstName":"Ann","name.lastName":"Lee","age":35}"#]),
        File(
            bytes: "name,age,Full Name\nAnn Lee,35,x\n", line: #"CSV, ",": name, age ("Full Name" stays)"#,
            records: [#"{"name":"Ann Lee","age":35,"Full Name":"x"}"#], isPlain: true),
        File(
            bytes: "name,age,E-Mail,mail\nAnn Lee,35,a@b,c@d\n",
            line: #"CSV, ",": name, age, "E-Mail" → email ("mail" stays)"#,
            records: [#"{"name":"Ann Lee","age":35,"email":"a@b","mail":"c@d"}"#]),
        File(
            bytes: "tel,mobile,name,age\n1,12345,Ann Lee,35\n",
            line: #"CSV, ",": name, age, "mobile" → phoneNumber ("tel" stays)"#,
            records: [#"{"tel":"1","phoneNumber":"12345","name":"Ann Lee","age":35}"#]),
        // Names that are none, or twice.
        File(
            bytes: "name,age,,Notes,Notes,X,X.1,a..b\nAnn Lee,35,c,n,m,x,y,z\n", line: #"CSV, ",": name, age"#,
            records: [
                #"{"name":"Ann Lee","age":35,"column_3":"c","Notes":"n","Notes_2":"m","X":"x","X.1":"y","a..b":"z"}"#
            ]),
        File(
            bytes: "name,age,email,email,Notes,Notes,Notes_2\nAnn Lee,35,a@b,c@d,1,2,3\n",
            line: #"CSV, ",": name, age, email ("email_2" stays)"#,
            records: [
                #"{"name":"Ann Lee","age":35,"email":"a@b","email_2":"c@d","Notes":"1","Notes_3":"2","Notes_2":"3"}"#
            ]),
        File(
            bytes: "name,age,email.work\nAnn Lee,35,a@b\n", line: #"CSV, ",": name, age"#,
            records: [#"{"name":"Ann Lee","age":35,"email.work":"a@b"}"#]),
        // A header of several lines, and one record that is a header.
        File(
            bytes: "name,\"age\n(years)\",age\nAnn Lee,x,35\n", line: #"CSV, ",": name, age"#,
            records: [#"{"name":"Ann Lee","age\n(years)":"x","age":35}"#], isPlain: true),
        File(bytes: "name;age\n", line: #"CSV, ";": name, age"#, records: []),
        File(bytes: "[]", line: "JSON array: ", records: []),
        // Rows.
        File(
            bytes: "name,age,x\nAnn Lee,35,,,\nBo,2,\"\",\"\"\nCy,3,4,5\n", line: #"CSV, ",": name, age"#,
            records: [
                ann, #"{"name":"Bo","age":2}"#,
                #"! [{"field":"","code":"ragged_row","message":"4 cells, the header has 3"}]"#,
            ], isPlain: true),
        File(
            bytes: "name,age,x\nAnn Lee,35\nBo\nCy,3,4,5\n", line: #"CSV, ",": name, age"#,
            records: [
                ann, #"! [{"field":"age","code":"missing","message":"missing"}]"#,
                #"! [{"field":"","code":"ragged_row","message":"4 cells, the header has 3"}]"#,
            ], flags: { $0.ragged = true }),
        File(
            bytes: "name,age,x\nAnn Lee,35,NULL\nNULL,1,\"NULL\"\nnull,2,NULLs\n", line: #"CSV, ",": name, age"#,
            records: [
                ann, #"! [{"field":"name","code":"missing","message":"missing"}]"#,
                #"{"name":"null","age":2,"x":"NULLs"}"#,
            ], flags: { $0.null = "NULL" }),
        File(
            bytes: "Report\nof today, \"no quote\nname,age\nAnn Lee,35\n",
            line: #"CSV, ",", 2 lines skipped: name, age"#,
            records: [ann], flags: { $0.skipLines = 2 }),
        File(
            bytes: "Ann;Lee;35\n", line: #"CSV, ";": "firstname" + "lastname" → name, "Age" → age"#, records: [parts],
            flags: { $0.columns = ["firstname", "lastname", "Age"] }),
        // --map
        File(
            bytes: "Who;Years;name\nAnn Lee;35;x\n", line: #"CSV, ";": "Who" → name, "Years" → age"#,
            records: [#"{"name":"Ann Lee","age":35,"name (file)":"x"}"#],
            flags: { $0.map = [FieldSource(field: "name", source: "Who"), FieldSource(field: "age", source: "Years")] }),
        File(
            bytes: "name,age,email,Work\nAnn Lee,35,a@b,c@d\n", line: #"CSV, ",": name, age, "Work" → email"#,
            records: [#"{"name":"Ann Lee","age":35,"email (file)":"a@b","email":"c@d"}"#],
            flags: { $0.map = [FieldSource(field: "email", source: "Work")] }),
        File(
            bytes: "name,age,Street,City\nAnn Lee,35,A 1,B\n",
            line: #"CSV, ",": name, age, "Street" → address.line1, "City" → address.city"#,
            records: [#"{"name":"Ann Lee","age":35,"address":{"line1":"A 1","city":"B"}}"#],
            flags: {
                $0.map = [
                    FieldSource(field: "address.line1", source: "Street"),
                    FieldSource(field: "address.city", source: "City"),
                ]
            }),
        File(
            bytes: "Name;Vorname;Alter\nLee;Ann;35\n", line: #"CSV, ";": "Vorname" + "Name" → name, "Alter" → age"#,
            records: [last],
            flags: {
                $0.map = [
                    FieldSource(field: "name.firstName", source: "Vorname"),
                    FieldSource(field: "name.lastName", source: "Name"),
                ]
            }),
        // JSON
        File(
            bytes: "{\"name\":\"Ann Lee\",\"age\":35}\n", line: "JSON lines: name, age", records: [ann], isPlain: true),
        File(bytes: "{\"name\":\"Ann Lee\",\"age\":35}", line: "JSON lines: name, age", records: [ann], isPlain: true),
        File(bytes: "[\(ann),\n \(ann)]\n", line: "JSON array: name, age", records: [ann, ann]),
        File(bytes: "\(ann)\(ann) \(ann)", line: "JSON objects: name, age", records: [ann, ann, ann]),
        File(
            bytes: "{\n  \"name\": \"Ann Lee\",\n  \"age\": 35\n}\n{\n  \"name\": \"Bo\",\n  \"age\": 2\n}\n",
            line: "JSON objects: name, age",
            records: ["{\n  \"name\": \"Ann Lee\",\n  \"age\": 35\n}", "{\n  \"name\": \"Bo\",\n  \"age\": 2\n}"]),
        File(
            bytes: #"[{"Name":"Ann Lee","Age":35,"x":{"Name":1}},{"Na\u006de":"Bo","Age":2,"age":3}]"#,
            line: #"JSON array: "Name" → name, age ("Age" stays)"#,
            records: [
                #"! [{"field":"age","code":"missing","message":"missing"}]"#, #"{"name":"Bo","Age":2,"age":3}"#,
            ]),
        File(
            bytes: #"{"id":1,"first_name":"Ann","last_name":"Lee","Age":35}"#,
            line: #"JSON lines: "first_name" + "last_name" → name, "Age" → age"#,
            records: [#"{"id":1,"age":35,"name":{"firstName":"Ann","lastName":"Lee"}}"#]),
        File(
            bytes: #"{"user":{"n":"Ann Lee","id":7},"stats":{"years":35}}"#,
            line: #"JSON lines: "user.n" → name, "stats.years" → age"#,
            records: [#"{"user":{"id":7},"stats":{},"name":"Ann Lee","age":35}"#],
            flags: {
                $0.map = [
                    FieldSource(field: "name", source: "user.n"), FieldSource(field: "age", source: "stats.years"),
                ]
            }),
        File(
            bytes: "\(ann)\n{\"name\":\"Bo\",\"ag\n\(ann)\n", line: "JSON lines: name, age",
            records: [ann, #"! [{"field":"","code":"malformed_json","message":"not valid JSON at byte 17"}]"#, ann],
            isPlain: true),
        // A person is one whatever else the object holds.
        File(
            bytes: #"{"name":"Ann Lee","age":35,"orders":[{"id":1}]}"#, line: "JSON lines: name, age",
            records: [#"{"name":"Ann Lee","age":35,"orders":[{"id":1}]}"#], isPlain: true),
        // Forms that a flag names.
        File(
            bytes: "\(ann)\n\(ann)\n", line: "JSON objects: name, age", records: [ann, ann],
            flags: { $0.format = .json }),
        File(
            bytes: "name,age\nAnn Lee,35\n", line: #"CSV, ",": name, age"#, records: [ann], flags: { $0.format = .csv },
            isPlain: true),
        File(
            bytes: "[id],name,age\n1,Ann Lee,35\n", line: #"CSV, ",": name, age"#,
            records: [#"{"[id]":"1","name":"Ann Lee","age":35}"#], flags: { $0.format = .csv }, isPlain: true),
    ]

    @Test(arguments: files) func concluded(file: File) throws {
        var flags = InputFlags()
        file.flags(&flags)
        let bytes = Array(file.bytes.utf8)
        let conclusion = try conclude(bytes, flags)
        #expect(conclusion.line([]) == file.line)
        #expect(try records(bytes, conclusion) == file.records)
        #expect(conclusion.isPlain == file.isPlain)
        // The same, however it comes.
        #expect(try sent(try stream(bytes, conclusion, chunk: 1)) == sent(try stream(bytes, conclusion)))
        // A byte order mark changes nothing.
        let marked = Array("\u{FEFF}".utf8) + bytes
        #expect(try conclude(marked, flags) == conclusion)
        #expect(try records(marked, conclusion) == file.records)
    }

    @Test func wordsOfContainerAndEncoding() throws {
        let conclusion = try conclude(Array("Name;age\nAnn;3\n".utf8))
        #expect(conclusion.line(["gzip", "UTF-16"]) == #"CSV, gzip, UTF-16, ";": "Name" → name, age"#)
    }

    /// A stream is concluded from its first record, however much of it is there.
    @Test(arguments: [
        ("name,age\nAnn,3\nBo,4\n", "name,age\nAnn,3\n"),
        ("\nname,age\r\n\r\nAnn,3\r\nBo", "\nname,age\r\n\r\nAnn,3\r\n"),
        ("sep=;\nname;age\nA;1\nB;2\n", "sep=;\nname;age\nA;1\n"),
        ("name,\"a\nge\"\n\"A\n\",3\nB", "name,\"a\nge\"\n\"A\n\",3\n"),
        ("{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}\n"), ("{\"a\":1} {\"b\":2}", "{\"a\":1} {"),
        (" [ {\"a\":[1]} , {}]", " [ {\"a\":[1]} ,"),
        ("[]\n", "[]\n"), ("{\n\"a\":1\n}\n{", "{\n\"a\":1\n}\n"),
    ])
    func firstRecordOfAStream(stream: String, window: String) {
        let bytes = Array(stream.utf8)
        let count = window.utf8.count
        for length in 0..<count {
            #expect(withBytes(Array(bytes[..<length])) { StreamWindow.length($0, InputFlags()) } == nil, "\(length)")
        }
        for length in count...bytes.count {
            #expect(withBytes(Array(bytes[..<length])) { StreamWindow.length($0, InputFlags()) } == count, "\(length)")
        }
    }
}

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
        File("[[1,2],[3,4]]", "none of the first 2 records has a name and an age"),
        File("nonsense\nmore\n", "none of the first 2 records has a name and an age", flags: { $0.format = .jsonl }),
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

    @Test(arguments: files) func refused(file: File) {
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
                == #"[{"field":"name","code":"invalid_utf8","message":"not valid UTF-8"}]"#)
        #expect(messages.count == 11)
        let mixed = try conclude(bytes + Array("Zoë,3\n".utf8))
        #expect(mixed.notices == [])
        // A window that ends within a character says nothing.
        let cut = Array("name,age\nZo".utf8) + [0xC3]
        #expect(try conclude(cut, isWhole: false).notices == [])
        #expect(try conclude(cut + Array("x,3\n".utf8), isWhole: true).notices.count == 1)
    }
}
