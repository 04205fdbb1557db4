// Ages from dates of birth, maps as text, fields that may break their rule.

import Testing

@testable import Records

@Suite struct AgeFromTests {
    static func day(_ text: String) throws -> CalendarDate { try #require(CalendarDate(iso: text)) }

    static let dates: [(text: String, format: DateFormat?, asOf: String, age: AgeOnDay)] = [
        ("1990-11-24", nil, "2026-11-24", .years(36)), ("1990-11-25", nil, "2026-11-24", .years(35)),
        ("2000-02-29", nil, "2026-02-28", .years(25)), ("2000-02-29", nil, "2026-03-01", .years(26)),
        ("2000-02-29", nil, "2024-02-29", .years(24)), ("2026-11-24", nil, "2026-11-24", .years(0)),
        (" 1990-11-24T23:59:59.999+02:00 ", nil, "2026-11-24", .years(36)),
        ("1990-11-24 00:00", nil, "2026-11-24", .years(36)),
        ("1990-11-24", .dmy, "2026-11-24", .years(36)),
        ("24.11.1990", .dmy, "2026-11-24", .years(36)), ("4/1/1990", .dmy, "1990-01-04", .years(0)),
        ("4/1/1990", .mdy, "1990-04-01", .years(0)), ("1990/1/4", .ymd, "1990-01-04", .years(0)),
        ("24-11-1990", .dmy, "2026-11-24", .years(36)), ("24.11.1990 12:00:00", .dmy, "2026-11-24", .years(36)),
        ("1876-11-24", nil, "2026-11-24", .years(150)), ("1875-11-24", nil, "2026-11-24", .outOfRange),
        ("1875-11-25", nil, "2026-11-24", .years(150)), ("0001-01-01", nil, "2026-11-24", .outOfRange),
        ("2026-11-25", nil, "2026-11-24", .inFuture),
        ("24.11.1990", nil, "2026-11-24", .notADate), ("24.11.90", .dmy, "2026-11-24", .notADate),
        ("31.02.1990", .dmy, "2026-11-24", .notADate), ("1990-02-29", nil, "2026-11-24", .notADate),
        ("1900-02-29", nil, "2026-11-24", .notADate), ("1990-13-01", nil, "2026-11-24", .notADate),
        ("1990-1-1", nil, "2026-11-24", .notADate), ("1990-11-24x", nil, "2026-11-24", .notADate),
        ("1990.11-24", .ymd, "2026-11-24", .notADate), ("19901124", nil, "2026-11-24", .notADate),
        ("", .dmy, "2026-11-24", .notADate), ("99999999999999999999-1-1", .ymd, "2026-11-24", .notADate),
        ("1990-11-", nil, "2026-11-24", .notADate), ("abc", .dmy, "2026-11-24", .notADate),
    ]

    @Test func ages() throws {
        for (text, format, asOf, age) in Self.dates {
            let day = try Self.day(asOf)
            #expect(withBytes(text) { DateText.age($0, format, on: day) } == age, "\(text)")
        }
    }

    @Test(arguments: ["2026-11-24x", "2026-11-4", "24.11.2026", "2026-02-30", "", "2026-11-24T1"])
    func notADay(text: String) { #expect(CalendarDate(iso: text) == nil) }

    static let csv = "name,dob\nAnn,1990-11-24\nBo,24.11.1990\nCy,\nDi,2030-01-01\nEd,1800-01-01\n,x\n"
    static let json = """
        [{"name":"Ann","dob":"1990-11-24"},{"name":"Bo","dob":"24.11.1990"},{"name":"Cy","dob":null},
        {"name":"Di","dob":"2030-01-01"},{"name":"Ed","dob":"1800-01-01"},{"name":"","dob":"x"}]
        """

    @Test(arguments: [csv, json]) func errorsNameTheColumn(text: String) throws {
        var flags = InputFlags()
        flags.ageFrom = AgeFrom(column: "dob", asOf: testDay)
        let bytes = Array(text.utf8)
        let messages = try sent(try stream(bytes, try conclude(bytes, flags)))
        #expect(messages.map(\.kind) == [.record, .raw, .raw, .raw, .raw, .raw])
        #expect(String(decoding: messages[0].value, as: UTF8.self) == #"{"name":"Ann","dob":"1990-11-24","age":36}"#)
        #expect(
            messages.dropFirst().dropLast().map(\.errors) == [
                #"[{"field":"dob","code":"not_a_date","message":"is not a date"}]"#,
                #"[{"field":"age","code":"missing","message":"is missing"}]"#,
                #"[{"field":"dob","code":"date_in_future","message":"is after 2026-11-24"}]"#,
                #"[{"field":"dob","code":"out_of_range","message":"is more than 150 years before 2026-11-24"}]"#,
            ])
        #expect(
            messages.last?.errors?.contains(#"{"field":"dob","code":"not_a_date","message":"is not a date"}"#) == true)
        #expect(messages.last?.errors?.contains(#""field":"name""#) == true)
    }

    /// Two days make two people of whoever had a birthday between.
    @Test func twoDaysTwoKeys() throws {
        let bytes = Array("name,dob\nAnn,1990-11-24\nBo,1990-06-01\n".utf8)
        var ids: Set<JobID> = []
        var keys: [[String?]] = []
        for day in ["2026-11-23", "2026-11-24"] {
            var flags = InputFlags()
            flags.ageFrom = AgeFrom(column: "dob", asOf: try Self.day(day))
            let conclusion = try conclude(bytes, flags)
            ids.insert(
                Plan(input: conclusion, keyFields: .standard, partitions: 3, onDuplicate: .skip)
                    .jobID(content: ContentHash(high: 1, low: 1), size: 1, label: nil, nonce: nil))
            keys.append(try sent(try stream(bytes, conclusion)).map(\.key))
        }
        #expect(ids.count == 2)
        #expect(keys == [["Ann\u{0}35", "Bo\u{0}36"], ["Ann\u{0}36", "Bo\u{0}36"]])
    }

    @Test func theColumnAgeStays() throws {
        var flags = InputFlags()
        flags.ageFrom = AgeFrom(column: "dob", asOf: testDay)
        for text in ["name,age,dob\nAnn,3,1990-11-24\n", #"{"name":"Ann","age":"3","dob":"1990-11-24"}"#] {
            let bytes = Array(text.utf8)
            let messages = try sent(try stream(bytes, try conclude(bytes, flags)))
            #expect(
                String(decoding: messages[0].value, as: UTF8.self)
                    == #"{"name":"Ann","age (file)":"3","dob":"1990-11-24","age":36}"#)
        }
    }
}

@Suite struct ColumnMapTests {
    @Test(arguments: [
        ("age=Alter,name=Full Name", ["age", "Alter", "name", "Full Name"]),
        ("name=Last, First", ["name", "Last, First"]), ("name=a=b,age=c=d", ["name", "a=b", "age", "c=d"]),
        ("name=x,foo=y", ["name", "x,foo=y"]), ("extra.dept=Dept,age=A", ["extra.dept", "Dept", "age", "A"]),
        ("name.firstName=A,address.city=B", ["name.firstName", "A", "address.city", "B"]),
        ("age=A,", ["age", "A,"]),
    ])
    func pairs(text: String, pairs: [String]) throws {
        let found = try ColumnMap.pairs(text)
        #expect(found.flatMap { [$0.field, $0.source] } == pairs)
        let words = ColumnMap.words(found)
        let again = try stride(from: 1, to: words.count, by: 2).flatMap { try ColumnMap.pairs(words[$0]) }
        #expect(again == found)
    }

    @Test(arguments: ["", "age", "=x", "age="]) func notAPair(text: String) {
        #expect(throws: ColumnMapError(message: "--map \(text): must be FIELD=HEADER")) { try ColumnMap.pairs(text) }
    }

    @Test func file() throws {
        let found = try ColumnMap.file("name=Full Name\r\n\r\n age=Alter, in Jahren\n")
        #expect(
            found == [
                FieldSource(field: "name", source: "Full Name"), FieldSource(field: "age", source: "Alter, in Jahren"),
            ])
        #expect(throws: ColumnMapError(message: "--map-file x: must be FIELD=HEADER")) { try ColumnMap.file("x") }
    }

    @Test(arguments: [
        ("name=a,name=b", "--map gives two columns for name"),
        ("name=a,name.firstName=b", "--map gives both name and name.firstName"),
        ("age=a,name=a", "--map gives \"a\" to two fields"),
    ])
    func refused(text: String, message: String) throws {
        let pairs = try ColumnMap.pairs(text)
        #expect(throws: ColumnMapError(message: message)) { try ColumnMap.check(pairs) }
    }

    @Test(arguments: ["age.x", "email.work", "x", "a..b", ".a", "firstName"]) func notAField(field: String) {
        #expect(throws: ColumnMapError.self) { try ColumnMap.check([FieldSource(field: field, source: "a")]) }
    }

    @Test func isBounded() throws {
        func map(_ count: Int) -> [FieldSource] {
            [FieldSource(field: "name", source: String(repeating: "x", count: count))]
        }
        try ColumnMap.check(map(8_186))
        #expect(throws: ColumnMapError(message: "--map is 8193 bytes long: at most 8192")) {
            try ColumnMap.check(map(8_187))
        }
    }
}

@Suite struct LenientTests {
    func lenient(_ json: String, _ fields: LenientFields, key: KeyFields = .standard) -> Verdict {
        let validator = Validator(key: key)
        validator.lenient = fields
        return validate(Array(json.utf8), with: validator)
    }

    @Test func whatBreaksItsRuleStaysAsItCame() {
        let json = #"{"name":"x","age":1,"email":" a b ","phoneNumber":-1,"address":[1],"y":2}"#
        #expect(
            lenient(json, .all).person
                == Valid(
                    name: "x", age: 1,
                    additionalInfo: #"{"y":2,"email":" a b ","phoneNumber":-1,"address":[1]}"#, key: "x\u{0}1"))
        #expect(lenient(json, .email).codes == ["phoneNumber: invalid_phone", "address: wrong_type"])
        #expect(
            lenient(#"{"name":"x","age":1,"email":""}"#, .email).person?.additionalInfo == #"{"email":""}"#)
        #expect(lenient(#"{"name":"x","age":1,"email":"a@b"}"#, .all).person?.email == "a@b")
    }

    @Test func neverTheKey() throws {
        let key = try KeyFields(parsing: "name,age,email")
        #expect(lenient(#"{"name":"x","age":1,"email":"a b"}"#, .all, key: key).codes == ["email: invalid_email"])
        #expect(lenient(#"{"name":"x","age":"a"}"#, .all).codes == ["age: not_an_integer"])
    }

    @Test func neverWhatPostgresCannotKeep() {
        #expect(lenient(#"{"name":"x","age":1,"email":"\u0000"}"#, .all).codes == ["email: nul_character"])
        #expect(lenient(#"{"name":"x","age":1,"email":"a","email":"b"}"#, .all).codes == ["email: duplicate_key"])
    }

    @Test(arguments: [
        (#"{"firstName":"A"}"#, "A"), (#"{"lastName":" B "}"#, "B"), (#"{"firstName":"A","lastName":""}"#, "A"),
        (#"{"firstName":null,"lastName":"B"}"#, "B"), (#"{"firstName":"A","lastName":"B"}"#, "A B"),
        (#"{"firstName":"A","lastName":1}"#, nil), (#"{"firstName":" ","lastName":""}"#, nil), ("{}", nil),
    ])
    func aPartAloneIsAName(name: String, person: String?) {
        let json = #"{"name":\#(name),"age":1}"#
        #expect(lenient(json, .singleName).person?.name == person)
        #expect((lenient(json, []).person != nil) == (person == "A B"))
    }

    /// By alias only the field itself may break its rule; the flag in the header says which.
    @Test func aliasesOfAFile() throws {
        func fields(_ header: String, _ change: (inout InputFlags) -> Void = { _ in }, key: String = "name,age") throws
            -> LenientFields
        {
            var flags = InputFlags()
            change(&flags)
            return try conclude(Array("\(header)\n".utf8), flags, key: try KeyFields(parsing: key)).lenient
        }
        #expect(try fields("name,age,email,phoneNumber,address") == [])
        #expect(try fields("name,age,Email,PHONENUMBER") == [])
        #expect(try fields("name,age,Mail,Phone") == [.email, .phoneNumber])
        #expect(try fields("name,age,Mail,Phone", key: "name,age,email") == [.phoneNumber])
        #expect(try fields("name,age", { $0.lenient = true }) == .all)
        #expect(
            try fields("First Name,age", { $0.lenient = true }, key: "name,age,phoneNumber") == [
                .email, .address, .singleName,
            ])
        let bytes = Array("name,age,Mail\nA,1,x\nB,2,a@b\n".utf8)
        let stream = try stream(bytes, try conclude(bytes))
        let messages = try sent(stream)
        #expect(messages.map(\.kind) == [.record, .record])
        #expect(messages.allSatisfy { $0.header.first == 2 && $0.header.last == LenientFields.email.rawValue })
        #expect(stream.spared == 1)
    }
}
