// --on-finish: a command of the user's that hears how a run ended.

import CommandLineOptions
import Log
import Pipeline
import Synchronization

struct OnFinish {
    static let option = Option.text(
        "on-finish", "COMMAND",
        help:
            "Run COMMAND by /bin/sh at the end, however the run ended. USERLOAD_STATE (done, rejects, incomplete, failed, "
            + "interrupted), USERLOAD_EXIT, USERLOAD_LABEL, USERLOAD_LINES, USERLOAD_REJECTED and USERLOAD_SLUGS tell it "
            + "how. It has 60 s; its own failure is said, and changes nothing.")

    /// A variable holds at most 128 KiB (execve(2), MAX_ARG_STRLEN).
    private static let mostSlugs = 10_000

    let command: String
    let label: String?

    /// nil: nobody wants to hear of it.
    init?(_ arguments: ParsedArguments) {
        guard let command = arguments[Self.option] else { return nil }
        self.command = command
        label = arguments[PushFlags.label]
    }

    /// Runs it to its end, or to the end of its time.
    func run(_ code: ExitCode, _ context: Context) {
        let limit = Self.limit(isOverdue: context.timeout.isSet, isInterrupted: context.interrupt.isSet)
        let signals = processSignals.load(ordering: .relaxed)
        let ending = runShell(command, Self.variables(code, label, context.record.totals), limit: limit) {
            processSignals.load(ordering: .relaxed) != signals
        }
        if let sentence = Self.sentence(ending, limit) { context.logger.warning(sentence) }
    }

    /// Whoever asked the program to stop does not wait for long.
    static func limit(isOverdue: Bool, isInterrupted: Bool) -> Duration {
        isOverdue ? .seconds(10) : isInterrupted ? .seconds(3) : .seconds(60)
    }

    static func variables(_ code: ExitCode, _ label: String?, _ totals: RunTotals) -> [(String, String)] {
        [
            ("USERLOAD_LABEL", label ?? ""), ("USERLOAD_STATE", state(code)), ("USERLOAD_EXIT", "\(code.rawValue)"),
            ("USERLOAD_LINES", "\(totals.lines)"), ("USERLOAD_REJECTED", "\(totals.rejected)"),
            ("USERLOAD_SLUGS", totals.slugs.prefix(mostSlugs).joined(separator: " ")),
        ]
    }

    private static func state(_ code: ExitCode) -> String {
        switch code {
        case .done: "done"
        case .doneWithRejects: "rejects"
        case .incomplete: "incomplete"
        case .interrupted: "interrupted"
        default: "failed"
        }
    }

    /// nil: it did what it should.
    static func sentence(_ ending: ShellEnding, _ limit: Duration) -> String? {
        switch ending {
        case .exit(0): nil
        case .exit(let code): "the command of --on-finish ended with exit code \(code)"
        case .signal(let number): "the command of --on-finish was ended by signal \(number)"
        case .tooLong: "the command of --on-finish did not end within \(spelled(limit)) and was stopped"
        case .stopped: "the command of --on-finish was stopped, because userload was stopped"
        case .notStarted(let reason): "the command of --on-finish could not be started: \(reason)"
        }
    }
}
