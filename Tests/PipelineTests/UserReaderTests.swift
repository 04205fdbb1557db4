// People listed as push would take them: what comes out makes the same row again.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting) struct UserReaderTests {
    let fixture = try! MigratedDatabase()

    private func users(_ filter: UserFilter = UserFilter()) throws -> [User] {
        var users: [User] = []
        try UserReader(fixture.connection, fixture.info).users(filter) { users.append($0) }
        return users
    }

    /// Loads one record as a worker would: validated, then into the columns.
    private func load(_ json: String, job: JobID = .foreign) throws {
        let validator = Validator(key: .standard)
        let bytes = Array(json.utf8)
        try bytes.withUnsafeBufferPointer { bytes in
            guard validator.validate(bytes) else {
                throw TestSupportError("not valid: \(json): \(validator.errors)")
            }
            func text(_ bytes: Bytes?) -> Parameter { .optional(bytes.map { String(decoding: $0, as: UTF8.self) }) }
            let person = validator.person
            _ = try fixture.connection.query(
                """
                INSERT INTO users (name, age, email, phone_number, address, additional_info, job)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                [
                    text(person.name), .int(person.age), text(person.email), text(person.phoneNumber),
                    text(person.address), text(person.additionalInfo), .text(job.uuid),
                ])
        }
    }

    @Test(arguments: [
        #"{"name": "Ann", "age": 35}"#,
        #"{"name": {"firstName": "Rohit", "lastName": "Prasad"}, "age": 35, "gender": "male"}"#,
        #"{"name": {"firstName": " Rohit\t", "middle": {"a": [1]}, "lastName": "Prasad\n"}, "age": "035", "x": null}"#,
        #"{"name": " O\"Neil \\ \u00e9\ud83d\ude00 ", "age": 0, "email": "a\"b@c", "phoneNumber": 12345}"#,
        #"{"name": "B", "age": 150, "address": "a \"street\"", "": {"name": 1, "age": [null]}, "z": 1.50, "a": 1e3}"#,
        #"{"name": "C", "age": 1, "address": {"line1": "x", "geo": {"lat": -0.10}}, "Name": "other", "phone_number": "1"}"#,
        #"{"name": "D", "age": 1, "email": "d@e", "phoneNumber": "+49 (0) 1-2.3", "additional_info": {"name": 1}}"#,
    ])
    func whatComesOutMakesTheSameRow(json: String) throws {
        let row = "SELECT name, age, email, phone_number, address, additional_info, job FROM users"
        try load(json)
        let before = try fixture.rows(row)
        let line = try #require(try users().first).json
        #expect(!line.contains("\n"))
        try fixture.connection.execute("TRUNCATE users")
        try load(line)
        #expect(try fixture.rows(row) == before)
    }

    @Test func theLineIsInTheOrderPeopleRead() throws {
        try load(#"{"phoneNumber": "123", "z": 1, "address": {"b": 1}, "email": "a@b", "age": 35, "name": "Ann"}"#)
        #expect(
            try users()[0].json
                == #"{"name": "Ann", "age": 35, "email": "a@b", "phoneNumber": "123", "address": {"b": 1}, "z": 1}"#)
    }

    @Test func aNameThatOthersChangedIsTheNewOne() throws {
        try load(#"{"name": {"firstName": "Ann", "lastName": "Lee", "title": "Dr"}, "age": 35}"#)
        try fixture.connection.execute("UPDATE users SET name = 'Ann Ray'")
        #expect(try users()[0].json == #"{"name": "Ann Ray", "age": 35}"#)
    }

    @Test func whatOthersWroteStaysOneObject() throws {
        try fixture.connection.execute(
            """
            INSERT INTO users (name, age, additional_info) VALUES
                ('A', 1, '{"age": 2, "email": "x", "k": "v"}'), ('B', 2, '[1]'), ('C', 3, '"text"')
            """)
        #expect(
            try users().map(\.json)
                == [#"{"name": "A", "age": 1, "k": "v"}"#, #"{"name": "B", "age": 2}"#, #"{"name": "C", "age": 3}"#])
        #expect(try users().map(\.job) == [nil, nil, nil])
    }

    @Test func filters() throws {
        let job = JobID(high: 0xFFFF_FFFF_FFFF_FFFF, low: 7)
        try fixture.connection.execute("INSERT INTO userload.jobs (id, id_text) VALUES ('\(job.uuid)', '\(job.text)')")
        for age in [19, 20, 30, 40, 41] { try load(#"{"name": "Ann", "age": \#(age)}"#, job: job) }
        try load(#"{"name": "caf\u00e9", "age": 30}"#)
        try fixture.connection.execute("INSERT INTO users (name, age) VALUES ('Ann', -1), ('Ann', 151), ('ann', 30)")
        func found(_ filter: UserFilter) throws -> [String] { try users(filter).map { "\($0.name) \($0.age)" } }

        #expect(try found(UserFilter(name: "Ann", ages: 20...40)) == ["Ann 20", "Ann 30", "Ann 40"])
        #expect(
            try found(UserFilter(name: "Ann"))
                == ["Ann -1", "Ann 19", "Ann 20", "Ann 30", "Ann 40", "Ann 41", "Ann 151"])
        #expect(try found(UserFilter(ages: 30...30)) == ["Ann 30", "ann 30", "caf\u{E9} 30"])
        #expect(try found(UserFilter(name: "caf\u{E9}")) == ["caf\u{E9} 30"])
        #expect(try found(UserFilter(name: "cafe\u{301}")) == [])
        #expect(try found(UserFilter(job: job, limit: 2)) == ["Ann 19", "Ann 20"])
        #expect(try found(UserFilter(job: .foreign)) == ["caf\u{E9} 30"])
        #expect(try users(UserFilter(job: job, limit: 1))[0].job == "zzzzzzzz")
        #expect(try found(UserFilter(limit: 0)) == [])
    }

    @Test func aNameIsFoundByTheIndex() throws {
        try fixture.connection.execute(
            """
            INSERT INTO users (name, age) SELECT n::text, n % 90 FROM generate_series(1, 50000) AS n;
            ANALYZE users
            """)
        try fixture.connection.execute("SELECT pg_stat_force_next_flush()")
        let scans = "SELECT coalesce(seq_scan, 0) FROM pg_stat_user_tables WHERE relname = 'users'"
        let before = try fixture.rows(scans)
        #expect(try users(UserFilter(name: "777")).map(\.age) == [57])
        try fixture.connection.execute("SELECT pg_stat_force_next_flush()")
        #expect(try fixture.rows(scans) == before)
    }
}
