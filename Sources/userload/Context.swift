// What every command is given: the environment, its outputs, and the request to stop.

import CommandLineOptions
import Foundation
import Log
import Pipeline

struct Context: Sendable {
    /// Variables that are set; an empty one counts as not set.
    let environment: [String: String]
    /// Standard output: results only.
    let output: Output
    /// Standard error: lines, and the progress line on a terminal.
    let screen: Screen
    var logger: Logger
    /// Set by SIGINT and SIGTERM, and when --timeout has passed.
    let interrupt: Interrupt
    /// Set when it was --timeout.
    let timeout: Interrupt
    let now: @Sendable () -> Date
    /// For --metrics-file and --on-finish.
    let record = RunRecord()

    init(
        environment: [String: String] = ProcessInfo.processInfo.environment, output: Output = Output(),
        screen: Screen = Screen(), interrupt: Interrupt = Interrupt(), timeout: Interrupt = Interrupt(),
        arguments: ParsedArguments = ParsedArguments(), isService: Bool = false,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.environment = environment.filter { !$0.value.isEmpty }
        self.output = output
        self.screen = screen
        self.interrupt = interrupt
        self.timeout = timeout
        self.now = now
        let level: LogLevel = arguments[Options.verbose] ? .debug : arguments[Options.quiet] ? .warning : .info
        // A terminal's reader knows the time, and journald stamps its lines (systemd.exec(5), $JOURNAL_STREAM).
        let timestamps = isService && !screen.isTerminal && environment["JOURNAL_STREAM"] == nil
        self.logger = Logger(
            level: level, format: arguments[Options.logFormat] ?? .text, timestamps: timestamps, now: now
        ) { screen.line($0) }
    }
}
