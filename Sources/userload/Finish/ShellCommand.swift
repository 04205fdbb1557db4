// Runs a command of the user's by /bin/sh, within a time.

import CGNULibc
import FileNames
import Files
@preconcurrency import Glibc
import Synchronization

enum ShellEnding: Equatable {
    case exit(Int32)
    case signal(Int32)
    /// Its time was over.
    case tooLong
    /// `isStopped` said so.
    case stopped
    case notStarted(String)
}

/// Its standard input is empty, and what it prints goes to standard error: standard output is for results. It is a
/// process group of its own, so that what it started ends with it when it has to be stopped.
/// - Parameters:
///   - variables: beside those that this program has.
///   - limit: then it is asked to end (SIGTERM), two seconds later it is killed.
///   - isStopped: asked about fifty times a second.
func runShell(
    _ command: String, _ variables: [(name: String, value: String)], limit: Duration, isStopped: () -> Bool
) -> ShellEnding {
    let pid: pid_t
    switch spawnShell(command, variables) {
    case .success(let started): pid = started
    case .failure(let error): return .notStarted(systemMessage(error.code))
    }
    processGroup.store(pid, ordering: .relaxed)
    defer { processGroup.store(0, ordering: .relaxed) }
    if let ending = ending(of: pid, within: limit, unless: isStopped) { return ending }
    let reason: ShellEnding = isStopped() ? .stopped : .tooLong
    kill(-pid, SIGTERM)
    if ending(of: pid, within: .seconds(2), unless: { false }) == nil {
        kill(-pid, SIGKILL)
        _ = ending(of: pid, within: .seconds(1), unless: { false })
    }
    return reason
}

/// nil: it still runs.
private func ending(of pid: pid_t, within limit: Duration, unless isStopped: () -> Bool) -> ShellEnding? {
    let end = ContinuousClock.now + limit
    while true {
        var status: Int32 = 0
        if waitpid(pid, &status, WNOHANG) == pid {
            return status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
        }
        if isStopped() || ContinuousClock.now >= end { return nil }
        usleep(20_000)
    }
}

private struct SpawnError: Error { let code: Int32 }

private func spawnShell(_ command: String, _ variables: [(name: String, value: String)]) -> Result<pid_t, SpawnError> {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // What is ignored here would stay ignored there.
    var ignored = sigset_t()
    sigemptyset(&ignored)
    for number in [SIGPIPE, SIGXFSZ] { sigaddset(&ignored, number) }
    posix_spawnattr_setsigdefault(&attributes, &ignored)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    posix_spawnattr_setflags(&attributes, Int16(flags))

    let arguments = ["sh", "-c", command].map(cString)
    let given = variables.map { cString("\($0.name)=\($0.value)") }
    defer { for text in arguments + given { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(
        &pid, "/bin/sh", &actions, &attributes, arguments + [nil],
        inherited(without: variables.map(\.name)) + given + [nil])
    return code == 0 ? .success(pid) : .failure(SpawnError(code: code))
}

/// Our own environment, byte for byte.
private func inherited(without names: [String]) -> [UnsafeMutablePointer<CChar>?] {
    var entries: [UnsafeMutablePointer<CChar>?] = []
    var next = environ
    while let entry = next.pointee {
        let name = String(cString: entry).prefix { $0 != "=" }
        if !names.contains(String(name)) { entries.append(entry) }
        next += 1
    }
    return entries
}

/// With the bytes that the command line had.
private func cString(_ text: String) -> UnsafeMutablePointer<CChar>? {
    withFileName(text) { strdup($0) }
}
