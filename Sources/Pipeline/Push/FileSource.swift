// The input of a push: a regular file, read twice, or a stream (stdin, a FIFO), read once. Hashes what it hands out.

import FileNames
import Glibc
package import Records

/// One thread owns a source.
package final class FileSource {
    /// As given, with bytes that are not UTF-8 as in `rawText`; `-` is stdin.
    package let path: String
    /// Whether it can be read again from its start.
    package let isRegular: Bool
    /// Called about ten times a second while a stream has nothing to read.
    package var idle: () throws -> Void = {}

    private let descriptor: Int32
    private let interrupt: Interrupt
    private var hasher = ContentHasher()
    /// Bytes read since the start.
    package private(set) var bytesRead: UInt64 = 0
    private var peeked: [UInt8] = []
    private var peekedRead = 0

    package init(_ path: String, interrupt: Interrupt) throws(PipelineError) {
        self.path = path
        self.interrupt = interrupt
        // Nonblocking, so that a FIFO without a writer does not hold up Ctrl-C.
        descriptor = path == "-" ? 0 : withFileName(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .refused(Self.sentence(errno)) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .refused(Self.sentence(errno)) }
        if status.st_mode & S_IFMT == S_IFDIR { throw .refused("is a directory") }
        isRegular = path != "-" && status.st_mode & S_IFMT == S_IFREG
        if isRegular { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
    }

    deinit { if descriptor > 0 { close(descriptor) } }

    /// The size now; nil for a stream.
    package var size: UInt64? {
        var status = stat()
        return isRegular && fstat(descriptor, &status) == 0 ? UInt64(status.st_size) : nil
    }

    /// Whether there is not one byte. Only before the first `read`.
    package func isEmpty() throws -> Bool {
        if peeked.isEmpty {
            peeked = try [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
                count = try readBytes(UnsafeMutableRawBufferPointer(buffer))
            }
        }
        return peeked.isEmpty
    }

    /// Reads some bytes; 0 at the end.
    package func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try take(buffer)
        hasher.update(Bytes(start: buffer.assumingMemoryBound(to: UInt8.self).baseAddress, count: count))
        bytesRead += UInt64(count)
        return count
    }

    /// Of everything read since the start.
    package func contentHash() -> ContentHash { hasher.finish() }

    /// Back to the start; regular files only.
    package func rewind() throws(PipelineError) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw .refused(Self.sentence(errno)) }
        hasher = ContentHasher()
        bytesRead = 0
        peeked = []
        peekedRead = 0
    }

    private func take(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard peekedRead < peeked.count else { return try readBytes(buffer) }
        let count = min(buffer.count, peeked.count - peekedRead)
        peeked.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[peekedRead..<peekedRead + count]))
        }
        peekedRead += count
        return count
    }

    private func readBytes(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            if interrupt.isSet { throw PipelineError.interrupted }
            if !isRegular {
                var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                if poll(&ready, 1, 100) <= 0 {
                    try idle()
                    continue
                }
            }
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR, errno != EAGAIN {
                throw PipelineError.broken("cannot be read on: \(Self.sentence(errno))")
            }
        }
    }

    private static func sentence(_ code: Int32) -> String {
        let text = String(cString: strerror(code))
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
