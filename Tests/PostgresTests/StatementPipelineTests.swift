// Statements that go out together.

import Postgres
import TestSupport
import Testing

@Suite(.waiting) struct StatementPipelineTests {
    let connection: Connection
    private let database: TestDatabase

    init() throws {
        database = try PostgresServer.shared.database()
        connection = try connect(database)
        try connection.execute("CREATE TABLE t (n integer PRIMARY KEY)")
        try connection.execute("BEGIN")
    }

    @Test func eachHasItsAnswerInOrder() throws {
        let rows = try connection.pipeline([
            Statement("INSERT INTO t SELECT generate_series(1, $1::integer)", [.int(3)]),
            Statement("SELECT n FROM t ORDER BY n"), Statement("UPDATE t SET n = n WHERE n > 7"),
        ])
        #expect(rows.map(\.affected) == [3, 3, 0])
        #expect(rows[1].map { $0.int(0) } == [1, 2, 3])
        #expect(try connection.pipeline([]).isEmpty)
        #expect(try connection.command("COMMIT") == "COMMIT")
        #expect(try connection.query("SELECT count(*) FROM t")[0].int(0) == 3)
    }

    /// The first failure is told, nothing behind it is run, and the connection goes on.
    @Test(arguments: [0, 1, 2]) func theFirstFailureEndsIt(place: Int) throws {
        var statements = (1...3).map { Statement("INSERT INTO t VALUES ($1)", [.int($0)]) }
        statements.insert(Statement("INSERT INTO t VALUES (1), (1)"), at: place)
        statements.append(Statement("SELECT 1/0"))
        let error = #expect(throws: PostgresError.self) { _ = try connection.pipeline(statements) }
        #expect(error?.sqlstate == .uniqueViolation)
        #expect(connection.transactionStatus == .failed)
        #expect(!connection.isBroken)
        try connection.execute("ROLLBACK")
        #expect(try connection.query("SELECT count(*) FROM t")[0].int(0) == 0)
    }

    /// More than the buffers between us hold, in both directions.
    @Test func largeOnesDoNotBlockEachOther() throws {
        let text = String(repeating: "x", count: 1 << 20)
        let rows = try connection.pipeline((0..<24).map { _ in Statement("SELECT $1::text", [.text(text)]) })
        #expect(rows.allSatisfy { $0[0].bytes(0)?.count == 1 << 20 })
    }

    @Test func aServerThatEndsTheSessionIsNotWaitedFor() throws {
        let error = #expect(throws: PostgresError.self) {
            _ = try connection.pipeline([
                Statement("SELECT 1"), Statement("SELECT pg_terminate_backend(pg_backend_pid())"),
                Statement("SELECT 2"),
            ])
        }
        #expect(error?.kind == .connection || error?.kind == .server, "\(String(describing: error))")
        #expect(connection.isBroken)
    }

    @Test func anInterruptedOneIsNotUsedAgain() throws {
        connection.deadline = .now + .milliseconds(200)
        let error = #expect(throws: PostgresError.self) {
            _ = try connection.pipeline([Statement("SELECT 1"), Statement("SELECT pg_sleep(60)")])
        }
        #expect(error?.kind == .interrupted)
        #expect(connection.isBroken)
    }
}
