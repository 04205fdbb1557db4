// What files are taken for: bytes, flags, the line on the screen and the records.

import Testing

@testable import Records

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
        File(bytes: "[]", line: "JSON array: no records", records: []),
        // Rows.
        File(
            bytes: "name,age,x\nAnn Lee,35,,,\nBo,2,\"\",\"\"\nCy,3,4,5\n", line: #"CSV, ",": name, age"#,
            records: [
                ann, #"{"name":"Bo","age":2}"#,
                #"! [{"field":"","code":"ragged_row","message":"the row has 4 cells, the header 3"}]"#,
            ]),
        File(
            bytes: "name,age,x\nAnn Lee,35\nBo\nCy,3,4,5\nDi\"x,4\n", line: #"CSV, ",": name, age"#,
            records: [
                ann, #"! [{"field":"age","code":"missing","message":"is missing"}]"#,
                #"! [{"field":"","code":"ragged_row","message":"the row has 4 cells, the header 3"}]"#,
                // Nothing of the cells that may be missing.
                #"! [{"field":"name","code":"stray_quote","message":"has a quote in the wrong place"}]"#,
            ], flags: { $0.ragged = true }),
        File(
            bytes: "name,age,x\nAnn Lee,35,NULL\nNULL,1,\"NULL\"\nnull,2,NULLs\n", line: #"CSV, ",": name, age"#,
            records: [
                ann, #"! [{"field":"name","code":"missing","message":"is missing"}]"#,
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
                #"! [{"field":"age","code":"missing","message":"is missing"}]"#, #"{"name":"Bo","Age":2,"age":3}"#,
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
            records: [
                ann, #"! [{"field":"","code":"malformed_json","message":"the record is not valid JSON at byte 17"}]"#,
                ann,
            ],
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
