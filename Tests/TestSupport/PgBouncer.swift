// A PgBouncer between a test and its Postgres.

internal import Foundation
internal import Glibc

/// One pooler, on a free loopback port, gone with the object.
package final class PgBouncer: Sendable {
    package static let binary = "/usr/sbin/pgbouncer"
    package static var isInstalled: Bool { access(binary, X_OK) == 0 }

    package enum PoolMode: String { case session, transaction, statement }

    package let port: Int
    private let serverGuard: ServerGuard
    private let directory: String

    /// - Parameter size: connections to the server for each database.
    package init(to server: PostgresServer, _ mode: PoolMode, size: Int = 20) throws {
        directory = try serverDirectory("pgbouncer", ownedByPostgres: true)
        port = try freeLoopbackPort()
        serverGuard = try ServerGuard(directory: directory, stop: #"kill -KILL "$(cat "$1/pid")" 2>/dev/null"#)
        let settings = """
            [databases]
            * = host=\(server.host) port=\(server.port) user=\(server.user)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            auth_type = any
            pool_mode = \(mode.rawValue)
            default_pool_size = \(size)
            unix_socket_dir =
            pidfile = \(directory)/pid
            logfile = \(directory)/log
            """
        try Data(settings.utf8).write(to: URL(fileURLWithPath: directory + "/pgbouncer.ini"))
        let (program, arguments) = asPostgres(Self.binary, ["-d", "-q", directory + "/pgbouncer.ini"])
        try run(program, arguments)
        try waitUntil { FileManager.default.fileExists(atPath: directory + "/pid") }
    }
}
