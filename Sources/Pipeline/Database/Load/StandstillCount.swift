// Who has stood still for how many looks: the decision of the watch for stopped workers.

/// What was seen of other sessions, look by look. A value.
package struct StandstillCount: Sendable {
    package struct Session {
        let pid: Int
        /// What changes when it does anything.
        let state: String
        /// So many in a row at one state are enough.
        let looks: Int

        package init(pid: Int, state: String, looks: Int) {
            self.pid = pid
            self.state = state
            self.looks = looks
        }
    }

    private var seen: [Int: (state: String, looks: Int)] = [:]

    package init() {}

    /// A look at all blockers.
    /// - Returns: those that have been seen in one state often enough; they are forgotten.
    package mutating func look(at sessions: [Session]) -> [Int] {
        var now: [Int: (state: String, looks: Int)] = [:]
        var stopped: [Int] = []
        for session in sessions {
            let before = seen[session.pid].flatMap { $0.state == session.state ? $0.looks : nil } ?? 0
            if before + 1 >= session.looks {
                stopped.append(session.pid)
            } else {
                now[session.pid] = (session.state, before + 1)
            }
        }
        seen = now
        return stopped
    }

    package mutating func forget() { seen = [:] }
}
