// A table's name as people write it, and as SQL takes it.

internal import Postgres

/// `schema.table`, read by SQL's rules: without quotes, ASCII letters become lower case.
package struct TableName: Equatable, Sendable {
    /// nil: the first schema of the search path.
    package let schema: String?
    package let table: String

    package init(schema: String?, table: String) {
        self.schema = schema
        self.table = table
    }

    package init(parsing text: String) throws(PipelineError) {
        var parts: [String] = []
        var rest = Array(text.unicodeScalars)[...]
        repeat {
            guard let part = Self.identifier(&rest) else {
                throw PipelineError.configuration("\"\(text)\" is not a table name: write table or schema.table")
            }
            parts.append(part)
        } while rest.first == "." && rest.popFirst() != nil
        guard parts.count <= 2, rest.isEmpty else {
            throw PipelineError.configuration("\"\(text)\" is not a table name: write table or schema.table")
        }
        self.init(schema: parts.count == 2 ? parts[0] : nil, table: parts[parts.count - 1])
    }

    /// For SQL: every part in quotes, quotes in it doubled.
    package var quoted: String {
        (schema.map { Postgres.quoted(identifier: $0) + "." } ?? "") + Postgres.quoted(identifier: table)
    }

    /// For people: `public.users`.
    package var text: String { (schema.map { $0 + "." } ?? "") + table }

    /// Takes one identifier from the front; nil if there is none. Postgres would cut one of more than 63 bytes.
    private static func identifier(_ text: inout ArraySlice<Unicode.Scalar>) -> String? {
        var name = String.UnicodeScalarView()
        if text.first == "\"" {
            text.removeFirst()
            while true {
                guard let scalar = text.popFirst(), scalar != "\0" else { return nil }
                if scalar == "\"" {
                    guard text.first == "\"" else { break }
                    text.removeFirst()
                }
                name.append(scalar)
            }
        } else {
            while let scalar = text.first, isPlain(scalar, first: name.isEmpty) {
                text.removeFirst()
                let isUpper = ("A"..."Z").contains(scalar)
                name.append(isUpper ? Unicode.Scalar(UInt8(scalar.value) | 0x20) : scalar)
            }
        }
        let identifier = String(name)
        return (1...63).contains(identifier.utf8.count) ? identifier : nil
    }

    private static func isPlain(_ scalar: Unicode.Scalar, first: Bool) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "_": true
        case "0"..."9", "$": !first
        default: scalar.value >= 0x80
        }
    }
}
