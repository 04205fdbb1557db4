// A small file that others read while we write it: written beside its place, then put there.

import FileNames
import Foundation
import Glibc

enum ReplacedFile {
    /// - Returns: what went wrong, as a sentence; nil: nothing.
    static func write(_ text: String, to path: String) -> String? {
        // Not a name that ends as the file's does: a collector takes all of those.
        let temporary = "\(path).\(getpid())"
        // Readable for a collector that runs as somebody else.
        let descriptor = withFileName(temporary) { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) }
        guard descriptor >= 0 else { return problem(path) }
        defer { _ = withFileName(temporary) { unlink($0) } }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                defer { close(descriptor) }
                return problem(path)
            }
            rest = rest.dropFirst(written)
        }
        guard close(descriptor) == 0 else { return problem(path) }
        return withFileName(temporary) { from in withFileName(path) { rename(from, $0) } } == 0 ? nil : problem(path)
    }

    /// The first part of what stands there; empty: nothing that can be read.
    static func read(_ path: String) -> String {
        let descriptor = withFileName(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    private static func problem(_ path: String) -> String {
        "cannot write \(path): \(String(cString: strerror(errno)))"
    }
}
