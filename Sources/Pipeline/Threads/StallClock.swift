// Time that counts toward a timeout: that in which this process could have seen progress. A process that was stopped
// (SIGSTOP, a suspended laptop) longer than its timeout must not give up in the moment it wakes.

/// A clock that stands still while nobody looks at it: the time between two ticks counts up to `longestStep`.
///
/// Tick it wherever the program waits, at least once a second; compare only what `tick` returned. A step that is cut
/// short still counts as `longestStep`, so a timeout is reached in the end whatever the caller does.
package struct StallClock: Sendable {
    private let longestStep: Duration
    private var lastTick: Duration
    /// What counted so far, since the clock was made.
    package private(set) var elapsed = Duration.zero

    /// - Parameters:
    ///   - now: durations since any fixed moment, as in `tick`.
    ///   - longestStep: more than the longest single wait of the caller, less than its timeout.
    package init(now: Duration, longestStep: Duration = .seconds(1)) {
        lastTick = now
        self.longestStep = longestStep
    }

    /// Looks at the time; returns `elapsed`, which never goes back.
    @discardableResult
    package mutating func tick(_ now: Duration) -> Duration {
        elapsed += min(max(now - lastTick, .zero), longestStep)
        lastTick = max(now, lastTick)
        return elapsed
    }
}
