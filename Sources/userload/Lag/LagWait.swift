// Waiting until nothing is behind: when it ends.

import Pipeline

/// A value; time is handed in.
struct LagWait {
    enum Decision: Equatable {
        case wait
        case done
        case timedOut
        /// Nothing was read, or nobody answered, for the stall timeout.
        case stalled
    }

    let timeout: Duration?
    let stall: Duration
    private let start: Duration
    private var clock: StallClock
    private var movedAt = Duration.zero
    private var positions: [Int64?]?

    init(timeout: Duration?, stall: Duration, now: Duration) {
        self.timeout = timeout
        self.stall = stall
        start = now
        // Time in which this process was stopped is no stall.
        clock = StallClock(now: now, longestStep: min(.seconds(15), stall / 2))
    }

    /// - Parameter lag: nil: a server did not answer.
    mutating func decide(_ lag: Lag?, at now: Duration) -> Decision {
        let elapsed = clock.tick(now)
        if let lag {
            if lag.behind == 0 { return .done }
            let seen = lag.partitions.map(\.position)
            if seen != positions { movedAt = elapsed }
            positions = seen
        }
        if let timeout, now - start >= timeout { return .timedOut }
        return elapsed - movedAt >= stall ? .stalled : .wait
    }
}
