// Reads a command line by the table, and says what is wrong with it in one sentence.

import Log

extension ProgramDescription {
    /// - Parameter arguments: without the program's own name.
    package func parse(_ arguments: [String]) throws(UsageError) -> Invocation {
        guard let first = arguments.first else { return .help(nil) }
        let rest = Array(arguments.dropFirst())
        switch first {
        case "-h", "--help": return .help(nil)
        case "--version": return .version
        case "help":
            guard let topic = rest.first else { return .help(nil) }
            return .help(try command(topic))
        default: break
        }
        guard !first.hasPrefix("-") else {
            throw usage("unknown option \(escaped(first)); options come after the command")
        }
        let command = try command(first)
        let parsed = try parse(command, rest)
        return parsed.values[helpFlag.definition.long] != nil ? .help(command) : .command(command, parsed)
    }

    private func command(_ word: String) throws(UsageError) -> CommandDescription {
        if let command = commands.first(where: { $0.name == word }) { return command }
        throw usage("unknown command '\(escaped(word))'" + suggestion(for: word, among: commands.map(\.name)))
    }

    private func usage(_ message: String, of command: CommandDescription? = nil) -> UsageError {
        let place = command.map { "\(name) \($0.name)" } ?? name
        return UsageError(message: message, hint: "see '\(place) --help'")
    }

    private func parse(_ command: CommandDescription, _ words: [String]) throws(UsageError) -> ParsedArguments {
        var parsed = ParsedArguments()
        do throws(ValueProblem) {
            for item in try split(words, by: command.allOptions) {
                switch item {
                case .operand(let text): parsed.operands.append(text)
                case .option(let option, let text):
                    guard option.definition.isFlag || !text.isEmpty else {
                        throw ValueProblem("\(option.definition.spelling) needs a value")
                    }
                    do throws(ValueProblem) {
                        let value = try option.parse(text)
                        let earlier = parsed.values[option.definition.long]
                        parsed.values[option.definition.long] = earlier.map { option.merged($0, value) } ?? value
                    } catch {
                        throw ValueProblem("\(option.definition.spelling) \(escaped(text)): \(error.message)")
                    }
                }
            }
        } catch {
            throw usage(error.message, of: command)
        }
        // `--help` answers whatever else is missing.
        guard parsed.values[helpFlag.definition.long] == nil else { return parsed }
        let operands = command.operands
        if parsed.operands.count < operands.count.lowerBound {
            throw usage("\(operands.name) is missing", of: command)
        }
        if parsed.operands.count > operands.count.upperBound {
            throw usage("unexpected '\(escaped(parsed.operands[operands.count.upperBound]))'", of: command)
        }
        if parsed.operands.contains("") { throw usage("an argument is empty; expected \(operands.name)", of: command) }
        return parsed
    }
}
