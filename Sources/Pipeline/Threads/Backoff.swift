// Pauses between tries.

/// 100 ms, doubled up to 5 s. A value.
package struct Backoff: Sendable {
    private var pause = Duration.milliseconds(100)

    package init() {}

    package mutating func next() -> Duration {
        defer { pause = min(pause * 2, .seconds(5)) }
        return pause
    }

    package mutating func reset() { pause = .milliseconds(100) }
}
