// What a command line said, typed.

package struct ParsedArguments: Sendable {
    /// In the order given; `-` and what follows `--` are operands.
    package internal(set) var operands: [String] = []
    /// Values by long name, as the option's own `parse` made them.
    var values: [String: any Sendable] = [:]

    package init() {}

    package subscript(flag: Flag) -> Bool { values[flag.definition.long] != nil }

    /// All values given, in their order.
    package subscript(option: RepeatedOption) -> [String] { values[option.definition.long] as? [String] ?? [] }

    /// The value given, or nil. Asking for an option that the command has not declared is nil too: option
    /// groups are shared by commands that take only some of them.
    package subscript<Value>(option: Option<Value>) -> Value? { values[option.definition.long] as? Value }
}

/// What the program is asked to do.
package enum Invocation: Sendable {
    /// `--help`, or no arguments: of one command, or of all.
    case help(CommandDescription?)
    case version
    case command(CommandDescription, ParsedArguments)
}

/// A command line that is wrong; the program exits with 2.
package struct UsageError: Error, Equatable {
    /// One sentence without a full stop: "unknown option --labl; did you mean --label?".
    package let message: String
    /// "see 'userload push --help'".
    package let hint: String
}
