// Connections that no other try would bring about: parameters, certificates, a pooler's mode; and those that only failed.

import Postgres
import TestSupport
import Testing

/// Parameters, and how libpq's message ends.
struct Attempt: CustomTestStringConvertible {
    let parameters: [(String, String)]
    let message: String
    var testDescription: String { parameters.map { "\($0)=\($1)" }.joined(separator: " ") }

    init(_ message: String, _ parameters: (String, String)...) {
        self.parameters = parameters
        self.message = message
    }
}

@Suite(.waiting) struct RefusalTests {
    private func failing(_ parameters: [(String, String)]) -> PostgresError? {
        failure { _ = try Connection(DatabaseSettings(parameters: parameters.map { (keyword: $0, value: $1) })) }
    }

    @Test(arguments: [
        Attempt(#"invalid sslmode value: "foo""#, ("sslmode", "foo")),
        Attempt(#"invalid port number: "99999""#, ("port", "99999")),
        Attempt(#"invalid integer value "…" for connection option "port""#, ("port", "x")),
        Attempt(#"invalid connection option "colour""#, ("colour", "blue")),
        Attempt(#"definition of service "nope" not found"#, ("service", "nope")),
        Attempt(#"invalid target_session_attrs value: "foo""#, ("target_session_attrs", "foo")),
        Attempt("could not match 3 port numbers to 2 hosts", ("host", "a,b"), ("port", "1,2,3")),
        Attempt(
            #"invalid SSL protocol version range"#, ("ssl_min_protocol_version", "TLSv1.3"),
            ("ssl_max_protocol_version", "TLSv1.2")),
        Attempt(#"unrecognized configuration parameter "foo""#, ("options", "-cfoo=1")),
        Attempt(#"invalid value for parameter "statement_timeout": "x""#, ("options", "-cstatement_timeout=x")),
        Attempt("server does not support SSL, but SSL was required", ("sslmode", "require")),
        Attempt(
            "channel binding required, but server authenticated client without channel binding",
            ("channel_binding", "require")),
    ])
    func parameters(attempt: Attempt) {
        let error = failing(
            PostgresServer.shared.parameters.map { ($0, $1) } + [("dbname", "postgres")] + attempt.parameters)
        #expect(error?.message.hasSuffix(attempt.message) == true, "\(String(describing: error))")
        // What the server refuses with a code is judged by its code.
        #expect(error?.kind == .refused || error?.sqlstate?.classCode == "42")
    }

    @Test(.needsPostgresTLS) func certificates() throws {
        let certificates = try Certificates()
        let server = try PostgresServer(settings: certificates.postgresSettings)
        let base = server.parameters.map { ($0, $1) } + [("dbname", "postgres")]
        let attempts = [
            Attempt(
                "SSL error: certificate verify failed", ("sslmode", "verify-ca"), ("sslrootcert", certificates.stranger)
            ),
            Attempt(
                "root certificate file \"/nope\" does not exist\nEither provide the file or change sslmode to disable "
                    + "server certificate verification.", ("sslmode", "verify-ca"), ("sslrootcert", "/nope")),
            Attempt(
                #"server certificate for "localhost" does not match host name "127.0.0.1""#, ("sslmode", "verify-full"),
                ("sslrootcert", certificates.authority)),
            Attempt(
                "SSL error: tlsv1 alert unknown ca", ("sslmode", "require"), ("sslcert", certificates.stranger),
                ("sslkey", certificates.strangerKey)),
            Attempt(
                "key values mismatch", ("sslmode", "require"), ("sslcert", certificates.stranger),
                ("sslkey", certificates.serverKey)),
        ]
        for attempt in attempts {
            let error = failing(base + attempt.parameters)
            #expect(error?.kind == .refused, "\(attempt.testDescription): \(String(describing: error))")
            #expect(error?.message.hasSuffix(attempt.message) == true, "\(String(describing: error))")
        }
        #expect(
            failing(
                base + [("host", "localhost"), ("sslmode", "verify-full"), ("sslrootcert", certificates.authority)])
                == nil)
        // A line that breaks while TLS is set up, or behind it, is a server that is away.
        let proxy = try TCPProxy(to: server.port)
        proxy.pause(.toClient)
        let cutting = Background {
            try! waitUntil { proxy.forwarded(.toServer) > 0 }
            proxy.cut()
        }
        cutting.start()
        let broken = failing(base + [("port", String(proxy.port)), ("sslmode", "require")])
        #expect(broken?.kind == .connection, "\(String(describing: broken))")
        proxy.resume()
        for bytes in [100, 1_000, 1_500] {
            let before = proxy.forwarded(.toClient)
            let cutting = Background {
                try! waitUntil { proxy.forwarded(.toClient) - before >= bytes }
                proxy.cut()
            }
            proxy.setRate(2_000, .toClient)
            cutting.start()
            let broken = failing(base + [("port", String(proxy.port)), ("sslmode", "require")])
            #expect(broken?.kind == .connection, "\(bytes): \(String(describing: broken))")
            cutting.result
        }
    }

    @Test(arguments: [("host", "nosuchhost.invalid"), ("host", "/nowhere"), ("port", "1")])
    func whatIsAwayMayComeBack(keyword: String, value: String) {
        #expect(failing([("host", "127.0.0.1"), ("user", "x"), (keyword, value)])?.kind == .connection)
    }

    @Test(.enabled(if: PgBouncer.isInstalled, "PgBouncer is not installed"))
    func aPoolerWithoutTransactionsIsNoUse() throws {
        let pooler = try PgBouncer(to: .shared, .statement)
        let database = try PostgresServer.shared.database()
        let connection = try Connection(
            DatabaseSettings(parameters: database.parameters + [("port", String(pooler.port))]))
        #expect(throws: Never.self) { try connection.execute("SELECT 1") }
        let error = failure { try connection.execute("BEGIN; SELECT 1") }
        #expect(error?.kind == .refused)
        #expect(error?.message == "transaction blocks not allowed in statement pooling mode")
        #expect(
            error?.hint == "userload needs transactions: set pool_mode = transaction (or session) in PgBouncer")
        let options = failing(
            database.parameters.map { ($0, $1) } + [
                ("port", String(pooler.port)), ("options", "-cstatement_timeout=1"),
            ])
        #expect(options?.kind == .refused, "\(String(describing: options))")
        #expect(options?.message.hasSuffix("unsupported startup parameter: options") == true)
    }
}
