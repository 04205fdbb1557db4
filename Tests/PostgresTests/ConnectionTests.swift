// Sessions: how they begin, how they end, and what is said when they do not begin.

import Postgres
import Synchronization
import TestSupport
import Testing

/// A database of its own for each test, on the run's server.
func connect(_ database: TestDatabase, interrupt: @escaping @Sendable () -> Bool = { false }) throws -> Connection {
    try Connection(DatabaseSettings(parameters: database.parameters), interrupt: interrupt)
}

/// The error that `body` throws.
func failure(_ body: () throws -> Void) -> PostgresError? {
    do { try body() } catch { return error as? PostgresError }
    return nil
}

@Suite(.waiting) struct ConnectionTests {
    @Test func tellsWhereItIs() throws {
        let database = try PostgresServer.shared.database()
        let connection = try connect(database)
        #expect(connection.host == "127.0.0.1")
        #expect(connection.database == database.name)
        #expect(connection.user == "postgres")
        #expect(connection.serverEncoding == "UTF8")
        #expect(connection.serverVersion >= 150_000)
        #expect(!connection.isBroken)
        let own = try connection.query(
            "SELECT current_setting('application_name'), current_setting('client_encoding')")[0]
        #expect(own.string(0) == "userload")
        #expect(own.string(1) == "UTF8")
    }

    /// A server that accepts connections, and then says nothing.
    @Test func silenceHasAnEnd() throws {
        let database = try PostgresServer.shared.database()
        let connection = try connect(database)
        connection.patience = .milliseconds(300)
        let error = failure { _ = try connection.query("SELECT pg_sleep(60)") }
        #expect(error?.kind == .connection && error?.message == "no answer for 0.3 s", "\(String(describing: error))")
        #expect(connection.isBroken)
        let other = try connect(database)
        other.patience = .seconds(20)
        #expect(try other.query("SELECT 1 FROM pg_sleep(0.5)").count == 1)
    }

    /// A server with passwords: the code says what is wrong, and no password is in the text.
    @Test func refusalsHaveACode() throws {
        let server = try PostgresServer(.password("s3cret"))
        let refusals: [(String, String, String, SQLState, String)] = [
            ("postgres", "postgres", "wr0ng", .invalidPassword, "password authentication failed for user \"postgres\""),
            ("postgres", "postgres", "", .invalidPassword, "no password supplied"),
            ("nowhere", "postgres", "s3cret", .unknownDatabase, "database \"nowhere\" does not exist"),
        ]
        for (database, user, password, code, text) in refusals {
            let parameters = [
                ("host", server.host), ("port", String(server.port)), ("user", user), ("dbname", database),
                ("password", password), ("passfile", "/dev/null"),
            ]
            let error = failure { _ = try Connection(DatabaseSettings(parameters: parameters)) }
            #expect(error?.kind == .connection)
            #expect(error?.sqlstate == code)
            #expect(error?.message.hasSuffix(text) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("LOCATION") == false)
            #expect("\(String(describing: error))".contains("wr0ng") == false)
        }
        #expect(throws: Never.self) { _ = try Connection(DatabaseSettings(parameters: server.parameters)) }
    }

    @Test func aClosedPortIsNoConnection() throws {
        let port = String(try freeLoopbackPort())
        let error = failure {
            _ = try Connection(DatabaseSettings(parameters: [("host", "127.0.0.1"), ("port", port)]))
        }
        #expect(error?.kind == .connection)
        #expect(error?.sqlstate == nil)
        #expect(error?.message.contains("Connection refused") == true)
    }

    @Test func aServerThatDoesNotAnswerTimesOut() throws {
        let server = try PostgresServer()
        server.pause()
        defer { server.resume() }
        let settings = DatabaseSettings(parameters: server.parameters)
        let late = failure { _ = try Connection(settings, timeout: .milliseconds(200)) }
        #expect(late?.message == "no answer from Postgres within the connect timeout")
        // The user's own figure, in seconds, outweighs ours.
        let patient = DatabaseSettings(parameters: server.parameters + [("connect_timeout", "1")])
        #expect(failure { _ = try Connection(patient, timeout: .seconds(600)) }?.kind == .connection)
        #expect(failure { _ = try Connection(settings, interrupt: { true }) }?.kind == .interrupted)
    }

    @Test func anInterruptEndsAWaitingStatement() throws {
        let database = try PostgresServer.shared.database()
        let isInterrupted = Mutex(false)
        let connection = try connect(database) { isInterrupted.withLock { $0 } }
        connection.waitInterval = .milliseconds(100)
        var waits: [Duration] = []
        connection.onWait = { waited in
            waits.append(waited)
            if waits.count == 3 { isInterrupted.withLock { $0 = true } }
        }
        let error = failure { try connection.execute("SELECT pg_sleep(600)") }
        #expect(error?.kind == .interrupted)
        #expect(waits.count == 3)
        #expect(waits.sorted() == waits)
        // Its answer may still come: nobody is to take it for another's.
        #expect(connection.isBroken)
        isInterrupted.withLock { $0 = false }
        #expect(failure { try connection.execute("SELECT 1") }?.kind == .connection)
    }

    @Test func aSessionThatWasEndedIsBroken() throws {
        let database = try PostgresServer.shared.database()
        let connection = try connect(database)
        let other = try connect(database)
        let pid = try #require(try connection.query("SELECT pg_backend_pid()").first?.int(0))
        _ = try other.query("SELECT pg_terminate_backend($1)", [.int(pid)])
        let error = failure { try connection.execute("SELECT pg_sleep(600)") }
        #expect(error?.sqlstate == .adminShutdown)
        #expect(connection.isBroken)
        #expect(failure { try connection.execute("SELECT 1") }?.kind == .connection)
    }

    @Test func closingTwiceIsFine() throws {
        let database = try PostgresServer.shared.database()
        let connection = try connect(database)
        connection.close()
        connection.close()
        #expect(connection.isBroken)
        #expect(connection.host == "")
        #expect(failure { try connection.execute("SELECT 1") }?.message == "the connection to Postgres is closed")
    }

    @Test func tellsWhereATransactionIs() throws {
        let database = try PostgresServer.shared.database()
        let connection = try connect(database)
        #expect(connection.transactionStatus == .idle)
        try connection.execute("BEGIN")
        #expect(connection.transactionStatus == .open)
        #expect(failure { try connection.execute("SELECT 1 / 0") } != nil)
        #expect(connection.transactionStatus == .failed)
        #expect(connection.inTransaction)
        // No error: only the tag tells.
        #expect(try connection.command("COMMIT") == "ROLLBACK")
        #expect(!connection.inTransaction)
    }

    @Test func partsOfAURL() throws {
        let parts = try DatabaseSettings.parts(of: "postgresql://etl:pw@db1:5433/crm?sslmode=require")
        #expect(
            parts.map { "\($0.keyword)=\($0.value)" }
                == ["user=etl", "password=pw", "dbname=crm", "host=db1", "port=5433", "sslmode=require"])
        #expect(failure { _ = try DatabaseSettings.parts(of: "postgresql://[db1") } != nil)
        #expect(
            failure { _ = try DatabaseSettings.parts(of: "color=blue") }?.message
                == #"invalid connection option "color""#)
    }
}
