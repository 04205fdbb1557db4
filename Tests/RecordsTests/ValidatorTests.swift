// What is a person and what is not: every rule and every code.

import Testing

@testable import Records

@Suite struct ValidatorTests {
    @Test func everyField() throws {
        let person = try #require(
            validate(
                """
                {"name": {"firstName": "Rohit", "lastName": "Prasad"}, "age": 35, "email": " a@b.c ",
                 "phoneNumber": "+49 (0)30-123", "address": {"line1": "x", "n": [1, {}]}, "gender": "male", "x": null}
                """
            ).person)
        #expect(
            person
                == Valid(
                    name: "Rohit Prasad", age: 35, email: "a@b.c", phoneNumber: "+49 (0)30-123",
                    address: #"{"line1": "x", "n": [1, {}]}"#, additionalInfo: #"{"gender": "male", "x": null}"#,
                    key: "Rohit Prasad\u{0}35"))
    }

    @Test func leastRecord() {
        #expect(
            validate(#"{"age":"0","name":"x"}"#).person
                == Valid(
                    name: "x", age: 0, email: nil, phoneNumber: nil, address: nil, additionalInfo: nil, key: "x\u{0}0"))
    }

    @Test func nullIsAbsent() {
        let verdict = validate(#"{"name":"x","age":1,"email":null,"phoneNumber":null,"address":null}"#)
        #expect(
            verdict.person
                == Valid(
                    name: "x", age: 1, email: nil, phoneNumber: nil, address: nil, additionalInfo: nil, key: "x\u{0}1"))
        #expect(validate(#"{"name":null,"age":null}"#).codes == ["name: missing", "age: missing"])
    }

    static let names: [(json: String, name: String)] = [
        (#"" \t\n\u000b\u000c\r x y \r""#, "x y"),
        (#""a\"b\\c\/d\b\f\n\r\te""#, "a\"b\\c/d\u{8}\u{c}\n\r\te"),
        (#""\u00e9\u20AC\ud83d\uDE00z""#, "é€😀z"),
        (#""é€😀""#, "é€😀"),
        ("\"\u{7F}\"", "\u{7F}"),
        ("\"\u{A0}x\u{A0}\"", "\u{A0}x\u{A0}"),
        (#"{"firstName":" A ","lastName":"B"}"#, "A B"),
        (#"{"lastName":"B","firstName":"A"}"#, "A B"),
        (#"{"firstN\u0061me":"\u0041","lastName":"\u0042"}"#, "A B"),
        (#""exactly fifteen""#, "exactly fifteen"),
        (#""exactly 16 bytes""#, "exactly 16 bytes"),
        (
            #""a name of more than sixteen bytes \\ and then some""#,
            #"a name of more than sixteen bytes \ and then some"#
        ),
    ]

    @Test(arguments: names) func goodName(json: String, name: String) {
        #expect(validate(#"{"name":\#(json),"age":1}"#).person?.name == name)
        #expect(validate(#"{"age":1,"name":\#(json)}"#).person?.name == name)
        #expect(validate(#"{"age":1,"n\u0061me" : \#(json) }"#).person?.key == name + "\u{0}1")
    }

    static let badNames: [(json: String, codes: [String])] = [
        (#""""#, ["name: empty"]),
        (#"" \t\u0020""#, ["name: empty"]),
        ("12", ["name: wrong_type"]),
        ("-12", ["name: wrong_type"]),
        ("true", ["name: wrong_type"]),
        ("false", ["name: wrong_type"]),
        ("[]", ["name: wrong_type"]),
        ("{}", ["name.firstName: missing", "name.lastName: missing"]),
        (#"{"firstName":"x"}"#, ["name.lastName: missing"]),
        (#"{"firstName":"x","lastName":null}"#, ["name.lastName: missing"]),
        (#"{"firstName":" ","lastName":7}"#, ["name.firstName: empty", "name.lastName: wrong_type"]),
        (#"{"firstName":"x","lastName":"y","firstName":"z"}"#, ["name.firstName: duplicate_key"]),
        (#"{"firstName":"x","lastName":"y","m":1,"\u006d":2}"#, ["name.m: duplicate_key"]),
        (
            #"{"firstName":"x\u0000","lastName":"\ud800"}"#,
            ["name.firstName: nul_character", "name.lastName: lone_surrogate"]
        ),
    ]

    @Test(arguments: badNames) func badName(json: String, codes: [String]) {
        #expect(validate(#"{"name":\#(json),"age":1}"#).codes == codes)
    }

    @Test func nameObjectWithOtherPartsIsKept() {
        let name = #"{"firstName":"A", "middleName": null,"lastName":"B"}"#
        #expect(validate(#"{"name":\#(name),"age":1}"#).person?.additionalInfo == #"{"name":\#(name)}"#)
        #expect(
            validate(#"{"x":1, "name" : \#(name) , "age":1, "y":2,"z":[]}"#).person?.additionalInfo
                == #"{"x":1, "name" : \#(name),"y":2,"z":[]}"#)
        #expect(validate(#"{"name":{"firstName":"A","lastName":"B"},"age":1}"#).person?.additionalInfo == nil)
    }

    /// Unescaped texts stand in one buffer, which must not move under those that are there already.
    @Test func textsThatNeedRoom() {
        let blanks = String(repeating: #"\u0020"#, count: 20_000)
        let person = validate(
            #"{"name":{"firstName":"\u0041 long enough","lastName":"\u0042"},"age":1,"email":"\#(blanks)a@b","phoneNumber":"\#(blanks)123"}"#
        ).person
        #expect(person?.name == "A long enough B")
        #expect(person?.key == "A long enough B\u{0}1")
        #expect(person?.email == "a@b")
        #expect(person?.phoneNumber == "123")
    }

    @Test func keptNameOfOneRecordIsNotTheNexts() {
        let validator = Validator(key: .standard)
        let kept = Array(#"{"name":{"firstName":"A","lastName":"B","x":1},"age":1}"#.utf8)
        #expect(
            validate(kept, with: validator).person?.additionalInfo
                == #"{"name":{"firstName":"A","lastName":"B","x":1}}"#)
        #expect(validate(Array(#"{"name":"A","age":1}"#.utf8), with: validator).person?.additionalInfo == nil)
    }

    static let ages: [(json: String, age: Int)] = [
        ("0", 0), ("35", 35), ("150", 150), ("35.0", 35), ("35.000", 35), (#""35""#, 35), (#""035""#, 35),
        (#"" 35.0\t""#, 35), (#""000000000000000000000000000000000000000035""#, 35), (#""\u0033\u0035""#, 35),
        ("0.0", 0), (#""150.0""#, 150),
    ]

    @Test(arguments: ages) func goodAge(json: String, age: Int) {
        #expect(validate(#"{"name":"x","age":\#(json)}"#).person?.age == age)
        #expect(validate(#"{"name":"x","age":\#(json)}"#).person?.key == "x\u{0}\(age)")
    }

    static let badAges: [(json: String, code: String)] = [
        (#""""#, "empty"), (#""  ""#, "empty"), (#""abc""#, "not_an_integer"), (#""+35""#, "not_an_integer"),
        ("35.5", "not_an_integer"), ("35.05", "not_an_integer"), (#""35.""#, "not_an_integer"),
        (#"".0""#, "not_an_integer"), ("3e1", "not_an_integer"), ("35E0", "not_an_integer"),
        (#""3 5""#, "not_an_integer"), (#""35,0""#, "not_an_integer"), (#""٣٥""#, "not_an_integer"),
        (#""-""#, "not_an_integer"), ("-35.5", "not_an_integer"), (#""0x23""#, "not_an_integer"),
        ("151", "out_of_range"), ("-1", "out_of_range"), (#""-1""#, "out_of_range"), ("1000", "out_of_range"),
        ("18446744073709551651", "out_of_range"), ("true", "wrong_type"), ("[35]", "wrong_type"), ("{}", "wrong_type"),
    ]

    @Test(arguments: badAges) func badAge(json: String, code: String) {
        #expect(validate(#"{"name":"x","age":\#(json)}"#).codes == ["age: \(code)"])
    }

    static let longestEmail = String(repeating: "x", count: 252) + "@y"

    static let emails: [(json: String, code: String?)] = [
        (#""a@b""#, nil), (#""\u0061@b.c""#, nil), (#""ü@ü.de""#, nil), ("\"\(longestEmail)\"", nil),
        (#"" \#(longestEmail) ""#, nil), ("\"x\(longestEmail)\"", "too_long"), (#""""#, "empty"), (#"" ""#, "empty"),
        (#""a""#, "invalid_email"), (#""@""#, "invalid_email"), (#""a@""#, "invalid_email"),
        (#""@b""#, "invalid_email"), (#""a@b@c""#, "invalid_email"), (#""a @b""#, "invalid_email"),
        (#""a@b\tc""#, "invalid_email"), (#""a@b\u007f""#, "invalid_email"), (#""a@b\u0085c""#, "invalid_email"),
        (#""a@b\u00a9c""#, nil), ("7", "wrong_type"), ("{}", "wrong_type"), ("true", "wrong_type"),
    ]

    @Test(arguments: emails) func oneEmail(json: String, code: String?) {
        #expect(validate(#"{"name":"x","age":1,"email":\#(json)}"#).codes == (code.map { ["email: \($0)"] } ?? []))
    }

    static let phoneNumbers: [(json: String, code: String?)] = [
        (#""123""#, nil), (#""123456789012345""#, nil), (#""+49 30 123-45.67""#, nil), (#""(030) 123""#, nil),
        (#""+(49)123""#, nil), (#""030 (12)""#, nil), ("123", nil), ("123456789012345", nil), (#"" 123 ""#, nil),
        (#""12""#, "invalid_phone"), (#""1234567890123456""#, "invalid_phone"), ("12", "invalid_phone"),
        ("-123", "invalid_phone"), ("123.0", "invalid_phone"), ("1e5", "invalid_phone"), (#""++123""#, "invalid_phone"),
        (#""123x""#, "invalid_phone"), (#""-123""#, "invalid_phone"), (#""123-""#, "invalid_phone"),
        (#""+""#, "invalid_phone"), (#""1+23""#, "invalid_phone"), (#""12\n3""#, "invalid_phone"), (#""""#, "empty"),
        ("true", "wrong_type"), ("[]", "wrong_type"),
    ]

    @Test(arguments: phoneNumbers) func onePhoneNumber(json: String, code: String?) {
        #expect(
            validate(#"{"name":"x","age":1,"phoneNumber":\#(json)}"#).codes
                == (code.map { ["phoneNumber: \($0)"] } ?? []))
    }

    @Test func phoneNumberAsAnInteger() {
        #expect(validate(#"{"name":"x","age":1,"phoneNumber":12345}"#).person?.phoneNumber == "12345")
    }

    @Test(arguments: [
        ("\"\"", nil), ("\"a b\\n\"", nil), ("{}", nil), ("{\"a\":{}}", nil), ("1", "wrong_type"), ("-1", "wrong_type"),
        ("[]", "wrong_type"), ("true", "wrong_type"),
    ])
    func address(json: String, code: String?) {
        let verdict = validate(#"{"name":"x","age":1,"address": \#(json) }"#)
        #expect(verdict.codes == (code.map { ["address: \($0)"] } ?? []))
        #expect(verdict.person?.address == (code == nil ? json : nil))
    }

    @Test func allErrorsAreCollected() {
        let verdict = validate(
            #"{"age":"abc","email":"x","phoneNumber":"1","address":7,"x":"\u0000\ud800","y":1e200000,"y":1,"z":{"a":1,"a":2}}"#
        )
        #expect(
            verdict.codes == [
                "x: nul_character", "x: lone_surrogate", "y: number_out_of_range", "y: duplicate_key",
                "z: duplicate_key",
                "name: missing", "age: not_an_integer", "email: invalid_email", "phoneNumber: invalid_phone",
                "address: wrong_type",
            ])
    }

    @Test func messagesWordForWord() {
        let words: [(String, String)] = [
            (#"{"name":"x"}"#, "age is missing"),
            (#"{"age":1}"#, "name is missing"),
            (#"{"name":{"firstName":"x"},"age":1}"#, "name.lastName is missing"),
            (#"{"name":"","age":1}"#, "name is empty"),
            (#"{"name":"x","age":" "}"#, "age is empty"),
            (#"{"name":"x","age":1,"email":""}"#, "email is empty"),
            (#"{"name":"x","age":"a"}"#, "age is not a whole number"),
            (#"{"name":"x","age":151}"#, "age is not between 0 and 150"),
            (#"{"name":"x","age":[]}"#, "age is neither a number nor a string"),
            (#"{"name":1,"age":1}"#, "name is neither a string nor an object"),
            (#"{"name":{"firstName":"x","lastName":1},"age":1}"#, "name.lastName is not a string"),
            (#"{"name":"x","age":1,"email":"x"}"#, "email has no @"),
            (#"{"name":"x","age":1,"email":"x y"}"#, "email has a space in it"),
            (#"{"name":"x","age":1,"email":"x@y@z"}"#, "email has more than one @"),
            (#"{"name":"x","age":1,"email":"@y"}"#, "email has nothing before its @"),
            (#"{"name":"x","age":1,"email":"x@"}"#, "email has nothing after its @"),
            (#"{"name":"x","age":1,"email":"x@y\tz"}"#, "email has a control character in it"),
            (#"{"name":"x","age":1,"email":"x@y\u0085z"}"#, "email has a control character in it"),
            (#"{"name":"x","age":1,"email":7}"#, "email is not a string"),
            (#"{"name":"x","age":1,"email":"x\#(Self.longestEmail)"}"#, "email is longer than 254 bytes"),
            (#"{"name":"x","age":1,"phoneNumber":"x"}"#, "phoneNumber is not a phone number"),
            (#"{"name":"x","age":1,"phoneNumber":{}}"#, "phoneNumber is neither a string nor a whole number"),
            (#"{"name":"x","age":1,"address":1}"#, "address is neither an object nor a string"),
            (#"{"name":"x","age":1,"name":"x"}"#, "name is given more than once"),
            (#"{"name":"x","age":1,"":1,"":1}"#, " a field without a name is given more than once"),
            (#"{"name":"x","age":1,"":"\u0000"}"#, " a field without a name has a NUL character in it"),
            (#"{"name":"x","age":1,"\u0000":1}"#, " the name of a field has a NUL character in it"),
            (#"{"name":"x","age":1,"a":{"b":1,"b":1}}"#, "a has a key twice in one object"),
            (#"{"name":"x\u0000","age":1}"#, "name has a NUL character in it"),
            (#"{"name":"x\ud800","age":1}"#, "name has half a surrogate pair in it"),
            (#"{"name":"x","age":1,"a":1e-20000}"#, "a has a number with more digits than Postgres keeps"),
            (
                #"{"name":"x","age":1,"a":[\#(Array(repeating: "1e131071", count: 9).joined(separator: ","))]}"#,
                "a brings the record's numbers to more than 1048576 digits, written out"
            ),
            (#"{"name":"x","age":1"#, " the record is not valid JSON at byte 20"),
            ("", " the record is not valid JSON at byte 1"),
            ("[]", " the record is not a JSON object"),
            (
                #"{"a":\#(String(repeating: "[", count: 64))"#,
                " the record has more than 64 objects and arrays inside each other"
            ),
            (
                #"{"name":"\#(String(repeating: "x", count: 2599))","age":1}"#,
                "name makes the unique key longer than 2600 bytes"
            ),
        ]
        for (json, text) in words {
            guard case .invalid(let errors) = validate(json) else {
                Issue.record("valid: \(json)")
                continue
            }
            #expect(errors.map { "\($0.field) \($0.message)" } == [text])
        }
    }

    // MARK: The key

    @Test func keyFields() throws {
        let json = #"{"name":"x","age":100,"email":"a@b","phoneNumber":"123"}"#
        let keys = [
            ("name,age", "x\u{0}100"), ("name,age,email", "x\u{0}100\u{0}a@b"),
            ("name,age,phoneNumber", "x\u{0}100\u{0}123"),
            ("name,age,email,phoneNumber", "x\u{0}100\u{0}a@b\u{0}123"),
        ]
        for (fields, key) in keys {
            #expect(validate(json, key: try KeyFields(parsing: fields)).person?.key == key)
        }
        let all = try KeyFields(parsing: "name,age,email,phoneNumber")
        #expect(validate(#"{"name":"x","age":9}"#, key: all).person?.key == "x\u{0}9\u{0}\u{0}")
        #expect(
            validate(#"{"name":"x","age":10,"phoneNumber":"123"}"#, key: all).person?.key == "x\u{0}10\u{0}\u{0}123")
    }

    @Test func composedAndDecomposedNamesAreTwoPeople() throws {
        let composed = try #require(validate("{\"name\":\"\u{E9}\",\"age\":1}").person)
        let decomposed = try #require(validate("{\"name\":\"e\u{301}\",\"age\":1}").person)
        #expect(composed.key == decomposed.key)  // To Swift's String, which is why keys are bytes.
        #expect(Array(composed.key.utf8) != Array(decomposed.key.utf8))
    }

    @Test func longestKey() throws {
        func verdict(_ count: Int, _ age: Int) -> Verdict {
            validate(#"{"name":"\#(String(repeating: "x", count: count))","age":\#(age)}"#)
        }
        #expect(verdict(2598, 9).person?.key.utf8.count == Limits.keyBytes)
        #expect(verdict(2598, 10).codes == ["name: too_long"])
        #expect(verdict(2596, 100).person?.key.utf8.count == Limits.keyBytes)
        #expect(verdict(2597, 100).codes == ["name: too_long"])
        #expect(verdict(2599, 151).codes == ["age: out_of_range", "name: too_long"])
    }
}
