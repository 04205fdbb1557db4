// A subcommand: its place in the table, and what runs.

import CommandLineOptions

struct Command: Sendable {
    let description: CommandDescription
    /// May run for hours as a service, so its log lines need a time unless something else adds one.
    let isService: Bool
    /// Throws what it cannot handle; `report` turns that into a sentence and an exit code.
    let run: @Sendable (ParsedArguments, Context) throws -> ExitCode

    init(
        _ description: CommandDescription, isService: Bool = false,
        run: @escaping @Sendable (ParsedArguments, Context) throws -> ExitCode
    ) {
        self.description = description
        self.isService = isService
        self.run = run
    }
}
