// Names and values as SQL text, for the few places that parameters cannot reach.

/// `name` as a quoted identifier; quotes in it are doubled.
package func quoted(identifier name: String) -> String {
    "\"" + String(name.flatMap { $0 == "\"" ? [$0, $0] : [$0] }) + "\""
}

/// `text` as a string literal, right whatever standard_conforming_strings says.
package func quoted(literal text: String) -> String {
    let doubled = String(text.flatMap { $0 == "'" || $0 == "\\" ? [$0, $0] : [$0] })
    return (text.contains("\\") ? " E'" : "'") + doubled + "'"
}
