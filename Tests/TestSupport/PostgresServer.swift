// A real Postgres for tests: a cluster in a temporary directory, on a free loopback port, gone when the test process is.

package import Foundation
internal import Glibc
package import Testing

extension Trait where Self == ConditionTrait {
    /// For tests of a server's certificates.
    package static var needsPostgresTLS: Self {
        .enabled("this Postgres was built without OpenSSL") { PostgresServer.speaksTLS }
    }
}

/// One cluster. Any thread. `shared` serves a whole test run; make one of your own to stop, kill or pause it.
///
/// A `ServerGuard` stops it when the process ends.
package final class PostgresServer: @unchecked Sendable {
    package enum Authentication: Sendable { case trust, password(String) }

    /// The run's own cluster, without a password. Made on first use.
    package static let shared: PostgresServer = {
        do { return try PostgresServer() } catch { fatalError("no Postgres for the tests: \(error)") }
    }()

    /// Stands between programs under test and `shared` if USERLOAD_TEST_PGBOUNCER names its mode (.ci/matrix).
    static let pooler: PgBouncer? = {
        guard let name = ProcessInfo.processInfo.environment["USERLOAD_TEST_PGBOUNCER"] else { return nil }
        guard let mode = PgBouncer.PoolMode(rawValue: name) else { fatalError("PgBouncer has no mode \(name)") }
        do { return try PgBouncer(to: shared, mode) } catch { fatalError("no PgBouncer for the tests: \(error)") }
    }()

    /// Where initdb and postgres are (USERLOAD_TEST_POSTGRES, or the newest of /usr/lib/postgresql/*/bin); nil if nowhere.
    package static let binaries: String? = {
        if let folder = ProcessInfo.processInfo.environment["USERLOAD_TEST_POSTGRES"] { return folder }
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }
        return versions.sorted(by: >).map { "\(root)/\($0)/bin" }
            .first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
    }()

    /// Whether the server was built with OpenSSL: some of PyPI's are not.
    package static let speaksTLS = binaries != nil && (try? shared.psql("SHOW ssl_library")) == "OpenSSL"

    package let host = "127.0.0.1"
    package let user = "postgres"
    package let password: String?
    package let port: Int
    /// Holds the unix socket, the log (`log`) and the data.
    package let directory: String
    private let serverGuard: ServerGuard

    /// - Parameter settings: lines of postgresql.conf on top of ours.
    package init(_ authentication: Authentication = .trust, settings: [String] = []) throws {
        guard Self.binaries != nil else { throw TestSupportError("Postgres is not installed") }
        directory = try serverDirectory("postgres", ownedByPostgres: true)
        port = try freeLoopbackPort()
        if case .password(let secret) = authentication { password = secret } else { password = nil }
        serverGuard = try ServerGuard(directory: directory, stop: Self.stop)
        try initialise(settings)
        try start()
    }

    private static let stop = """
        pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
        if [ -n "$pid" ]; then
            kill -CONT "$pid"; kill -QUIT "$pid"
            n=0; while kill -0 "$pid" 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
            kill -KILL "$pid" 2>/dev/null
        fi
        """

    private func initialise(_ settings: [String]) throws {
        var arguments = ["-D", data, "-U", user, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-A"]
        if let password {
            // /dev/stdin belongs to us, not to the server's user: a file it can read.
            let file = directory + "/password"
            try Data((password + "\n").utf8).write(to: URL(fileURLWithPath: file))
            chmod(file, 0o644)
            arguments += ["scram-sha-256", "--pwfile=" + file]
        } else {
            arguments += ["trust"]
        }
        try runAsServer("initdb", arguments)
        let ours = [
            "listen_addresses = '127.0.0.1'", "port = \(port)", "unix_socket_directories = '\(directory)'",
            "max_connections = 200",
            // Enough against our kill -9; only a machine's crash would need more. Not synchronous_commit = off: that
            // loses commits in a kill -9.
            "fsync = off", "full_page_writes = off",
        ]
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: data + "/postgresql.conf"))
        try file.seekToEnd()
        try file.write(contentsOf: Data(((ours + settings).joined(separator: "\n") + "\n").utf8))
        try file.close()
    }

    private var data: String { directory + "/data" }

    /// Starts it, and returns when it answers.
    package func start() throws {
        // After kill(), the dead server's shared memory may still be held for a moment: pg_ctl says so, we try again.
        for attempt in 0... {
            do {
                try runAsServer("pg_ctl", ["-D", data, "-l", directory + "/log", "-w", "-t", "30", "-s", "start"])
                return
            } catch {
                guard attempt < 50 else { throw error }
                usleep(200_000)
            }
        }
    }

    package enum Shutdown: String { case fast, immediate, smart }

    /// Stops it in good order (`fast`: sessions are ended), and returns when it is gone.
    package func stop(_ mode: Shutdown = .fast) throws {
        try runAsServer("pg_ctl", ["-D", data, "-w", "-s", "-m", mode.rawValue, "stop"])
    }

    package func restart() throws {
        try stop()
        try start()
    }

    /// kill -9 for the postmaster and all its children.
    package func kill() { signal(SIGKILL) }

    /// SIGSTOP for all of it: connections stay, nothing answers.
    package func pause() { signal(SIGSTOP) }

    package func resume() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        guard let text = try? String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8),
            let line = text.split(separator: "\n").first, let postmaster = pid_t(line)
        else { return }
        // The postmaster first: it must not start children, or restart itself, in between.
        for pid in [postmaster] + children(of: postmaster) { Glibc.kill(pid, number) }
    }

    /// `host=… port=…` for libpq, without a database.
    package var parameters: [(keyword: String, value: String)] {
        [("host", host), ("port", String(port)), ("user", user)] + (password.map { [("password", $0)] } ?? [])
    }

    /// Runs psql (`-X -A -t`, stops at the first error) and returns what it printed.
    @discardableResult
    package func psql(_ sql: String, database: String = "postgres", stdin: Data? = nil) throws -> String {
        var environment = ProcessInfo.processInfo.environment
        environment["PGPASSWORD"] = password
        return try run(
            Self.binaries! + "/psql",
            [
                "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", String(port), "-U", user, "-d", database, "-c", sql,
            ], stdin: stdin, environment: environment)
    }

    /// A fresh database, dropped when the object goes. `template` names one to copy (without sessions on it).
    package func database(template: String = "template0") throws -> TestDatabase {
        let name = "test_" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
        // Copied as files, and not through the log: half the time.
        try psql("CREATE DATABASE \(name) TEMPLATE \(template) STRATEGY file_copy")
        return TestDatabase(server: self, name: name)
    }

    /// A server program, as the user it wants to be: initdb and postgres refuse root.
    @discardableResult
    private func runAsServer(_ program: String, _ arguments: [String]) throws -> String {
        let (program, arguments) = asPostgres(Self.binaries! + "/" + program, arguments)
        return try run(program, arguments)
    }
}

/// One database of a test.
package final class TestDatabase: Sendable {
    package let server: PostgresServer
    package let name: String

    init(server: PostgresServer, name: String) {
        self.server = server
        self.name = name
    }

    deinit { _ = try? server.psql("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }

    package var parameters: [(keyword: String, value: String)] { server.parameters + [("dbname", name)] }

    /// For programs under test: DB_HOST and its like.
    package var environment: [String: String] {
        let pooler = server === PostgresServer.shared ? PostgresServer.pooler : nil
        var variables = [
            "DB_HOST": server.host, "DB_PORT": String(pooler?.port ?? server.port), "DB_USER": server.user,
            "DB_NAME": name,
        ]
        variables["DB_PASSWORD"] = server.password
        return variables
    }

    @discardableResult
    package func psql(_ sql: String, stdin: Data? = nil) throws -> String {
        try server.psql(sql, database: name, stdin: stdin)
    }
}
