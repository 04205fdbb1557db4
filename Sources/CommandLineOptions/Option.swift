// What a command line may hold, declared once as values: parsing, help, completions and the manual page are
// all made from these.

/// An option as the table has it, whatever the type of its value.
package struct OptionDefinition: Sendable {
    /// Without dashes.
    package let long: String
    package let short: Character?
    /// What stands for the value in help; nil for a flag, which takes none.
    package let placeholder: String?
    /// One or two sentences, wrapped by whoever prints them.
    package let help: String
    /// The words a value is one of; empty when any will do.
    package let choices: [String]
    /// The environment variable that says the same, for help.
    package let environment: String?
    /// The value when nothing is said, for help.
    package let defaultValue: String?

    package init(
        long: String, short: Character? = nil, placeholder: String?, help: String, choices: [String] = [],
        environment: String? = nil, defaultValue: String? = nil
    ) {
        self.long = long
        self.short = short
        self.placeholder = placeholder
        self.help = help
        self.choices = choices
        self.environment = environment
        self.defaultValue = defaultValue
    }

    var isFlag: Bool { placeholder == nil }

    /// `--broker`.
    package var spelling: String { "--" + long }
}

/// Anything that stands in a table of options.
package protocol DeclaredOption: Sendable {
    var definition: OptionDefinition { get }
    /// The value of `text`, of the option's own type; for a flag, `true`.
    func parse(_ text: String) throws(ValueProblem) -> any Sendable
    /// What counts of a value and those before it.
    func merged(_ earlier: any Sendable, _ value: any Sendable) -> any Sendable
}

extension DeclaredOption {
    package func merged(_ earlier: any Sendable, _ value: any Sendable) -> any Sendable { value }
}

/// An option with a value that may be given any number of times; all count, in their order.
package struct RepeatedOption: DeclaredOption {
    package let definition: OptionDefinition

    package init(_ long: String, _ placeholder: String, help: String) {
        definition = OptionDefinition(long: long, placeholder: placeholder, help: help)
    }

    package func parse(_ text: String) -> any Sendable { [text] }

    package func merged(_ earlier: any Sendable, _ value: any Sendable) -> any Sendable {
        (earlier as? [String] ?? []) + (value as? [String] ?? [])
    }
}

/// Why a value is invalid; the message follows "--timeout 5x: ".
package struct ValueProblem: Error {
    package let message: String
    package init(_ message: String) { self.message = message }
}

/// An option without a value.
package struct Flag: DeclaredOption {
    package let definition: OptionDefinition

    package init(_ long: String, short: Character? = nil, help: String) {
        definition = OptionDefinition(long: long, short: short, placeholder: nil, help: help)
    }

    package func parse(_ text: String) -> any Sendable { true }
}

/// An option with a value. Given twice, the last one counts, as is usual, so that an alias can be overridden.
package struct Option<Value: Sendable>: DeclaredOption {
    package let definition: OptionDefinition
    private let convert: @Sendable (String) throws(ValueProblem) -> Value

    package init(
        _ definition: OptionDefinition, convert: @escaping @Sendable (String) throws(ValueProblem) -> Value
    ) {
        self.definition = definition
        self.convert = convert
    }

    package func parse(_ text: String) throws(ValueProblem) -> any Sendable { try convert(text) }
}

extension Option where Value == String {
    package static func text(
        _ long: String, short: Character? = nil, _ placeholder: String, help: String,
        environment: String? = nil, default defaultValue: String? = nil
    ) -> Option {
        let definition = OptionDefinition(
            long: long, short: short, placeholder: placeholder, help: help, environment: environment,
            defaultValue: defaultValue)
        return Option(definition) { text throws(ValueProblem) in text }
    }
}

extension Option where Value == Int {
    package static func integer(
        _ long: String, short: Character? = nil, _ placeholder: String, in range: ClosedRange<Int>, help: String,
        default defaultValue: String? = nil
    ) -> Option {
        let definition = OptionDefinition(
            long: long, short: short, placeholder: placeholder, help: help, defaultValue: defaultValue)
        return Option(definition) { text throws(ValueProblem) in
            guard let value = Int(text), !text.hasPrefix("+") else { throw ValueProblem("not an integer") }
            guard range.contains(value) else { throw ValueProblem(described(range)) }
            return value
        }
    }

    private static func described(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max
            ? "must be \(range.lowerBound) or more" : "must be \(range.lowerBound) to \(range.upperBound)"
    }
}

extension Option where Value == Duration {
    /// A whole number and a unit, as `parseDuration` reads it.
    package static func duration(
        _ long: String, short: Character? = nil, _ placeholder: String = "TIME", in range: ClosedRange<Duration>,
        help: String, default defaultValue: String? = nil
    ) -> Option {
        let definition = OptionDefinition(
            long: long, short: short, placeholder: placeholder, help: help, defaultValue: defaultValue)
        return Option(definition) { text throws(ValueProblem) in
            // Nothing is nothing in every unit.
            guard let value = text == "0" ? .zero : parseDuration(text) else {
                throw ValueProblem("not a time; write a number and s, m, h or d, like 90s or 24h")
            }
            guard range.contains(value) else {
                throw ValueProblem("must be \(spelled(range.lowerBound)) to \(spelled(range.upperBound))")
            }
            return value
        }
    }
}

extension Option where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    package static func choice(
        _ long: String, short: Character? = nil, _ placeholder: String, help: String,
        default defaultValue: String? = nil
    ) -> Option {
        let words = Value.allCases.map(\.rawValue)
        let definition = OptionDefinition(
            long: long, short: short, placeholder: placeholder, help: help, choices: words,
            defaultValue: defaultValue)
        return Option(definition) { text throws(ValueProblem) in
            guard let value = Value(rawValue: text) else {
                throw ValueProblem("must be one of \(words.joined(separator: ", "))")
            }
            return value
        }
    }
}
