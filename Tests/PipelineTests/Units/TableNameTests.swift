// Table names as people write them, and as SQL gets them.

import Pipeline
import Testing

@Suite struct TableNameTests {
    @Test(arguments: [
        ("users", #""users""#), ("crm.People", #""crm"."people""#), (#""Crm".people"#, #""Crm"."people""#),
        (#"a."b""c.d""#, #""a"."b""c.d""#), ("größe_1$", #""größe_1$""#),
    ])
    func isReadAsSQLReadsIt(text: String, quoted: String) throws {
        #expect(try TableName(parsing: text).quoted == quoted)
    }

    @Test(arguments: [
        "", "a.b.c", "a.", "1a", "a b", #""a"#, #""""#, "a;b", "a;", "a ", #""a"b"#, "a.b-",
        String(repeating: "a", count: 64),
    ])
    func whatIsNoneIsRefused(text: String) {
        #expect(throws: PipelineError.configuration("\"\(text)\" is not a table name: write table or schema.table")) {
            try TableName(parsing: text)
        }
    }

    @Test func aQuoteStaysAQuoteWithAnAccentBehindIt() throws {
        let name = try TableName(parsing: "\"a\"\"\u{301}; b\"")
        #expect(Array(name.quoted.unicodeScalars) == Array("\"a\"\"\u{301}; b\"".unicodeScalars))
    }
}
