// What a quiet run would say, held back until its end: then it is said behind the summary, or not at all.

import CommandLineOptions
import Log
import Synchronization

/// From any thread.
final class HeldLines: Sendable {
    private struct State {
        var lines: [String] = []
        var isNeeded = false
    }

    /// More are not read by anybody.
    private static let most = 1_000
    private let state = Mutex(State())

    /// - Parameter isNeeded: a person must act on it; else it is only said beside what is.
    func add(_ line: String, isNeeded: Bool) {
        state.withLock { state in
            state.isNeeded = state.isNeeded || isNeeded
            if state.lines.count < Self.most, !state.lines.contains(line) { state.lines.append(line) }
        }
    }

    func need() { state.withLock { $0.isNeeded = true } }

    var isNeeded: Bool { state.withLock { $0.isNeeded } }

    func release(_ write: (String) -> Void) {
        let lines = state.withLock { state in
            defer { state.lines = [] }
            return state.lines
        }
        lines.forEach(write)
    }
}

extension Context {
    /// The same, with a log that is held back.
    func holding(_ held: HeldLines) -> Context {
        var context = self
        context.logger = Logger(level: logger.level, format: logger.format, now: now) { held.add($0, isNeeded: false) }
        return context
    }
}

/// How many files of a run came to which end.
struct RunTally: Equatable {
    var files: Int
    var done = 0
    var unchanged = 0

    var trouble: Int { max(0, files - done - unchanged) }

    /// `6 files: 3 loaded, 1 unchanged, 2 with trouble`.
    func summary(_ verb: String) -> String {
        let parts = [(done, verb), (unchanged, "unchanged"), (trouble, "with trouble")]
        return counted(files, "file") + ": "
            + parts.filter { $0.0 > 0 }.map { "\(grouped($0.0)) \($0.1)" }.joined(separator: ", ")
    }
}
