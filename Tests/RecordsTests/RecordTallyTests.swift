// What a pass over an input finds.

import Testing

@testable import Records

@Suite struct RecordTallyTests {
    private func tally(_ text: String, _ flags: InputFlags = InputFlags()) throws -> RecordTally {
        let bytes = Array(text.utf8)
        let stream = try stream(bytes, try conclude(bytes, flags))
        let ages = AgeTally()
        stream.ages = ages
        while try stream.next() {}
        return RecordTally(stream, ages)
    }

    /// `line 3 age "abc"` of each code, with how often there was one.
    private func words(_ tally: RecordTally) -> [String] {
        tally.errors.map { errors in
            "\(errors.count) \(errors.code): "
                + errors.examples.map { example in
                    let value = example.value.map { " \"\(String(decoding: $0, as: UTF8.self))\"" } ?? ""
                    return "\(example.line) \(example.error.field)\(value)"
                }.joined(separator: ", ")
        }
    }

    @Test func countsAndTheMostFrequentErrorFirst() throws {
        let tally = try tally(
            "Name;Age;Phone\nAnn;35;none\n;40;1234567\nBo;abc;\nCy;x;\nDi;150;\nEd;y;\nFi;z;\nGi\n")
        #expect((tally.records, tally.rejects, tally.spared) == (8, 6, 1))
        #expect(tally.ages.indices.filter { tally.ages[$0] > 0 } == [35, 150])
        #expect(
            words(tally) == [
                #"4 not_an_integer: 4 age "abc", 5 age "x", 7 age "y""#, "1 missing: 3 name", #"1 ragged_row: 9  "Gi""#,
            ])
    }

    /// Of a million errors of a code the first three lines are kept.
    @Test func threeLinesOfEachCode() throws {
        let tally = try tally("name,age\n" + String(repeating: "Ann, x \n", count: 5) + "\" \", 3\n")
        #expect(
            words(tally) == [#"5 not_an_integer: 2 age "x", 3 age "x", 4 age "x""#, "1 empty: 7 name"])
    }

    @Test func valuesOfJSON() throws {
        let long = String(repeating: "é", count: 40)
        let tally = try tally(
            """
            {"name":{"firstName":"Ann","lastName":"Lee"},"age":3}
            {"name":{"firstName":"Bo","lastName":7},"age":3.5}
            {"name":"Cy","age":1,"email":"\(long)"}
            not JSON

            """)
        #expect(
            words(tally) == [
                "1 not_an_integer: 2 age \"3.5\"", "1 wrong_type: 2 name.lastName \"7\"",
                "1 invalid_email: 3 email \"\(String(repeating: "é", count: 30))…\"",
                "1 malformed_json: 4  \"not JSON\"",
            ])
    }

    @Test func aDateOfBirthThatIsNone() throws {
        var flags = InputFlags()
        flags.ageFrom = AgeFrom(column: "Born on", asOf: testDay)
        let tally = try tally("name,Born on\nAnn,1990-01-01\nBo,soon\n", flags)
        #expect(words(tally) == [#"1 not_a_date: 3 Born on "soon""#])
        #expect(tally.ages[36] == 1)
    }

    @Test func nothing() throws {
        let tally = try tally("name,age\n")
        #expect((tally.records, tally.rejects) == (0, 0))
        #expect(tally.errors.isEmpty)
    }
}
