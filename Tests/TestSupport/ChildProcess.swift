// A program run as a user runs it: arguments, environment, input; its exit code or signal, and what it printed.

package import Foundation
internal import Glibc

/// One running program. Any thread; ended and reaped when the object goes.
///
/// Its output goes to files, not to pipes: it never waits for us to read, and what it printed so far can be looked at.
package final class ChildProcess: @unchecked Sendable {
    package enum Input: Sendable {
        case null
        /// Through a pipe, which cannot be read twice.
        case bytes([UInt8])
        case file(String)
        /// A descriptor that becomes its stdin, such as one end of a pipe; closed here.
        case descriptor(Int32)
    }

    package enum Ending: Equatable, Sendable { case exit(Int32), signal(Int32) }

    package struct Result: Sendable, CustomStringConvertible {
        package let ending: Ending
        package let stdout: String
        package let stderr: String

        /// The exit code; nil if a signal ended it.
        package var code: Int32? { if case .exit(let code) = ending { code } else { nil } }

        package var description: String { "\(ending)\n--- stdout\n\(stdout)\n--- stderr\n\(stderr)" }
    }

    package enum Stream: Sendable { case stdout, stderr }

    package let pid: pid_t
    private let command: String
    private let files: TemporaryDirectory
    private let lock = NSLock()
    private var ending: Ending?

    /// - Parameters:
    ///   - environment: all of it; nil: ours.
    ///   - directory: its working directory; nil: ours.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, input: Input = .null,
        directory: String? = nil
    ) throws {
        command = ([program] + arguments).joined(separator: " ")
        files = try TemporaryDirectory()
        let output = try openFile(files.path("stdout"), O_WRONLY | O_CREAT | O_APPEND)
        let error = try openFile(files.path("stderr"), O_WRONLY | O_CREAT | O_APPEND)
        let (stdin, writer) = try Self.open(input)
        defer { for descriptor in [output, error, stdin] { close(descriptor) } }
        // posix_spawn's own way to change the directory is not in every C library's headers.
        let (first, rest) =
            directory.map { ("/usr/bin/env", ["-C", $0, program] + arguments) } ?? (program, arguments)
        pid = try spawn(first, rest, stdin: stdin, output: output, error: error, environment: environment)
        writer?.start()
    }

    private static func open(_ input: Input) throws -> (descriptor: Int32, writer: Thread?) {
        switch input {
        case .null: return (try openFile("/dev/null", O_RDONLY), nil)
        case .file(let path): return (try openFile(path, O_RDONLY), nil)
        case .descriptor(let descriptor): return (descriptor, nil)
        case .bytes(let bytes):
            let (reading, writing) = try pipe()
            let writer = Thread {
                signal(SIGPIPE, SIG_IGN)  // it may end before it has read everything
                try? FileHandle(fileDescriptor: writing, closeOnDealloc: true).write(contentsOf: Data(bytes))
            }
            return (reading, writer)
        }
    }

    deinit {
        send(SIGKILL)
        _ = reap(0)
    }

    package func send(_ signal: Int32) {
        lock.withLock {
            // A reaped child's pid may be somebody else's.
            if ending == nil { _ = Glibc.kill(pid, signal) }
        }
    }

    private func reap(_ options: Int32) -> Ending? {
        lock.withLock {
            if let ending { return ending }
            var status: Int32 = 0
            var result: pid_t
            repeat { result = waitpid(pid, &status, options) } while result < 0 && errno == EINTR
            guard result == pid else { return nil }
            ending = status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
            return ending
        }
    }

    package var isRunning: Bool { reap(WNOHANG) == nil }

    /// Waits for its end. A program still running then is killed, and that is an error that says what it printed.
    @discardableResult
    package func wait(_ timeout: Duration = .seconds(60)) throws -> Result {
        do {
            try eventually("the end of `\(command)`", timeout) { !isRunning }
        } catch {
            send(SIGKILL)
            _ = reap(0)
            throw TestSupportError("\(error)\n\(result(.signal(SIGKILL)))")
        }
        let result = result(reap(0)!)
        if command.hasPrefix(Userload.binary + " ") { try keepMessages(result.stderr) }
        return result
    }

    /// Waits until it has printed `text`; its end without that is an error.
    package func wait(for text: String, on stream: Stream = .stderr, _ timeout: Duration = .seconds(60)) throws {
        try eventually("\"\(text)\" from `\(command)`; it printed:\n\(stdout)\(stderr)", timeout) {
            let ended = !isRunning
            if printed(stream).contains(text) { return true }
            guard !ended else { throw TestSupportError("`\(command)` ended without \"\(text)\": \(result(reap(0)!))") }
            return false
        }
    }

    private func result(_ ending: Ending) -> Result { Result(ending: ending, stdout: stdout, stderr: stderr) }

    package var stdout: String { printed(.stdout) }
    package var stderr: String { printed(.stderr) }

    private func printed(_ stream: Stream) -> String {
        let data = try? Data(contentsOf: URL(fileURLWithPath: files.path(stream == .stdout ? "stdout" : "stderr")))
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    /// The greatest amount of memory it has held so far, in KiB (VmHWM); nil once it has ended.
    package var peakMemory: Int? {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }
}

/// Both ends of a pipe. `spawn` lets no program inherit them.
package func pipe() throws -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else { throw TestSupportError("pipe: errno \(errno)") }
    return (ends[0], ends[1])
}

private func openFile(_ path: String, _ flags: Int32) throws -> Int32 {
    let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw TestSupportError("\(path): \(String(cString: strerror(errno)))") }
    return descriptor
}

/// Asks until the answer is yes. No answer within `timeout` is an error.
package func eventually(
    _ what: @autoclosure () -> String, _ timeout: Duration = .seconds(60), _ condition: () throws -> Bool
) throws {
    let start = ContinuousClock.now
    while !(try condition()) {
        guard ContinuousClock.now - start < timeout else { throw TestSupportError("waited \(timeout) for \(what())") }
        usleep(10_000)
    }
}

/// Appends what the program printed to the file that USERLOAD_TEST_MESSAGES names; `.ci/messages` makes a page of it.
private func keepMessages(_ text: String) throws {
    guard let path = ProcessInfo.processInfo.environment["USERLOAD_TEST_MESSAGES"] else { return }
    let file = FileHandle(fileDescriptor: try openFile(path, O_WRONLY | O_CREAT | O_APPEND), closeOnDealloc: true)
    // One write, so that the lines of tests that run side by side are not mixed.
    try file.write(contentsOf: Data(text.utf8))
}
