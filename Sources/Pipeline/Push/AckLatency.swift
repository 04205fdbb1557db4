// How far away the brokers are: the shortest time that a message took from the window into the log.

/// A value. Looks at one message at a time, so that it costs nothing per record.
package struct AckLatency {
    /// Above it the window is widened: what a window of the standard size lets through falls with the distance.
    static let far = Duration.milliseconds(30)
    /// A single slow answer says nothing.
    static let needed = 3

    private var probe: (number: Int, at: Duration)?
    private var samples = 0
    private var shortest = Duration.seconds(1_000_000)

    package init() {}

    /// To be called whenever reports were taken.
    package mutating func look(_ window: SendWindow, now: Duration) {
        if let (number, at) = probe {
            guard window.isAcknowledged(number) else { return }
            samples += 1
            shortest = min(shortest, now - at)
        }
        probe = window.isEmpty ? nil : (window.end - 1, now)
    }

    /// A message that was not acknowledged will be sent again: its time says nothing.
    package mutating func sessionEnded() { probe = nil }

    package var isFar: Bool { samples >= Self.needed && shortest > Self.far }
}
