// The SQL files of this target, as text with their variables filled in.

internal import Postgres

enum SQL {
    /// A file's text. `:name` and `:'name'` (as a string literal) become the variable's value, as psql would have it
    /// (other than there, in comments too).
    static func text(_ file: [UInt8], _ variables: [(name: String, value: String)] = []) -> String {
        let parts = String(decoding: file, as: UTF8.self).split(separator: ":", omittingEmptySubsequences: false)
        return parts.dropFirst().reduce(into: String(parts[0])) { text, part in
            for (name, value) in variables {
                if part.hasPrefix("'\(name)'") {
                    text += quoted(literal: value) + part.dropFirst(name.count + 2)
                    return
                }
                if part.prefix(while: { $0.isLetter || $0 == "_" }) == name {
                    text += value + part.dropFirst(name.count)
                    return
                }
            }
            text += ":" + part
        }
    }
}
