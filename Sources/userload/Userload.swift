// The entry point: parse, run, report.

import CMimalloc
import CommandLineOptions
import Foundation
import Kafka
import Log
import Pipeline
import Postgres

@main
enum Userload {
    static func main() {
        occupyStandardDescriptors()
        Torture.check()
        installSignalHandlers()
        // Not exit(): its handlers take OpenSSL apart while a thread of ours that spoke with a server is just ending, or
        // is left behind with a server that does not answer; now and then that crashed. Nothing waits to be flushed.
        _exit(run(Array(programArguments.dropFirst())).rawValue)
    }

    /// A whole run of the program except its exit.
    static func run(_ arguments: [String]) -> ExitCode {
        let output = Output(isInterrupted: { processInterrupt.isSet })
        let screen = Screen()
        var context = Context(output: output, screen: screen, interrupt: processInterrupt, timeout: processTimeout)
        do {
            let code: ExitCode
            switch try program.parse(arguments) {
            case .help(let command):
                try output.write((command.map(program.help(of:)) ?? program.help).utf8)
                code = .done
            case .version:
                try output.line(versions)
                code = .done
            case .command(let description, let parsed):
                let command = commands.first { $0.description.name == description.name }!  // parsed by this table
                context = Context(
                    output: output, screen: screen, interrupt: processInterrupt, timeout: processTimeout,
                    arguments: parsed, isService: command.isService)
                code = run(command, parsed, context)
            }
            try output.flush()
            return code
        } catch {
            return report(error, context)
        }
    }

    /// A command to its end, and whoever wants to hear of it.
    private static func run(_ command: Command, _ arguments: ParsedArguments, _ context: Context) -> ExitCode {
        var code: ExitCode
        var isUnderstood = true
        do {
            code = try command.run(arguments, context)
            try context.output.flush()
        } catch {
            code = report(error, context)
            isUnderstood = code != .usage
        }
        context.writeRecord(code)
        // Of arguments that were not understood nobody hears.
        if isUnderstood, let hook = OnFinish(arguments) { hook.run(code, context) }
        return code
    }

    /// Says what went wrong, and the exit code. What was written to standard output before stays written.
    static func report(_ error: any Error, _ context: Context) -> ExitCode {
        guard var failure = failure(for: error) else { return .done }
        if failure.code == .interrupted, context.timeout.isSet {
            failure = Failure(.incomplete, "stopped by --timeout; nothing is lost, the same command resumes")
        }
        try? context.output.flush()
        context.screen.progress("")
        context.logger.error(failure.message, hint: failure.hint)
        return failure.code
    }
}

let version = "0.2.0"

private var versions: String {
    // 209 is 2.0.9. This call also keeps the linker from leaving mimalloc out.
    let allocator = mi_version()
    return "userload \(version), librdkafka \(KafkaVersion.text), libpq \(PostgresVersion.text), "
        + "mimalloc \(allocator / 100).\(allocator / 10 % 10).\(allocator % 10)"
}
