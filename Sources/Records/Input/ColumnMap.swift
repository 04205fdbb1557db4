// `--map` and `--map-file`: which column or key is which field, in so many words.

/// Text that is not a map; `message` is a sentence without its full stop. A usage error.
package struct ColumnMapError: Error, Equatable {
    package let message: String
}

package enum ColumnMap {
    /// All maps of a command together, in bytes.
    package static let maximumBytes = 8_192

    /// Reads `age=Alter,name=Full Name`: the first `=` of a pair splits it, and a comma separates pairs only where one
    /// of our fields and `=` follow, so that a header may hold commas and equals signs.
    package static func pairs(_ text: String) throws(ColumnMapError) -> [FieldSource] {
        var pieces: [String] = []
        for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
            if pieces.isEmpty || beginsPair(piece) {
                pieces.append(String(piece))
            } else {
                pieces[pieces.count - 1] += "," + piece
            }
        }
        var pairs: [FieldSource] = []
        for piece in pieces { pairs.append(try pair(piece, "--map")) }
        return pairs
    }

    /// Reads the text of a `--map-file`: a pair on each line that is not blank.
    package static func file(_ text: String) throws(ColumnMapError) -> [FieldSource] {
        var pairs: [FieldSource] = []
        for line in text.split(whereSeparator: \.isNewline) where !line.allSatisfy(\.isWhitespace) {
            pairs.append(try pair(String(line), "--map-file"))
        }
        return pairs
    }

    /// Checks all pairs of a command together.
    package static func check(_ pairs: [FieldSource]) throws(ColumnMapError) {
        let count = pairs.reduce(0) { $0 + $1.field.utf8.count + $1.source.utf8.count + 2 }
        guard count <= maximumBytes else {
            throw ColumnMapError(message: "--map is \(count) bytes long: at most \(maximumBytes)")
        }
        var targets: [String] = []
        for pair in pairs {
            guard isTarget(pair.field) else {
                throw ColumnMapError(
                    message: "--map \(pair.field)=\(pair.source): there is no field \(pair.field); fields are "
                        + "name, name.firstName, name.lastName, age, email, phoneNumber, address and dotted paths")
            }
            if targets.contains(pair.field) {
                throw ColumnMapError(message: "--map gives two columns for \(pair.field)")
            }
            if let other = targets.first(where: { $0.hasPrefix(pair.field + ".") || pair.field.hasPrefix($0 + ".") }) {
                throw ColumnMapError(message: "--map gives both \(other) and \(pair.field)")
            }
            targets.append(pair.field)
        }
        var sources: Set<[UInt8]> = []
        for pair in pairs where !sources.insert(Array(pair.source.utf8)).inserted {
            throw ColumnMapError(message: "--map gives \"\(pair.source)\" to two fields")
        }
    }

    /// The words that `pairs` reads.
    static func words(_ pairs: [FieldSource]) -> [String] {
        // A pair whose field `pairs` does not know by its name needs a flag of its own.
        var texts: [String] = []
        for pair in pairs {
            let text = "\(pair.field)=\(pair.source)"
            if texts.isEmpty || !beginsPair(text[...]) {
                texts.append(text)
            } else {
                texts[texts.count - 1] += "," + text
            }
        }
        return texts.flatMap { ["--map", $0] }
    }

    private static func pair(_ text: String, _ flag: String) throws(ColumnMapError) -> FieldSource {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex, text.index(after: equals) < text.endIndex
        else { throw ColumnMapError(message: "\(flag) \(text): must be FIELD=HEADER") }
        let field = text[..<equals].drop { $0 == " " }
        return FieldSource(field: String(field), source: String(text[text.index(after: equals)...]))
    }

    private static func beginsPair(_ text: Substring) -> Bool {
        guard let equals = text.firstIndex(of: "=") else { return false }
        let field = String(text[..<equals])
        return FieldName.allCases.contains { $0.spelled == field } || field.hasPrefix("name.")
            || field.hasPrefix("address.")
    }

    private static func isTarget(_ field: String) -> Bool {
        let parts = field.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return FieldName.allCases.contains { $0.spelled == field } }
        // An age, an email address and a phone number have no parts.
        return parts.allSatisfy { !$0.isEmpty } && parts.count <= Limits.depth - 1
            && !["age", "email", "phoneNumber"].contains(String(parts[0]))
    }
}
