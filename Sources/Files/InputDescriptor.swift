// The file as it lies: bytes from a regular file, or from a stream that may have nothing for a while.

import Glibc

/// Any thread may read from a regular file; only one at a time from a stream.
package final class InputDescriptor: Sendable {
    /// Whether it can be read again from its start.
    package let isRegular: Bool
    private let number: Int32
    private let isOwned: Bool

    /// - Parameters:
    ///   - number: open for reading.
    ///   - isOwned: it is closed with the last reference to this.
    ///   - isRegular: it is read by position, so that several readers do not disturb each other.
    package init(_ number: Int32, isOwned: Bool, isRegular: Bool) {
        self.number = number
        self.isOwned = isOwned
        self.isRegular = isRegular
        if isRegular { posix_fadvise(number, 0, 0, POSIX_FADV_SEQUENTIAL) }
    }

    deinit { if isOwned { close(number) } }

    /// Its size now; nil for a stream.
    package var size: UInt64? {
        var status = stat()
        return isRegular && fstat(number, &status) == 0 ? UInt64(max(0, status.st_size)) : nil
    }

    /// Reads some bytes; 0 at the end.
    /// - Parameters:
    ///   - position: where in a regular file.
    ///   - waiting: called about ten times a second while there is nothing to read yet; what it throws comes out.
    func read(
        _ buffer: UnsafeMutableRawBufferPointer, at position: UInt64, waiting: () throws -> Void
    ) throws -> Int {
        while true {
            if !isRegular {
                var ready = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
                if poll(&ready, 1, 100) <= 0 {
                    try waiting()
                    continue
                }
            }
            let count =
                isRegular
                ? pread(number, buffer.baseAddress, buffer.count, off_t(clamping: position))
                : Glibc.read(number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            switch errno {
            case EINTR: break
            case EAGAIN:
                // A stream comes to `poll` again. Files under /proc can be regular and have nothing yet.
                if isRegular { usleep(100_000) }
                try waiting()
            default: throw FileError.system(errno)
            }
        }
    }
}

/// What an `errno` means, beginning in lower case: `no such file or directory`.
package func systemMessage(_ code: Int32) -> String {
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
}
