// Names and values as SQL text, for the few places that parameters cannot reach. By scalars, not characters: a quote with
// a combining accent behind it is one character to Swift, and still a quote to Postgres.

/// `name` as a quoted identifier; quotes in it are doubled.
package func quoted(identifier name: String) -> String { "\"" + doubling("\"", in: name) + "\"" }

/// `text` as a string literal, right whatever standard_conforming_strings says.
package func quoted(literal text: String) -> String {
    let hasBackslash = text.unicodeScalars.contains("\\")
    return (hasBackslash ? " E'" : "'") + doubling("\\", in: doubling("'", in: text)) + "'"
}

private func doubling(_ special: Unicode.Scalar, in text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
        result.unicodeScalars.append(scalar)
        if scalar == special { result.unicodeScalars.append(scalar) }
    }
}
