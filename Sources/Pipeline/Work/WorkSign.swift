// A worker's signs of life: given by the thread that works itself, so that nobody can give them for a worker that hangs.

import Synchronization

/// Given several times a second while the worker makes progress or waits for what it may wait for.
package struct WorkSign: Equatable, Sendable {
    /// What the logs of our partitions hold that was not taken yet; nil: not known.
    package let behind: Int64?
    /// It was told to stop, and finishes what it has in hand.
    package let isStopping: Bool

    package init(behind: Int64? = nil, isStopping: Bool = false) {
        self.behind = behind
        self.isStopping = isStopping
    }
}

/// When a thread was last seen alive. Any thread.
final class LifeSign: Sendable {
    /// Longer than a loader computes between two looks at its connection, by far.
    static let patience = Duration.seconds(60)

    private let start = ContinuousClock.now
    private let milliseconds = Atomic<Int64>(0)

    func show(at now: ContinuousClock.Instant = .now) { milliseconds.store(elapsed(now), ordering: .relaxed) }

    func isFresh(at now: ContinuousClock.Instant = .now) -> Bool {
        .milliseconds(elapsed(now) - milliseconds.load(ordering: .relaxed)) <= Self.patience
    }

    private func elapsed(_ now: ContinuousClock.Instant) -> Int64 { Int64((now - start).seconds * 1000) }
}
