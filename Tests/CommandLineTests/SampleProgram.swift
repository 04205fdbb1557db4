// A small program for the tests of this folder.

@testable import CommandLineOptions

enum Colour: String, CaseIterable, Sendable { case red, green }

enum Sample {
    static let label = Option.text("label", short: "l", "NAME", help: "A name.", environment: "LABEL")
    static let partitions = Option.integer("partitions", "N", in: 1...100, help: "How many.", default: "12")
    static let print = Flag("print", short: "p", help: "Show it.")
    static let timeout = Option.duration("timeout", in: .seconds(1)...(.seconds(3600)), help: "Give up after this.")
    static let colour = Option<Colour>.choice("colour", "COLOUR", help: "Which one.")

    static let push = CommandDescription(
        "push", summary: "send files", discussion: ["Sends each file once."],
        operands: Operands("FILE", 1...Int.max, completion: .files),
        options: [label, partitions, print, timeout, colour],
        examples: [Example("load push a.csv", "Sends a.csv.")])
    static let list = CommandDescription(
        "list", summary: "list jobs", operands: Operands("WHAT", 0...1, completion: .words(["jobs", "files"])),
        examples: [Example("load list", "All of them.")])
    static let program = ProgramDescription(name: "load", summary: "load files", commands: [push, list])
}

/// The arguments of a command line that is right.
func parsed(_ words: String...) throws -> ParsedArguments {
    guard case .command(_, let arguments) = try Sample.program.parse(words) else {
        throw UsageError(message: "no command", hint: "")
    }
    return arguments
}
