// Somebody else's session with the database, as a process that can be stopped.

internal import Foundation
internal import Glibc

/// A psql that has read `script` and waits for more. Ended with the object.
package final class OtherSession {
    private let pid: pid_t
    private let input: Int32

    package init(_ database: TestDatabase, applicationName: String, script: String) throws {
        // A socket, not a pipe: writing to a psql that was ended must not end us.
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
            throw TestSupportError("socketpair: errno \(errno)")
        }
        input = ends[1]
        var environment = ProcessInfo.processInfo.environment
        environment["PGAPPNAME"] = applicationName
        environment["PGPASSWORD"] = database.server.password
        let server = database.server
        pid = try spawn(
            PostgresServer.binaries! + "/psql",
            ["-Xq", "-h", server.host, "-p", String(server.port), "-U", server.user, "-d", database.name],
            stdin: ends[0], environment: environment)
        close(ends[0])
        try send(script)
    }

    /// Gives it more to read.
    package func send(_ script: String) throws {
        let bytes = Array((script + "\n").utf8)
        guard Glibc.send(input, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw TestSupportError("send: errno \(errno)")
        }
    }

    deinit {
        kill(pid, SIGKILL)
        close(input)
        waitpid(pid, nil, 0)
    }

    package func pause() { kill(pid, SIGSTOP) }

    package func resume() { kill(pid, SIGCONT) }
}
