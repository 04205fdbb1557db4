// What libpq could not read of a URL may be a part of a password, and is never shown.

import Postgres
import Testing

@Suite struct SecretTests {
    @Test(arguments: [
        ("postgresql://u:S3C/RET@127.0.0.1:1/db", "invalid integer value \"…\" for connection option \"port\""),
        ("postgresql://u:S3C%zz@127.0.0.1:1/db", "invalid percent-encoded token: \"…\""),
        ("postgresql://u:S3C%00RET@127.0.0.1:1/db", "forbidden value %00 in percent-encoded value: \"…\""),
        ("postgresql://u@[S3CRET/db", "end of string reached when looking for matching \"…\""),
    ])
    func ofAURL(_ url: String, _ start: String) throws {
        let settings = DatabaseSettings(parameters: [(keyword: "dbname", value: url)])
        let error = #expect(throws: PostgresError.self) { _ = try Connection(settings) }
        let text = "\(try #require(error))"
        #expect(text.hasPrefix(start), "\(text)")
        #expect(!text.contains("S3C"), "\(text)")
        #expect(error?.hint?.contains("%2F") == true)
        #expect(error?.kind == .refused)
    }

    @Test func ofAHostName() throws {
        let settings = DatabaseSettings(parameters: [
            (keyword: "dbname", value: "postgresql://u:S3C@RET@no.such.host.invalid/db")
        ])
        let error = #expect(throws: PostgresError.self) { _ = try Connection(settings) }
        let text = "\(try #require(error))"
        #expect(!text.contains("S3C") && !text.contains("RET"), "\(text)")
    }

    @Test func aParameterOfItsOwnIsShown() throws {
        let settings = DatabaseSettings(parameters: [(keyword: "sslmode", value: "maybe")])
        let error = #expect(throws: PostgresError.self) { _ = try Connection(settings) }
        #expect("\(try #require(error))".contains("invalid sslmode value: \"maybe\""))
    }
}
