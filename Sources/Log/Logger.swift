// The log: one line per message, as text for people or as JSON for machines.

package import Foundation

/// How much a line matters. A logger writes those at its level and above.
package enum LogLevel: Int, Sendable, Comparable {
    /// One line per batch, and what libraries report: for finding a fault.
    case debug
    /// Progress worth a line.
    case info
    /// Something a person may want to look at; the command continues.
    case warning
    /// Something a person has to act on.
    case error

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

package enum LogFormat: String, Sendable, CaseIterable {
    case text, json
}

/// Writes whole lines to a sink, which decides where they go. Thread-safe as its sink is.
package struct Logger: Sendable {
    /// The least level that is written.
    package let level: LogLevel
    package let format: LogFormat
    /// Text lines begin with the local time: for a file that nothing else stamps. JSON always has a time.
    package let timestamps: Bool
    private let now: @Sendable () -> Date
    private let write: @Sendable (String) -> Void

    /// - Parameter write: takes one line, without its newline, already escaped.
    package init(
        level: LogLevel = .info, format: LogFormat = .text, timestamps: Bool = false,
        now: @escaping @Sendable () -> Date = { Date() }, write: @escaping @Sendable (String) -> Void
    ) {
        self.level = level
        self.format = format
        self.timestamps = timestamps
        self.now = now
        self.write = write
    }

    package func debug(_ message: @autoclosure () -> String, _ fields: [(String, String)] = []) {
        guard level <= .debug else { return }
        log(.debug, message(), fields)
    }

    package func info(_ message: String, _ fields: [(String, String)] = []) { log(.info, message, fields) }

    package func warning(_ message: String, _ fields: [(String, String)] = []) { log(.warning, message, fields) }

    /// - Parameter hint: what to do about it; its own line in text, a field in JSON.
    package func error(_ message: String, _ fields: [(String, String)] = [], hint: String? = nil) {
        switch format {
        case .text:
            log(.error, message, fields)
            if let hint { write(escaped(hint)) }
        case .json: log(.error, message, fields + (hint.map { [("hint", $0)] } ?? []))
        }
    }

    /// One line. Fields are for machines: text shows them only at debug, where they follow the sentence.
    package func log(_ level: LogLevel, _ message: String, _ fields: [(String, String)] = []) {
        guard level >= self.level else { return }
        switch format {
        case .text: write(text(level, message, fields))
        case .json: write(json(level, message, fields))
        }
    }

    private func text(_ level: LogLevel, _ message: String, _ fields: [(String, String)]) -> String {
        var line = timestamps ? now().formatted(Self.stamp) + " " : ""
        switch level {
        case .debug: line += "debug: "
        case .info: break
        case .warning: line += "warning: "
        case .error: line += "error: "
        }
        line += escaped(message)
        if self.level == .debug {
            for (name, value) in fields { line += " " + escaped(name) + "=" + escaped(value) }
        }
        return line
    }

    private func json(_ level: LogLevel, _ message: String, _ fields: [(String, String)]) -> String {
        let first = [
            ("time", now().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))),
            ("level", String(describing: level)), ("message", message),
        ]
        return "{" + (first + fields).map { jsonString($0) + ":" + jsonString($1) }.joined(separator: ",") + "}"
    }

    /// `2026-11-23 02:00:01`, local time.
    private static let stamp = Date.VerbatimFormatStyle(
        format: """
            \(year: .defaultDigits)-\(month: .twoDigits)-\(day: .twoDigits) \
            \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)
            """,
        timeZone: .current, calendar: Calendar(identifier: .gregorian))
}

/// `text` as a JSON string (RFC 8259), quotes included, with what a terminal would obey as `\u` escapes too:
/// machine output is looked at by people.
package func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where isUnsafe(scalar):
            for unit in UTF16.encode(scalar)! {
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
