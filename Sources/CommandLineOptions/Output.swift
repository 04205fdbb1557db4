// Standard output, buffered; a failed write is an error, so that a full disk does not look like a result.

import Glibc
import Synchronization

/// Writing standard output failed.
package enum OutputError: Error, Equatable {
    /// The reader has gone (`… | head`); a command that only prints then ends without an error.
    case brokenPipe
    /// "cannot write to standard output: No space left on device".
    case failed(String)
    /// The program was told to stop while the reader took nothing.
    case interrupted
}

/// Bytes for a descriptor, 64 KiB at a time; a terminal gets every line at once. Thread-safe.
package final class Output: Sendable {
    private static let bufferBytes = 65_536
    private let buffer = Mutex<[UInt8]>([])
    private let descriptor: Int32
    package let isTerminal: Bool

    private let isInterrupted: @Sendable () -> Bool

    /// - Parameter isInterrupted: asked when a signal breaks off a write to a reader that takes nothing.
    package init(descriptor: Int32 = STDOUT_FILENO, isInterrupted: @escaping @Sendable () -> Bool = { false }) {
        self.descriptor = descriptor
        self.isInterrupted = isInterrupted
        isTerminal = isatty(descriptor) == 1
    }

    /// Columns; nil when it is not a terminal: then lines are not cut.
    package var width: Int? { terminalWidth(descriptor) }

    /// `text` and a newline.
    package func line(_ text: String = "") throws(OutputError) {
        try write(Array(text.utf8) + [UInt8(ascii: "\n")])
        if isTerminal { try flush() }
    }

    package func write(_ bytes: some Sequence<UInt8>) throws(OutputError) {
        let isFull = buffer.withLock { buffer in
            buffer.append(contentsOf: bytes)
            return buffer.count >= Self.bufferBytes
        }
        if isFull { try flush() }
    }

    package func flush() throws(OutputError) {
        let problem: OutputError? = buffer.withLock { buffer in
            defer { buffer.removeAll(keepingCapacity: true) }
            return send(buffer)
        }
        if let problem { throw problem }
    }

    private func send(_ bytes: [UInt8]) -> OutputError? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR {
                if isInterrupted() { return .interrupted }
                continue
            }
            if written < 0, errno == EPIPE { return .brokenPipe }
            guard written > 0 else {
                return .failed("cannot write to standard output: " + String(cString: strerror(errno)))
            }
            rest = rest.dropFirst(written)
        }
        return nil
    }
}
