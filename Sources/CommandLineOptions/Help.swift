// Help as text of 80 columns, the same on every screen, so that a README can hold it.

private let helpWidth = 80

extension ProgramDescription {
    /// The whole program: what it is and its commands.
    package var help: String {
        var lines = wrapped("\(name): \(summary)", width: helpWidth) + ["", "Usage: \(name) COMMAND [OPTIONS] ...", ""]
        lines.append("Commands:")
        lines += definitions(commands.map { ($0.name, $0.summary) })
        lines += ["", "\(name) COMMAND --help tells more; \(name) --version shows versions."]
        return lines.joined(separator: "\n") + "\n"
    }

    package func help(of command: CommandDescription) -> String {
        var lines = wrapped("\(name) \(command.name): \(command.summary)", width: helpWidth)
        lines += ["", "Usage: " + usage(of: command)]
        for paragraph in command.discussion { lines += [""] + laidOut(paragraph) }
        lines += ["", "Options:"] + definitions(command.allOptions.map { (term($0.definition), text($0.definition)) })
        lines += ["", command.examples.count == 1 ? "Example:" : "Examples:"]
        for example in command.examples {
            lines.append("  " + example.command)
            lines += wrapped(example.comment, width: helpWidth - 6).map { "      " + $0 }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    func usage(of command: CommandDescription) -> String {
        [name, command.name, "[OPTIONS]", command.operands.usage].filter { !$0.isEmpty }.joined(separator: " ")
    }
}

/// An option's help with its choices, its environment variable and its default.
func text(_ option: OptionDefinition) -> String {
    var notes: [String] = []
    if !option.choices.isEmpty { notes.append(option.choices.joined(separator: " or ")) }
    if let environment = option.environment { notes.append(environment) }
    if let value = option.defaultValue { notes.append("default \(value)") }
    return notes.isEmpty ? option.help : "\(option.help) [\(notes.joined(separator: "; "))]"
}

private func term(_ option: OptionDefinition) -> String {
    let short = option.short.map { "-\($0), " } ?? "    "
    return short + option.spelling + (option.placeholder.map { " " + $0 } ?? "")
}

/// Terms with their texts beside them; a term too long for its column has a line of its own.
private func definitions(_ entries: [(term: String, text: String)]) -> [String] {
    let column = min(entries.map { displayWidth($0.term) }.max() ?? 0, 24)
    return entries.flatMap { term, text in
        var lines = wrapped(text, width: helpWidth - column - 4).map {
            String(repeating: " ", count: column + 4) + $0
        }
        if displayWidth(term) > column { return ["  " + term] + lines }
        lines[0] = "  " + pad(term, to: column) + lines[0].dropFirst(column + 2)
        return lines
    }
}

private func laidOut(_ paragraph: String) -> [String] {
    paragraph.hasPrefix(" ")
        ? paragraph.split(separator: "\n").map(String.init) : wrapped(paragraph, width: helpWidth)
}
