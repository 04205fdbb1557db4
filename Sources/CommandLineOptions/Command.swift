// A program and its commands, as the table from which parsing, help, completions and the manual page are made.

package struct Example: Sendable {
    package let command: String
    /// What it does, in a few words.
    package let comment: String

    package init(_ command: String, _ comment: String) {
        self.command = command
        self.comment = comment
    }
}

/// What follows the options.
package struct Operands: Sendable {
    /// What they are, for shells that complete them.
    package enum Completion: Sendable, Equatable { case nothing, files, words([String]) }

    /// As help shows it: `FILE`, `SLUG|LABEL|FILE`.
    package let name: String
    package let count: ClosedRange<Int>
    package let completion: Completion

    package static let none = Operands("", 0...0)

    package init(_ name: String, _ count: ClosedRange<Int>, completion: Completion = .nothing) {
        self.name = name
        self.count = count
        self.completion = completion
    }

    /// `FILE…`, `[FILE]`, or nothing.
    var usage: String {
        if count.upperBound == 0 { return "" }
        let text = name + (count.upperBound > 1 ? "..." : "")
        return count.lowerBound == 0 ? "[\(text)]" : text
    }
}

package struct CommandDescription: Sendable {
    package let name: String
    /// One line, in the imperative, without a full stop.
    package let summary: String
    /// Paragraphs; each is wrapped. A line that begins with a space is kept as it is.
    package let discussion: [String]
    package let operands: Operands
    package let options: [any DeclaredOption]
    package let examples: [Example]

    package init(
        _ name: String, summary: String, discussion: [String] = [], operands: Operands = .none,
        options: [any DeclaredOption] = [], examples: [Example]
    ) {
        self.name = name
        self.summary = summary
        self.discussion = discussion
        self.operands = operands
        self.options = options
        self.examples = examples
    }

    /// Every command's own options, and `--help`.
    var allOptions: [any DeclaredOption] { options + [helpFlag] }
}

let helpFlag = Flag("help", short: "h", help: "Show this help and exit.")

package struct ProgramDescription: Sendable {
    package let name: String
    package let summary: String
    package let commands: [CommandDescription]

    package init(name: String, summary: String, commands: [CommandDescription]) {
        self.name = name
        self.summary = summary
        self.commands = commands
    }
}
