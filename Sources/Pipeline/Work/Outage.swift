// A server that does not answer: what is worth an event, so that a person hears of it once and then once a minute.

/// One server's absence. A value; time is handed in.
package struct Outage: Sendable {
    package enum News: Equatable, Sendable {
        case began
        /// It has lasted so long; once a minute.
        case lasts(Duration)
        case ended(after: Duration)
    }

    private var since: ContinuousClock.Instant?
    private var lastTold: ContinuousClock.Instant?

    package init() {}

    package var isOn: Bool { since != nil }

    /// It is (still) away.
    package mutating func isAway(at now: ContinuousClock.Instant) -> News? {
        guard let since, let told = lastTold else {
            self.since = now
            lastTold = now
            return .began
        }
        guard now - told >= .seconds(60) else { return nil }
        lastTold = now
        return .lasts(now - since)
    }

    /// It answers.
    package mutating func isBack(at now: ContinuousClock.Instant) -> News? {
        guard let since else { return nil }
        self.since = nil
        return .ended(after: now - since)
    }
}
