// Statements: parameters, rows, errors.

import Postgres
import TestSupport
import Testing

@Suite(.waiting) struct QueryTests {
    let connection: Connection
    private let database: TestDatabase

    init() throws {
        database = try PostgresServer.shared.database()
        connection = try connect(database)
    }

    @Test func readsValuesOfEachKind() throws {
        let row = try connection.query(
            "SELECT 42 AS number, NULL, '', 'ä\"', true, false, 1.5, '\\x00ff10'::bytea AS \"By tes\", -9223372036854775808"
        )[0]
        #expect(row.count == 9)
        #expect(row.int(0) == 42)
        #expect(row.string(1) == nil)
        #expect(row.bytes(1) == nil)
        #expect(row.string(2) == "")
        #expect(row.string(3) == "ä\"")
        #expect(row.bool(4) == true)
        #expect(row.bool(5) == false)
        #expect(row.double(6) == 1.5)
        #expect(row.bytea(7) == [0, 255, 16])
        #expect(row.int(8) == .min)
    }

    @Test func sendsParametersOfEachKind() throws {
        let borrowed: [UInt8] = [1, 0, 2]
        let row = try borrowed.withUnsafeBufferPointer { bytes in
            try connection.query(
                "SELECT $1::text, $2::bytea, $3::bytea, $4::int, $5::boolean, $6::text, $7::text[], $8::bigint[], $9::text, $10::text[], $11::bigint[]",
                [
                    .text("O'Brien \\ \u{1F600}"), .binary([0, 92, 39]), .borrowed(bytes), .int(-7), .bool(true), .null,
                    .array(["a\"b", "c\\,{}", "", "NULL"]), .array([1, Int64.min]), .optional(nil),
                    .optionalArray(["ä\"b", nil, "", "NULL"]), .optionalArray([nil, Int64.min, nil]),
                ])[0]
        }
        #expect(row.string(0) == "O'Brien \\ \u{1F600}")
        #expect(row.bytea(1) == [0, 92, 39])
        #expect(row.bytea(2) == [1, 0, 2])
        #expect(row.int(3) == -7)
        #expect(row.bool(4) == true)
        #expect(row.string(5) == nil)
        #expect(row.string(6) == #"{"a\"b","c\\,{}","","NULL"}"#)
        #expect(row.string(7) == "{1,-9223372036854775808}")
        #expect(row.string(8) == nil)
        #expect(row.string(9) == #"{"ä\"b",NULL,"","NULL"}"#)
        #expect(row.string(10) == "{NULL,-9223372036854775808,NULL}")
        #expect(try connection.query("SELECT $1::bytea", [.borrowed(.init(start: nil, count: 0))])[0].bytea(0) == [])
    }

    /// With array_nulls off the server takes NULL in an array's text for the word.
    @Test func nullsInArraysAreNoWords() throws {
        try connection.execute("SET array_nulls = off")
        let row = try connection.query(
            "SELECT ($1::text[])[1] IS NULL, ($1::text[])[2], ($2::bigint[])[1] IS NULL, ($3::text[])[1]",
            [.optionalArray([nil, "NULL"]), .optionalArray([nil, 1]), .array(["NULL"])])[0]
        #expect(row.bool(0) == true && row.string(1) == "NULL" && row.bool(2) == true && row.string(3) == "NULL")
    }

    @Test func sendsBinaryArrays() throws {
        var texts = BinaryArray(of: .text)
        for text in ["a\"b", "", "\\{},"] {
            Array(text.utf8).withUnsafeBufferPointer { texts.append(value: $0) }
        }
        texts.appendNull()
        var numbers = BinaryArray(of: .bigint)
        for number in [1, Int64.min, -1] { numbers.append(value: number) }
        var documents = BinaryArray(of: .jsonb)
        Array("\u{1}[1, {}]".utf8).withUnsafeBufferPointer { documents.append(value: $0) }
        let empty = BinaryArray(of: .uuid)
        let row = try connection.query(
            "SELECT $1::text[], $2::bigint[], $3::jsonb[], $4::uuid[]",
            [texts.parameter(), numbers.parameter(), documents.parameter(), empty.parameter()])[0]
        #expect(row.string(0) == #"{"a\"b","","\\{},",NULL}"#)
        #expect(row.string(1) == "{1,-9223372036854775808,-1}")
        #expect(row.string(2) == #"{"[1, {}]"}"#)
        #expect(row.string(3) == "{}")
    }

    @Test func anErrorHasItsParts() throws {
        try connection.execute("CREATE TABLE t (id int CONSTRAINT small CHECK (id < 9))")
        let error = failure { _ = try connection.query("INSERT INTO t VALUES ($1::int)", [.int(10)]) }
        #expect(error?.kind == .server)
        #expect(error?.sqlstate?.rawValue == "23514")
        #expect(error?.sqlstate?.classCode == "23")
        #expect(error?.constraint == "small")
        #expect(error?.schema == "public")
        // What people read does not quote the row.
        #expect(
            error?.description
                == #"new row for relation "t" violates check constraint "small" (SQLSTATE 23514)"#)
    }

    @Test func catchesByCode() throws {
        do {
            try connection.execute("SELECT 1 / 0")
            Issue.record("no error")
        } catch SQLState.undefinedTable {
            Issue.record("another error")
        } catch SQLState(rawValue: "22012") {
            // division by zero
        }
    }

    @Test func severalStatementsStopAtTheFirstError() throws {
        try connection.execute("CREATE TABLE t (id int); INSERT INTO t VALUES (1)")
        #expect(
            failure { try connection.execute("INSERT INTO t VALUES (2); SELECT * FROM gone; SELECT 1 / 0") }?.sqlstate
                == .undefinedTable)
        #expect(try connection.last(of: "SELECT 5; SELECT count(*) FROM t")[0].int(0) == 1)
        #expect(try connection.command("UPDATE t SET id = 3") == "UPDATE 1")
        #expect(try connection.query("DELETE FROM t WHERE id = $1", [.int(3)]).affected == 1)
    }

    @Test func streamsRowsOneByOne() throws {
        var sum = 0
        try connection.stream("SELECT generate_series(1, $1::int)", [.int(100_000)]) { sum += $0.int(0)! }
        #expect(sum == 5_000_050_000)
        var seen = 0
        #expect(
            failure {
                try connection.stream("SELECT 1 / (5 - n) FROM generate_series(1, 9) AS n") { _ in seen += 1 }
            }?.sqlstate?.rawValue == "22012")
        #expect(seen == 4)
        #expect(try connection.query("SELECT 1").count == 1)
        struct Enough: Error {}
        #expect(throws: Enough.self) {
            try connection.stream("SELECT generate_series(1, 9)") { _ in throw Enough() }
        }
        #expect(connection.isBroken)
    }

    @Test(arguments: ["plain", "a\"b", "a'b\\", "\"\u{301}x'\u{301}", ""])
    func quotes(text: String) throws {
        #expect(try connection.query("SELECT \(quoted(literal: text))")[0].string(0) == text)
        try connection.execute("SET standard_conforming_strings = off")
        #expect(try connection.query("SELECT \(quoted(literal: text))")[0].string(0) == text)
        guard !text.isEmpty else { return }
        try connection.execute("CREATE TEMPORARY TABLE \(quoted(identifier: text)) ()")
        let name = "SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'"
        #expect(try connection.query(name)[0].string(0) == text)
    }
}
