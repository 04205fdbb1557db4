// Trouble that passes by itself, told to a person: once when it begins, then once a minute how long, and when it ends.

/// One server's absence. A value; time is handed in.
package struct Outage: Sendable {
    private var since: ContinuousClock.Instant?
    private var lastSaid: ContinuousClock.Instant?
    private let name: String

    /// `name`: how sentences call the server, such as "Postgres".
    package init(_ name: String) { self.name = name }

    package var isOn: Bool { since != nil }

    /// It is (still) away. A sentence when one is due.
    package mutating func isAway(_ reason: String, at now: ContinuousClock.Instant) -> String? {
        guard let since else {
            self.since = now
            lastSaid = now
            return "\(name) is away: \(reason); trying again"
        }
        guard let said = lastSaid, now - said >= .seconds(60) else { return nil }
        lastSaid = now
        return "\(name) has been away for \((now - since).minutes) min: \(reason); trying again"
    }

    /// It answers. A sentence if it had been away.
    package mutating func isBack(at now: ContinuousClock.Instant) -> String? {
        guard let since else { return nil }
        self.since = nil
        return "\(name) is back after \((now - since).components.seconds) s"
    }
}

extension Duration {
    fileprivate var minutes: Int64 { components.seconds / 60 }
}

/// Pauses between tries: 100 ms, doubled up to 5 s.
package struct Backoff: Sendable {
    private var pause = Duration.milliseconds(100)

    package init() {}

    package mutating func next() -> Duration {
        defer { pause = min(pause * 2, .seconds(5)) }
        return pause
    }

    package mutating func reset() { pause = .milliseconds(100) }
}
