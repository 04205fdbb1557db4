// Standard error as people see it: whole lines, and one progress line that rewrites itself under them.

import Glibc
import Log
import Synchronization

/// Lines and progress from any thread. The progress line is there only on a terminal; elsewhere `progress` does
/// nothing, and a caller says what matters in lines.
package final class Screen: Sendable {
    private struct State {
        var progress = ""
    }

    private let state = Mutex(State())
    private let descriptor: Int32
    /// Whether a progress line is shown.
    package let isTerminal: Bool

    package init(descriptor: Int32 = STDERR_FILENO) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
    }

    /// Columns; 80 where they are not known.
    package var width: Int { terminalWidth(descriptor) ?? 80 }

    /// Writes `text` and a newline above the progress line. Not escaped here: what comes from outside has been.
    /// Errors are ignored: there is nowhere left to report them.
    package func line(_ text: String) {
        state.withLock { state in
            write((state.progress.isEmpty ? "" : eraseLine) + text + "\n" + shown(state.progress))
        }
    }

    /// Replaces the progress line; an empty text takes it away. Cut to the terminal's width, escaped.
    package func progress(_ text: String) {
        guard isTerminal else { return }
        state.withLock { state in
            guard text != state.progress else { return }
            state.progress = text
            write(eraseLine + shown(text))
        }
    }

    /// The last column stays free: some terminals wrap there already.
    private func shown(_ progress: String) -> String { truncated(escaped(progress), to: width - 1) }

    private func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}

/// Carriage return and ECMA-48 EL: erases the cursor's line.
private let eraseLine = "\r\u{1B}[K"

/// The columns of the terminal behind `descriptor`; nil when it is not a terminal.
package func terminalWidth(_ descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
}
