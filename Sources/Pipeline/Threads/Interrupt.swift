// The wish to stop, set by a signal handler or a command and looked at wherever the program waits.

import Synchronization

/// A flag that goes up once, by itself or with its parent. Reading and setting are async-signal-safe (a lock-free
/// atomic).
package final class Interrupt: Sendable {
    private let flag = Atomic<Bool>(false)
    private let parent: Interrupt?

    /// - Parameter parent: when it is set, this one counts as set, too.
    package init(parent: Interrupt? = nil) { self.parent = parent }

    package var isSet: Bool { flag.load(ordering: .relaxed) || parent?.isSet == true }

    package func set() { flag.store(true, ordering: .relaxed) }
}
