// Asks a person before something is deleted.

import CommandLineOptions
import Foundation
import Log
import Pipeline

extension Context {
    /// Returns once a person has said yes.
    /// - Parameter orElse: what to type where nobody can be asked.
    /// - Throws: `Failure`: no, or nobody there to ask.
    func confirm(_ question: String, orElse hint: String) throws {
        guard isatty(STDIN_FILENO) == 1, screen.isTerminal else {
            throw Failure(.usage, "\(question) There is no terminal to ask on, nothing was deleted", hint: hint)
        }
        try output.flush()
        screen.line(escaped(question) + " Type yes to continue:")
        guard try answer().lowercased() == "yes" else { throw Failure(.incomplete, "nothing was deleted") }
    }

    /// A line of standard input.
    private func answer() throws -> String {
        var line: [UInt8] = []
        while line.count < 100 {
            var wait = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            let ready = poll(&wait, 1, 1000)
            if interrupt.isSet { throw Failure(.interrupted, "interrupted, nothing was deleted") }
            guard ready > 0 else { continue }
            var byte: UInt8 = 0
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            if count <= 0 || byte == UInt8(ascii: "\n") { break }
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces)
    }
}
