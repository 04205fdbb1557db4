// What only a person can mend: schema, key, rights, settings. Every command ends with exit code 8 on it.

/// `message` is a sentence without its end; it may quote names from the server, so escape it before a terminal.
package struct ConfigurationProblem: Error, Equatable, CustomStringConvertible {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}
