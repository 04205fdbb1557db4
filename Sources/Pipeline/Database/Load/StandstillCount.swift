// Who has stood still for how many looks: the decision of the watch for stopped workers.

/// What was seen of other sessions, look by look. A value.
package struct StandstillCount: Sendable {
    private var seen: [Int: (state: String, looks: Int)] = [:]

    package init() {}

    /// A look at all blockers.
    /// - Parameter sessions: process ids, each with what changes when the session does anything.
    /// - Returns: those that have been seen in one state `looks` times in a row; they are forgotten.
    package mutating func look(at sessions: [(pid: Int, state: String)], looks: Int) -> [Int] {
        var now: [Int: (state: String, looks: Int)] = [:]
        var stopped: [Int] = []
        for (pid, state) in sessions {
            let before = seen[pid].flatMap { $0.state == state ? $0.looks : nil } ?? 0
            if before + 1 >= looks { stopped.append(pid) } else { now[pid] = (state, before + 1) }
        }
        seen = now
        return stopped
    }

    package mutating func forget() { seen = [:] }
}
