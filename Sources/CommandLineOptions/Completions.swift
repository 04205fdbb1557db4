// Completion scripts for bash, zsh and fish, made from the table.

package enum Shell: String, Sendable, CaseIterable { case bash, zsh, fish }

extension ProgramDescription {
    package func completions(for shell: Shell) -> String {
        switch shell {
        case .bash: bashCompletions
        case .zsh: zshCompletions
        case .fish: fishCompletions
        }
    }

    private var commandNames: String { commands.map(\.name).joined(separator: " ") }

    /// bash proper: bash-completion is not needed.
    private var bashCompletions: String {
        var lines = [
            "# bash completion for \(name): eval \"$(\(name) completions bash)\"",
            "_\(name)() {",
            "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words files=",
            "    COMPREPLY=()",
            "    if ((COMP_CWORD == 1)); then",
            "        mapfile -t COMPREPLY < <(compgen -W '\(commandNames) help --help --version' -- \"$word\")",
            "        return",
            "    fi",
            "    case ${COMP_WORDS[1]} in",
        ]
        for command in commands { lines += bashCase(command) }
        lines += [
            "    help) words='\(commandNames)' ;;",
            "    *) return ;;",
            "    esac",
            "    mapfile -t COMPREPLY < <(compgen ${files:+-f} -W \"$words\" -- \"$word\")",
            "}",
            "complete -o filenames -F _\(name) \(name)",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private func bashCase(_ command: CommandDescription) -> [String] {
        var lines = ["    \(command.name))", "        case $previous in"]
        for option in command.allOptions.map(\.definition) where !option.isFlag {
            let spellings = (option.short.map { "-\($0)|" } ?? "") + option.spelling
            lines.append("        \(spellings)) words='\(option.choices.joined(separator: " "))' ;;")
        }
        var words = command.allOptions.map(\.definition.spelling)
        var files = ""
        switch command.operands.completion {
        case .nothing: break
        case .files: files = " files=1"
        case .words(let operands): words = operands + words
        }
        lines += ["        *) words='\(words.joined(separator: " "))'\(files) ;;", "        esac", "        ;;"]
        return lines
    }

    private var zshCompletions: String {
        var lines = [
            "#compdef \(name)",
            "# zsh completion for \(name): eval \"$(\(name) completions zsh)\"",
            "_\(name)() {",
            "    if ((CURRENT == 2)); then",
            "        local -a commands=(",
        ]
        lines += commands.map { "            \(zshQuoted("\($0.name):\($0.summary)"))" }
        lines += [
            "        )", "        _describe command commands", "        return", "    fi",
            "    local command=$words[2]",
        ]
        lines += ["    shift words", "    ((CURRENT--))", "    case $command in"]
        for command in commands {
            lines.append("    \(command.name)) _arguments -s \\")
            for option in command.allOptions.map(\.definition) { lines += zshSpecifications(option) }
            switch command.operands.completion {
            case .nothing: lines.append("        '*: :' ;;")
            case .files: lines.append("        '*:file:_files' ;;")
            case .words(let words): lines.append("        '*:word:(\(words.joined(separator: " ")))' ;;")
            }
        }
        lines += ["    esac", "}", "compdef _\(name) \(name)"]
        return lines.joined(separator: "\n") + "\n"
    }

    private func zshSpecifications(_ option: OptionDefinition) -> [String] {
        let text = "[" + option.help.filter { !"[]".contains($0) } + "]"
        let value =
            option.placeholder.map { ":\($0.filter { $0 != ":" }):(\(option.choices.joined(separator: " ")))" } ?? ""
        let spellings = [option.short.map { "-\($0)" }, option.spelling].compactMap { $0 }
        return spellings.map { "        \(zshQuoted($0 + text + value)) \\" }
    }

    private func zshQuoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private var fishCompletions: String {
        var lines = [
            "# fish completion for \(name): \(name) completions fish | source",
            "complete -c \(name) -f",
        ]
        for command in commands {
            lines.append(
                "complete -c \(name) -n __fish_use_subcommand -a \(command.name) -d \(fishQuoted(command.summary))")
            let condition = "complete -c \(name) -n '__fish_seen_subcommand_from \(command.name)'"
            for option in command.allOptions.map(\.definition) {
                let short = option.short.map { " -s \($0)" } ?? ""
                let choices = option.choices.isEmpty ? "" : " -a '\(option.choices.joined(separator: " "))'"
                let value = option.isFlag ? "" : " -x" + choices
                lines.append("\(condition)\(short) -l \(option.long)\(value) -d \(fishQuoted(option.help))")
            }
            switch command.operands.completion {
            case .nothing: break
            case .files: lines.append("\(condition) -F")
            case .words(let words): lines.append("\(condition) -a '\(words.joined(separator: " "))'")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Within single quotes fish knows `\\` and `\'`.
    private func fishQuoted(_ text: String) -> String {
        "'" + text.map { "\\'".contains($0) ? "\\\($0)" : String($0) }.joined() + "'"
    }
}
