// The wish to stop, set by a signal handler or a command and looked at wherever the program waits.

import Synchronization

/// A flag that goes up once. Reading and setting are async-signal-safe (a lock-free atomic).
package final class Interrupt: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    package var isSet: Bool { flag.load(ordering: .relaxed) }

    package func set() { flag.store(true, ordering: .relaxed) }
}
