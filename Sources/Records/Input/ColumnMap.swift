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
        // By bytes: a character that combines with a comma or an equals sign does not hide it.
        var pieces: [[UInt8]] = []
        for piece in Array(text.utf8).split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            if pieces.isEmpty || beginsPair(piece) {
                pieces.append(Array(piece))
            } else {
                pieces[pieces.count - 1] += [UInt8(ascii: ",")] + piece
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
            pairs.append(try pair(Array(line.utf8), "--map-file"))
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

    /// The words that `pairs` reads: in one where that is plain to read, each pair in its own where a header has a comma
    /// or an equals sign.
    static func words(_ pairs: [FieldSource]) -> [String] {
        func isPlain(_ pair: FieldSource) -> Bool { !pair.source.utf8.contains { [0x2C, 0x3D].contains($0) } }
        var groups: [[FieldSource]] = []
        for pair in pairs {
            let group = (groups.last ?? []) + [pair]
            if group.count > 1, group.allSatisfy(isPlain), (try? Self.pairs(text(group))) == group {
                groups[groups.count - 1] = group
            } else {
                groups.append([pair])
            }
        }
        return groups.flatMap { ["--map", text($0)] }
    }

    /// Whether `words` can say them: not where a header has a comma and then one of our fields and `=`.
    static func canBeTyped(_ pairs: [FieldSource]) -> Bool {
        pairs.allSatisfy { (try? Self.pairs(text([$0]))) == [$0] }
    }

    private static func text(_ pairs: [FieldSource]) -> String {
        pairs.map { "\($0.field)=\($0.source)" }.joined(separator: ",")
    }

    private static func pair(_ text: [UInt8], _ flag: String) throws(ColumnMapError) -> FieldSource {
        guard let equals = text.firstIndex(of: UInt8(ascii: "=")), equals > 0, equals + 1 < text.count else {
            throw ColumnMapError(message: "\(flag) \(String(decoding: text, as: UTF8.self)): must be FIELD=HEADER")
        }
        let field = text[..<equals].drop { $0 == 0x20 }
        return FieldSource(
            field: String(decoding: field, as: UTF8.self),
            source: String(decoding: text[(equals + 1)...], as: UTF8.self))
    }

    private static func beginsPair(_ text: ArraySlice<UInt8>) -> Bool {
        guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else { return false }
        let field = String(decoding: text[..<equals], as: UTF8.self)
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
