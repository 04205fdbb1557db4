// The options of a push: what is refused before anything is read.

import CommandLineOptions
import Pipeline
import Testing

@testable import userload

@Suite struct PushFlagsTests {
    private func options(_ words: String...) throws -> PushOptions {
        let command = CommandDescription(
            "x", summary: "", operands: Operands("FILE", 1...Int.max), options: PushFlags.all, examples: [])
        let program = ProgramDescription(name: "userload", summary: "", commands: [command])
        guard case .command(_, let arguments) = try program.parse(["x"] + words) else { throw Failure(.usage, "") }
        return try PushFlags.options(arguments, Context(environment: [:]))
    }

    /// A start marker with a longer one would stop every worker that reads it.
    @Test func aLabelIsBounded() throws {
        let longest = String(repeating: "é", count: 100)
        #expect(try options("--label", longest, "a.csv").label == longest)
        #expect(throws: Failure(.usage, "--label is 201 bytes long: at most 200")) {
            try options("--label", longest + "x", "a.csv")
        }
    }
}
