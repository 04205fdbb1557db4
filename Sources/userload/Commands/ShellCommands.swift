// Completions for shells, and the manual page.

import CommandLineOptions

extension Command {
    static let completions = Command(
        CommandDescription(
            "completions", summary: "print completions for bash, zsh or fish",
            operands: Operands("bash|zsh|fish", 1...1, completion: .words(Shell.allCases.map(\.rawValue))),
            examples: [
                Example("eval \"$(userload completions bash)\"", "Completes commands and options in this shell.")
            ])
    ) { arguments, context in
        guard let shell = Shell(rawValue: arguments.operands[0]) else {
            throw Failure(.usage, "unknown shell '\(arguments.operands[0])'; it is bash, zsh or fish")
        }
        try context.output.write(program.completions(for: shell).utf8)
        return .done
    }

    static let man = Command(
        CommandDescription(
            "man", summary: "print the manual page",
            examples: [Example("userload man | man -l -", "Shows it.")])
    ) { _, context in
        let exitCodes = ExitCode.allCases.map { (term: "\($0.rawValue)", text: $0.meaning) }
        let page = program.manualPage(
            version: "userload \(version)",
            sections: [("EXIT STATUS", exitCodes), ("ENVIRONMENT", environmentVariables)])
        try context.output.write(page.utf8)
        return .done
    }
}
