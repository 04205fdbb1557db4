// What a file is written in.

/// What `--format` names.
package enum Format: String, Codable, Sendable, CaseIterable {
    /// RFC 4180.
    case csv
    /// One JSON object on each line.
    case jsonl
    /// One array of JSON objects, or JSON objects one after the other.
    case json
}

/// How a CSV file is delimited.
package struct Dialect: Hashable, Sendable {
    /// One of `, ; tab |`; the default is the comma.
    package let delimiter: UInt8

    package init(delimiter: UInt8 = UInt8(ascii: ",")) { self.delimiter = delimiter }

    /// All delimiters, with what `--delimiter` calls them.
    package static let delimiters: [(byte: UInt8, name: String)] = [
        (UInt8(ascii: ","), ","), (UInt8(ascii: ";"), ";"), (UInt8(ascii: "\t"), "tab"), (UInt8(ascii: "|"), "|"),
    ]

    /// Reads the argument of `--delimiter`: one of the four characters, or "tab" or "\t" in letters.
    package init?(argument: String) {
        let name = argument == "\t" || argument == "\\t" ? "tab" : argument
        guard let found = Self.delimiters.first(where: { $0.name == name }) else { return nil }
        self.init(delimiter: found.byte)
    }

    /// What `init(argument:)` reads.
    package var argument: String { Self.delimiters.first { $0.byte == delimiter }?.name ?? "," }
}

/// Input that is refused as a whole, before anything is sent. `message` does without the file's name.
package struct InputError: Error, Equatable {
    package let message: String
    /// It may be mended by what comes next.
    let isUnfinished: Bool

    package init(_ message: String) {
        self.message = message
        isUnfinished = false
    }

    /// The input ends too early.
    init(unfinished message: String) {
        self.message = message
        isUnfinished = true
    }
}
