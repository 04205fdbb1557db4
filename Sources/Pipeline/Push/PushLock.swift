// The lock of a file's push: flock(2) on a file beside the journal's entry, which is never renamed or removed, so that all who
// want it lock the same one. It goes with the process that holds it.

import Foundation
import Glibc
import Records

/// Who pushes a file, as its lock file says.
struct LockHolder: Codable, Equatable, Sendable {
    let pid: Int32
    let host: String
    let since: Date
    /// As it was typed.
    let command: String

    init(pid: Int32, host: String, since: Date, command: String) {
        self.pid = pid
        self.host = host
        self.since = since
        self.command = command
    }
}

/// Held until it is gone.
final class PushLock {
    enum Attempt {
        case taken(PushLock)
        /// nil: the file does not say who has it.
        case held(LockHolder?)
        /// There can be none here: a sentence.
        case impossible(String)
    }

    let path: String
    private let descriptor: Int32
    private static let contentLimit = 8_192

    private init(_ path: String, _ descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        // Whoever finds it free is not told of us.
        ftruncate(descriptor, 0)
        close(descriptor)
    }

    /// Never waits.
    static func attempt(_ path: String, as holder: LockHolder) -> Attempt {
        // Nonblocking: a FIFO in its place must not hold us up.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { return .impossible(failure(path)) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            defer { close(descriptor) }
            return errno == EWOULDBLOCK ? .held(read(descriptor)) : .impossible(failure(path))
        }
        let lock = PushLock(path, descriptor)
        lock.write(holder)
        return .taken(lock)
    }

    /// Whether somebody has it; nil: that cannot be told.
    static func isHeld(_ path: String) -> Bool? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return errno == ENOENT ? false : nil }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return false }
        return errno == EWOULDBLOCK ? true : nil
    }

    private func write(_ holder: LockHolder) {
        guard let json = try? JSONEncoder().encode(holder) else { return }
        ftruncate(descriptor, 0)
        // What it says is for people: a full disk is no reason not to push.
        _ = json.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    private static func read(_ descriptor: Int32) -> LockHolder? {
        var bytes = [UInt8](repeating: 0, count: contentLimit)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0, let holder = try? JSONDecoder().decode(LockHolder.self, from: Data(bytes[..<count])),
            holder.pid > 0
        else { return nil }
        // Killed, it left its name behind: another one has the lock.
        if holder.host == thisHost, kill(holder.pid, 0) != 0, errno == ESRCH { return nil }
        return holder
    }

    private static func failure(_ path: String) -> String {
        "cannot lock \(path): \(String(cString: strerror(errno)))"
    }
}

/// gethostname(2); ProcessInfo's asks the resolver.
let thisHost: String = {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}()
