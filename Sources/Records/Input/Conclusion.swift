// What an input is taken for: all that turns its bytes into records.

/// The form of an input.
package enum Form: String, Codable, Sendable, CaseIterable {
    /// RFC 4180.
    case csv
    /// Every line is a record.
    case jsonl
    /// One JSON array of objects.
    case array
    /// JSON objects one after the other, over any number of lines.
    case objects

    /// For people.
    package var words: String {
        switch self {
        case .csv: "CSV"
        case .jsonl: "JSON lines"
        case .array: "JSON array"
        case .objects: "JSON objects"
        }
    }
}

/// Fields that may break their rule without costing the person; on the wire one byte.
package struct LenientFields: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let email = LenientFields(rawValue: 1)
    package static let phoneNumber = LenientFields(rawValue: 2)
    package static let address = LenientFields(rawValue: 4)
    /// A first or a last name alone is a name.
    package static let singleName = LenientFields(rawValue: 8)

    /// Those of a unique key, which are never spared.
    init(_ key: KeyFields) {
        self = []
        if key.contains(.email) { insert(.email) }
        if key.contains(.phoneNumber) { insert(.phoneNumber) }
    }

    /// All there are.
    static let all: LenientFields = [.email, .phoneNumber, .address, .singleName]
}

/// How a column came to its field.
package enum ColumnMatch: UInt8, Sendable {
    /// It is none of our fields.
    case none
    /// By our own name.
    case exact
    /// By letters and digits without case.
    case letters
    case alias
    /// By `--map`.
    case map
}

/// A column of CSV, or a key of JSON objects.
package struct Column: Hashable, Sendable {
    /// Its header, unquoted and trimmed; for JSON the path of the key.
    package let source: [[UInt8]]
    /// Where its value goes in the record.
    package let path: [[UInt8]]
    package let match: ColumnMatch

    /// For people and for error messages.
    package var name: String { FieldError.fieldName(Array(source.joined(separator: [UInt8(ascii: ".")]))) }
}

/// The source of `--age-from`.
package struct AgeSource: Hashable, Sendable {
    /// Of CSV: which column.
    package let index: Int
    /// Of JSON: the path of the key.
    package let source: [[UInt8]]
    package let asOf: CalendarDate
    package let format: DateFormat?

    package var name: String { FieldError.fieldName(Array(source.joined(separator: [UInt8(ascii: ".")]))) }
}

/// A sentence about an input.
package struct Notice: Hashable, Sendable {
    /// Without values of people: for a log.
    package let text: String
    /// The sentence that quotes them; nil: `text` says it all.
    var quoting: String?

    package func words(showingValues: Bool) -> String { showingValues ? quoting ?? text : text }

    /// With another one behind it.
    func adding(_ other: Notice) -> Notice {
        Notice(
            text: "\(text); \(other.text)",
            quoting: "\(words(showingValues: true)); \(other.words(showingValues: true))")
    }
}

/// A pure function of an input's first bytes and the flags: the same on every host.
package struct Conclusion: Hashable, Sendable {
    package internal(set) var form: Form
    /// CSV only.
    package internal(set) var dialect = Dialect()
    /// The raw header row of CSV, without its line end; nil with `--columns`, and for JSON.
    package internal(set) var header: [UInt8]?
    /// The first line is `sep=;` or the like.
    package internal(set) var hasDelimiterLine = false
    /// Physical lines before the header.
    package internal(set) var skippedLines = 0
    /// Of CSV all columns in their order; of JSON the keys that get another name.
    package internal(set) var columns: [Column] = []
    package internal(set) var age: AgeSource?
    /// A cell with this text is empty.
    package internal(set) var null: [UInt8]?
    /// Missing cells are empty.
    package internal(set) var isRagged = false
    package internal(set) var lenient: LenientFields = []
    /// Of CSV that is plain but for this: one of the first rows has surplus cells, all of them empty. The first version
    /// made rejects of such rows.
    package internal(set) var hasSurplus = false

    /// Rejects of earlier jobs, corrected: see `FixColumns`.
    package internal(set) var isFix = false

    // For people only.

    /// The fields that were found, and what they are made of: `"First Name" + "Last Name" → name`.
    package internal(set) var fields: [String] = []
    /// Columns that could have been a field and stay as they are.
    package internal(set) var staying: [String] = []
    /// What a person should know beside the line.
    package internal(set) var notices: [Notice] = []

    init(form: Form) { self.form = form }

    /// Plain CSV with commas or JSON lines under our own names: what the program took from the first, and takes as the
    /// same job.
    package var isPlain: Bool {
        let isBare =
            !hasDelimiterLine && skippedLines == 0 && age == nil && null == nil && !isRagged && !hasSurplus
            && lenient == []
        switch form {
        case .csv: return isBare && header != nil && dialect == Dialect() && columns.allSatisfy { $0.isAsSpelled }
        case .jsonl: return isBare && columns.isEmpty
        case .array, .objects: return false
        }
    }

    /// `CSV, UTF-16, ";": "Full Name" → name, age ("Mobile" stays)`; `words` are those of container and encoding.
    package func line(_ words: [String]) -> String {
        var input = [form.words] + words
        if form == .csv { input.append("\"\(dialect.argument)\"") }
        if isFix { input.append("a fix file") }
        if skippedLines > 0 { input.append(skippedLines == 1 ? "1 line skipped" : "\(skippedLines) lines skipped") }
        // As many as a person reads, and as a start marker holds.
        let shown = 10
        let more = staying.count > shown ? " and \(staying.count - shown) more" : ""
        let stay = staying.prefix(shown).map { "\"\($0)\"" }.joined(separator: ", ") + more
        let found =
            fields.count > 2 * shown ? fields.prefix(2 * shown) + ["…"] : fields.isEmpty ? ["no records"] : fields[...]
        return input.joined(separator: ", ") + ": " + found.joined(separator: ", ")
            + (staying.isEmpty ? "" : " (\(stay) stay\(staying.count == 1 ? "s" : ""))")
    }
}

extension Column {
    /// As the program always read a header: a dot is a step into an object.
    var isAsSpelled: Bool {
        source.count == 1
            && path.elementsEqual(
                source[0].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false),
                by: { $0.elementsEqual($1) })
    }
}
