// What a person says of an input on the command line; all else is concluded from its bytes.

/// One pair of `--map`.
package struct FieldSource: Hashable, Sendable {
    /// One of our fields, or a dotted path.
    package let field: String
    /// A header as it stands in the file; for JSON a key or a dotted path.
    package let source: String

    package init(field: String, source: String) {
        self.field = field
        self.source = source
    }
}

/// `--age-from` with its `--as-of`.
package struct AgeFrom: Hashable, Sendable {
    package let column: String
    package let asOf: CalendarDate
    /// nil: ISO 8601 only.
    package var format: DateFormat?

    package init(column: String, asOf: CalendarDate, format: DateFormat? = nil) {
        self.column = column
        self.asOf = asOf
        self.format = format
    }
}

/// The flags of `push`, `load` and `check` that bear on what an input is. Defaults are those of the command line.
package struct InputFlags: Hashable, Sendable {
    package var format: Format?
    /// The name of the encoding; the bytes that are concluded from are UTF-8 already.
    package var encoding: String?
    package var delimiter: UInt8?
    /// Physical lines.
    package var skipLines = 0
    package var columns: [String]?
    package var null: String?
    package var ragged = false
    package var lenient = false
    package var map: [FieldSource] = []
    package var ageFrom: AgeFrom?

    package init() {}

    /// The same flags as words of a command line.
    package var words: [String] {
        var words: [String] = []
        if let format { words += ["--format", format.rawValue] }
        if let encoding { words += ["--encoding", encoding] }
        if let delimiter { words += ["--delimiter", Dialect(delimiter: delimiter).argument] }
        if skipLines > 0 { words += ["--skip-lines", String(skipLines)] }
        if let columns { words += ["--columns", columns.joined(separator: ",")] }
        if let null { words += ["--null", null] }
        if ragged { words.append("--ragged") }
        if !map.isEmpty { words += ColumnMap.words(map) }
        if let ageFrom {
            words += ["--age-from", ageFrom.column, "--as-of", ageFrom.asOf.text]
            if let format = ageFrom.format { words += ["--date-format", format.rawValue] }
        }
        if lenient { words.append("--lenient") }
        return words
    }

    /// Whether `words` say the same again when they are read: a command line has neither empty values nor NUL bytes.
    var canBeTyped: Bool {
        ColumnMap.canBeTyped(map) && words.allSatisfy { !$0.isEmpty && !$0.utf8.contains(0) }
    }

    /// Flags that only CSV has.
    var ofCSV: [String] {
        var names: [String] = []
        if delimiter != nil { names.append("--delimiter") }
        if skipLines > 0 { names.append("--skip-lines") }
        if columns != nil { names.append("--columns") }
        if null != nil { names.append("--null") }
        if ragged { names.append("--ragged") }
        return names
    }
}
