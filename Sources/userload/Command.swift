// A subcommand: its place in the table, and what runs.

import CommandLineOptions

struct Command: Sendable {
    let description: CommandDescription
    /// Throws what it cannot handle; `report` turns that into a sentence and an exit code.
    let run: @Sendable (ParsedArguments, Context) throws -> ExitCode

    init(
        _ description: CommandDescription, run: @escaping @Sendable (ParsedArguments, Context) throws -> ExitCode
    ) {
        self.description = description
        self.run = run
    }
}
