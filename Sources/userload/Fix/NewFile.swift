// A file that appears under its name only once it is whole. It may hold what is personal: nobody else reads it.

import FileNames
import Glibc

final class NewFile {
    private let path: String
    private let replaces: Bool
    private let temporary: String
    private var descriptor: Int32 = -1
    private var buffer: [UInt8] = []
    private static let bufferBytes = 65_536

    /// - Parameter replaces: takes the place of a file of that name.
    /// - Throws: `Failure`: there is one, and it may not.
    init(_ path: String, replaces: Bool) throws {
        self.path = path
        self.replaces = replaces
        temporary = "\(path).\(getpid())"
        var status = stat()
        guard withFileName(path, { lstat($0, &status) }) == 0 else { return }
        // To take its place would delete a device, or cut a link off from its file.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.input, "\(path) exists and is not a regular file", hint: "-o - writes to standard output")
        }
        if !replaces { throw exists }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        _ = withFileName(temporary) { unlink($0) }
    }

    func write(_ bytes: [UInt8]) throws {
        if descriptor < 0 {
            descriptor = withFileName(temporary) { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
            guard descriptor >= 0 else { throw problem(errno) }
        }
        buffer += bytes
        if buffer.count >= Self.bufferBytes { try send() }
    }

    /// Puts it under its name; nothing if nothing was written.
    func finish() throws {
        guard descriptor >= 0 else { return }
        try send()
        guard fsync(descriptor) == 0 else { throw problem(errno) }
        let code = withFileName(temporary) { from in withFileName(path) { put(from, $0) } }
        if code == EEXIST { throw exists }
        guard code == 0 else { throw problem(code) }
        close(descriptor)
        descriptor = -1
        if !replaces { _ = withFileName(temporary) { unlink($0) } }
    }

    /// Returns errno, or 0.
    private func put(_ from: UnsafePointer<CChar>, _ to: UnsafePointer<CChar>) -> Int32 {
        // A second name for it is refused where there is a file; a new name is not.
        if !replaces, link(from, to) == 0 { return 0 }
        let code = errno
        if replaces { return rename(from, to) == 0 ? 0 : errno }
        guard code == EPERM || code == EOPNOTSUPP || code == ENOSYS else { return code }
        // Some file systems have no second names: an empty file of our own keeps the name free.
        let own = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard own >= 0 else { return errno }
        close(own)
        return rename(from, to) == 0 ? 0 : errno
    }

    private func send() throws {
        var rest = buffer[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw problem(errno) }
            rest = rest.dropFirst(written)
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private var exists: Failure {
        Failure(.input, "\(path) exists", hint: "--force replaces it; corrections in it are lost then")
    }

    private func problem(_ code: Int32) -> Failure {
        Failure(.input, "cannot write \(path): \(String(cString: strerror(code)))")
    }
}
