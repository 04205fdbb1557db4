// Small things that servers for tests need of the operating system.

package import Foundation
internal import Glibc

package struct TestSupportError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Runs a program to its end and returns its output, stdout and stderr together, without the last newline.
/// - Throws: the output, if the exit status is not 0.
@discardableResult
package func run(
    _ program: String, _ arguments: [String], stdin: Data? = nil, environment: [String: String]? = nil
) throws -> String {
    // A file, not a pipe: a daemon that the program leaves behind (pg_ctl) would keep a pipe open for ever.
    let (output, outputPath) = try temporaryFile()
    defer { unlink(outputPath) }
    var input: (file: FileHandle, path: String)?
    if let stdin {
        input = try temporaryFile()
        try input!.file.write(contentsOf: stdin)
        try input!.file.seek(toOffset: 0)
    }
    defer { if let input { unlink(input.path) } }
    let pid = try spawn(
        program, arguments, stdin: input?.file.fileDescriptor, output: output.fileDescriptor, environment: environment)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    var text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: outputPath)), as: UTF8.self)
    if text.hasSuffix("\n") { text.removeLast() }
    guard status == 0 else { throw TestSupportError("\(program) failed (wait status \(status)): \(text)") }
    return text
}

/// posix_spawn, with nothing inherited but the three descriptors (nil: /dev/null; `error`: where `output` goes).
/// Foundation's Process leaves a socket in every child and waits until the last grandchild has closed it: never, when
/// that is a daemon.
package func spawn(
    _ program: String, _ arguments: [String], stdin: Int32? = nil, output: Int32? = nil, error: Int32? = nil,
    environment: [String: String]? = nil
) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, source) in [(0, stdin), (1, output), (2, error ?? output)] {
        if let source {
            posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
        } else {
            posix_spawn_file_actions_addopen(&actions, Int32(target), "/dev/null", O_RDWR, 0)
        }
    }
    // Descriptors that somebody opened without O_CLOEXEC; dup2 in the child clears it again for its three.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
        if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }
    // Threads of libdispatch, which tests run on, block signals; a child of theirs must not be deaf to SIGTERM.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let ours = ProcessInfo.processInfo.environment
    // Not the program's own: it says with which librdkafka the tests run (.ci/matrix), and holds for the program as well.
    let library = ours.filter { $0.key == "LD_LIBRARY_PATH" }
    let variables = (environment ?? ours).merging(library) { given, _ in given }.map { "\($0.key)=\($0.value)" }
    let argv = ([program] + arguments).map { strdup($0) } + [nil]
    let envp = variables.map { strdup($0) } + [nil]
    defer { for text in argv + envp { free(text) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, program, &actions, &attributes, argv, envp)
    guard result == 0 else { throw TestSupportError("\(program): \(String(cString: strerror(result)))") }
    return pid
}

private func temporaryFile() throws -> (FileHandle, path: String) {
    var template = Array("/tmp/userload-test-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw TestSupportError("mkstemp: errno \(errno)") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return (FileHandle(fileDescriptor: descriptor, closeOnDealloc: true), path)
}

/// A TCP port on 127.0.0.1 that nobody listens on now.
package func freeLoopbackPort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw TestSupportError("socket: errno \(errno)") }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            bind(descriptor, generic, length) | getsockname(descriptor, generic, &length)
        }
    }
    guard result == 0 else { throw TestSupportError("bind: errno \(errno)") }
    return Int(UInt16(bigEndian: address.sin_port))
}

/// The processes whose parent is `parent`.
package func children(of parent: pid_t) -> [pid_t] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.compactMap { pid_t($0) }.filter { pid in
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let afterName = stat.lastIndex(of: ")")
        else { return false }
        return stat[afterName...].split(separator: " ").dropFirst(2).first.flatMap { pid_t($0) } == parent
    }
}
