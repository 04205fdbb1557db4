// What stops a server when the test process ends, however it ends.

internal import Glibc

/// A process that holds the read end of a pipe from us: at its end of file it stops the server and removes its directory.
/// In a session of its own: Ctrl-C at the terminal ends us, and then the guard does its work.
final class ServerGuard: Sendable {
    /// The write end: open as long as we live.
    private let lifeline: Int32

    /// - Parameter script: for sh, with the server's directory as `$1`: stops the server.
    init(directory: String, stop script: String) throws {
        let (reading, writing) = try pipe()
        lifeline = writing
        let whole = "cat >/dev/null\n\(script)\nrm -rf \"$1\""
        _ = try spawn("/usr/bin/setsid", ["sh", "-c", whole, "sh", directory], stdin: reading)
        close(reading)
    }

    deinit { close(lifeline) }
}

/// A directory for a server. Whoever runs as root gives it to the user that Debian's Postgres has: in memory, if there is room
/// for 4 GiB, because each test makes a database, which is hundreds of files.
func serverDirectory(_ name: String, ownedByPostgres: Bool = false) throws -> String {
    var memory = statvfs()
    let isRoomy = statvfs("/dev/shm", &memory) == 0 && memory.f_bavail * memory.f_frsize >= 4 << 30
    let parent = ownedByPostgres && isRoomy && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/userload-\(name)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestSupportError("mkdtemp: errno \(errno)") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if ownedByPostgres { try giveToPostgres(path) }
    return path
}

func giveToPostgres(_ path: String) throws {
    guard getuid() == 0 else { return }
    guard let owner = getpwnam("postgres") else { throw TestSupportError("there is no user postgres") }
    chown(path, owner.pointee.pw_uid, owner.pointee.pw_gid)
}

/// The way to run a program that refuses root: as the user postgres, if we are root.
func asPostgres(_ program: String, _ arguments: [String]) -> (program: String, arguments: [String]) {
    guard getuid() == 0 else { return (program, arguments) }
    let switching = ["--reuid=postgres", "--regid=postgres", "--init-groups", "--", program]
    return ("/usr/bin/setpriv", switching + arguments)
}
