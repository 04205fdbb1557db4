// COPY FROM STDIN in a closure.

import Postgres
import TestSupport
import Testing

@Suite(.waiting) struct CopyTests {
    let connection: Connection
    private let database: TestDatabase

    init() throws {
        database = try PostgresServer.shared.database()
        connection = try connect(database)
        try connection.execute("CREATE TABLE t (id int CHECK (id <> 13), name text)")
    }

    private func write(_ text: String, _ writer: CopyWriter) throws {
        try Array(text.utf8).withUnsafeBufferPointer { try writer.write($0) }
    }

    @Test func countsRows() throws {
        #expect(
            try connection.copyIn("COPY t FROM STDIN") {
                try write("1\ta\n2\t", $0); try write("b\n", $0)
            } == 2)
        #expect(try connection.copyIn("COPY t FROM STDIN") { _ in } == 0)
        #expect(try connection.query("SELECT string_agg(name, ',' ORDER BY id) FROM t")[0].string(0) == "a,b")
    }

    /// Far more than a socket's buffer holds.
    @Test func largerThanAnyBuffer() throws {
        let row = "1\t" + String(repeating: "x", count: 1_000_000) + "\n"
        let count = try connection.copyIn("COPY t FROM STDIN") { writer in
            for _ in 0..<40 { try write(row, writer) }
        }
        #expect(count == 40)
        #expect(try connection.query("SELECT sum(length(name)) FROM t")[0].int(0) == 40_000_000)
    }

    @Test func theServersErrorComesOut() throws {
        let error = failure { _ = try connection.copyIn("COPY t FROM STDIN") { try write("1\ta\n13\tb\n", $0) } }
        #expect(error?.sqlstate?.rawValue == "23514")
        #expect(try connection.query("SELECT FROM t").isEmpty)
        #expect(failure { _ = try connection.copyIn("COPY gone FROM STDIN") { _ in } }?.sqlstate == .undefinedTable)
        #expect(failure { _ = try connection.copyIn("SELECT 1") { _ in } }?.message == "not a COPY FROM STDIN")
        #expect(try connection.query("SELECT 1").count == 1)
    }

    @Test func theBodysErrorWins() throws {
        struct Mine: Error {}
        #expect(throws: Mine.self) {
            _ = try connection.copyIn("COPY t FROM STDIN") { writer in
                try write("13\tb\n", writer)
                throw Mine()
            }
        }
        #expect(!connection.isBroken)
        #expect(try connection.query("SELECT FROM t").isEmpty)
    }

    @Test func aSessionEndedInTheMiddle() throws {
        let other = try connect(database)
        let pid = try #require(try connection.query("SELECT pg_backend_pid()").first?.int(0))
        let error = failure {
            _ = try connection.copyIn("COPY t FROM STDIN") { writer in
                try write("1\ta\n", writer)
                _ = try other.query("SELECT pg_terminate_backend($1)", [.int(pid)])
                try waitUntil { try other.query("SELECT FROM pg_stat_activity WHERE pid = $1", [.int(pid)]).isEmpty }
                for _ in 0..<100 { try write(String(repeating: "1\ta\n", count: 10_000), writer) }
            }
        }
        #expect(error != nil)
        #expect(connection.isBroken)
    }

    @Test func copyOutsideOfCopyInIsRefused() throws {
        #expect(failure { try connection.execute("COPY t FROM STDIN") }?.message == "COPY outside copyIn")
        #expect(connection.isBroken)
    }
}
