// Whether nothing has moved for too long.

/// A value; `limit` nil: never. Time in which the process was stopped does not count.
struct StallTimer {
    private let limit: Duration?
    private let start: ContinuousClock.Instant
    private var clock: StallClock
    private var progressAt = Duration.zero

    init(limit: Duration?, now: ContinuousClock.Instant) {
        self.limit = limit
        start = now
        // Longer than any single wait of ours, and so short that waking up never is the end by itself.
        clock = StallClock(now: .zero, longestStep: min(.seconds(10), (limit ?? .seconds(20)) / 2))
    }

    mutating func progressed() { progressAt = clock.elapsed }

    /// Call it at least once a second. The limit once it is reached.
    mutating func exceeded(at now: ContinuousClock.Instant) -> Duration? {
        let elapsed = clock.tick(now - start)
        guard let limit, elapsed - progressAt > limit else { return nil }
        return limit
    }
}
