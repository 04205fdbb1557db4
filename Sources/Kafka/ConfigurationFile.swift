// The user's file of librdkafka settings (KAFKA_CONFIG), in kcat's format: `key=value` lines, `#` comments, blanks.

internal import Glibc

/// One setting for librdkafka; `line` (from 1) when it stands in the user's file.
package struct ConfigurationEntry: Equatable, Sendable {
    package let key: String
    package let value: String
    package let line: Int?

    package init(key: String, value: String, line: Int? = nil) {
        self.key = key
        self.value = value
        self.line = line
    }
}

/// A setting that cannot be used. One sentence, naming file and line where there are any; never a secret value.
package struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}

package enum ConfigurationFile {
    /// The entries of the file in order. Whitespace around key and value is not part of them.
    package static func parse(_ path: String) throws(ConfigurationError) -> [ConfigurationEntry] {
        try parse(text: read(path), path: path)
    }

    static func parse(text: String, path: String) throws(ConfigurationError) -> [ConfigurationEntry] {
        var entries: [ConfigurationEntry] = []
        // By unicode scalar: "\r\n" is one Character, and so is an equals sign with a combining mark behind it.
        for (index, raw) in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = trimmed(raw)
            if line.isEmpty || line.first == "#" { continue }
            guard let equals = line.firstIndex(of: "="), equals != line.startIndex else {
                throw ConfigurationError("\(path):\(index + 1): expected key=value")
            }
            entries.append(
                ConfigurationEntry(
                    key: String(trimmed(line[..<equals])),
                    value: String(trimmed(line[line.index(after: equals)...])),
                    line: index + 1))
        }
        return entries
    }

    private static func trimmed(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        let isBlank: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
        var scalars = text
        while let first = scalars.first, isBlank(first) { scalars.removeFirst() }
        while let last = scalars.last, isBlank(last) { scalars.removeLast() }
        return scalars
    }

    private static func read(_ path: String) throws(ConfigurationError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ConfigurationError("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw ConfigurationError("\(path): \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError("\(path): not UTF-8")
        }
        return text
    }
}
