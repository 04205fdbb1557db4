// The proxy of the tests, which other tests rest on: it forwards, slows down, falls silent and cuts.

import Postgres
import TestSupport
import Testing

@Suite(.waiting) struct ProxyTests {
    private let database = try! PostgresServer.shared.database()

    private func connect(_ proxy: TCPProxy) throws -> Connection {
        try Connection(DatabaseSettings(parameters: database.parameters + [("port", String(proxy.port))]))
    }

    @Test func forwardsBothWays() throws {
        let proxy = try TCPProxy(to: database.server.port)
        let connection = try connect(proxy)
        let text = String(repeating: "ä", count: 500_000)
        #expect(try connection.query("SELECT $1::text", [.text(text)])[0].string(0) == text)
        // Counted a moment after they were sent.
        for direction in TCPProxy.Direction.allCases {
            try waitUntil { proxy.forwarded(direction) > 1_000_000 }
        }
        #expect(proxy.accepted == 1)
    }

    @Test func isAsSlowAsItIsTold() throws {
        let proxy = try TCPProxy(to: database.server.port)
        let connection = try connect(proxy)
        proxy.setRate(400_000, .toServer)
        proxy.setDelay(.milliseconds(50))
        let start = ContinuousClock.now
        _ = try connection.query("SELECT $1::text", [.text(String(repeating: "x", count: 200_000))])
        // At the least: 0.5 s for the bytes, but for what the line allows at once, and a round trip.
        #expect(ContinuousClock.now - start > .milliseconds(500))
    }

    @Test func fallsSilentOneWay() throws {
        let proxy = try TCPProxy(to: database.server.port)
        let connection = try connect(proxy)
        let monitor = try Connection(DatabaseSettings(parameters: database.parameters))
        try monitor.execute("CREATE TABLE notes (text text)")
        proxy.pause(.toClient)
        let asking = Background { (try? connection.execute("INSERT INTO notes VALUES ('arrived')")) != nil }
        asking.start()
        try waitUntil { try monitor.query("SELECT FROM notes").count == 1 }
        proxy.resume()
        #expect(asking.result)
    }

    @Test func cutsAndTakesNewConnections() throws {
        let proxy = try TCPProxy(to: database.server.port)
        let connection = try connect(proxy)
        proxy.cut()
        #expect(throws: PostgresError.self) { try connection.execute("SELECT 1") }
        #expect(throws: Never.self) { try connect(proxy).execute("SELECT 1") }
    }
}
