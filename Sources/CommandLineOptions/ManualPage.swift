// The manual page, made from the table, in the man(7) macros.

extension ProgramDescription {
    package func manualPage(version: String, sections: [(title: String, rows: [(term: String, text: String)])])
        -> String
    {
        var lines = [
            ".TH \(roff(name.uppercased())) 1 \"\" \"\(roff(version))\" \"User Commands\"",
            ".SH NAME", roff("\(name) - \(summary)"),
            ".SH SYNOPSIS",
        ]
        for command in commands { lines += [".B \(name) \(command.name)", roff(usageTail(command)), ".br"] }
        lines.append(".SH COMMANDS")
        for command in commands { lines += page(of: command) }
        for section in sections {
            lines.append(".SH \(section.title)")
            for row in section.rows { lines += [".TP", ".B \(roff(row.term))", roff(row.text)] }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func usageTail(_ command: CommandDescription) -> String {
        usage(of: command).split(separator: " ").dropFirst(2).joined(separator: " ")
    }

    private func page(of command: CommandDescription) -> [String] {
        var lines = [
            ".SS \(name) \(command.name)",
            roff(command.summary.prefix(1).uppercased() + command.summary.dropFirst() + "."),
        ]
        for paragraph in command.discussion {
            lines += paragraph.hasPrefix(" ") ? [".PP", ".nf", roff(paragraph), ".fi"] : [".PP", roff(paragraph)]
        }
        for option in command.allOptions.map(\.definition) {
            let short = option.short.map { "-\($0), " } ?? ""
            let value = option.placeholder.map { " \($0)" } ?? ""
            lines += [".TP", ".B \(roff(short + option.spelling + value))", roff(text(option))]
        }
        for example in command.examples {
            lines += [".PP", ".B \(roff(example.command))", ".br", roff(example.comment)]
        }
        return lines
    }

    /// Backslashes and hyphens as roff wants them; a dot or quote at a line's beginning would be a request.
    private func roff(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let plain = line.map { $0 == "\\" ? "\\e" : $0 == "-" ? "\\-" : String($0) }.joined()
            return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
        }.joined(separator: "\n")
    }
}
