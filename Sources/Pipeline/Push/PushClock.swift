// The time of a push: what it has run, without the time in which the process was stopped.

/// One thread looks at it, at least once a second while it waits.
final class PushClock {
    private let start = ContinuousClock.now
    private var clock = StallClock(now: .zero)

    var now: Duration { clock.tick(start.duration(to: .now)) }
}
