// --timeout: an upper bound of a whole command, however it progresses.

import CommandLineOptions
import Pipeline

enum RunTimeout {
    private static let range = Duration.seconds(1)...Duration.seconds(366 * 86_400)

    static let load = Option.duration(
        "timeout", in: range,
        help: "Stop after this long, whatever is left, with exit code 3; the same command resumes.")
    static let drain = Option.duration(
        "timeout", in: range,
        help: "With --drain: stop after this long, however far it is, with exit code 3; the next run resumes.")
}

extension Context {
    /// - Throws: `Failure` (usage): a service ends only when it is told to.
    func checkDrainOnly(_ arguments: ParsedArguments, isDrain: Bool) throws {
        guard !isDrain else { return }
        let option =
            arguments[RunTimeout.drain] != nil
            ? RunTimeout.drain.definition : arguments[OnFinish.option] != nil ? OnFinish.option.definition : nil
        guard let option else { return }
        throw Failure(.usage, "\(option.spelling) needs --drain: without it work runs until it is stopped")
    }

    /// From now on. It stops as by SIGTERM, which takes some seconds at most.
    func stop(after timeout: Duration?) { if let timeout { setAlarm(after: timeout) } }

    /// The same code, if it was not --timeout that interrupted.
    func code(_ code: ExitCode) -> ExitCode { code == .interrupted && timeout.isSet ? .incomplete : code }

    /// Why it was: `interrupted`, or `stopped after 5m`.
    func stoppedWord(_ limit: Duration?) -> String {
        timeout.isSet ? "stopped after \(limit.map(spelled) ?? "its time")" : "interrupted"
    }
}
