// A queue between threads, with one reader.

import Dispatch
import Synchronization

/// A first-in, first-out queue; unbounded, so whoever posts bounds it. Waits by a clock that is never set.
///
/// Every method may be called from any thread; one thread takes, always by the same method.
package final class Mailbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    /// Signalled once for every item, and at the end.
    private let signals = DispatchSemaphore(value: 0)

    package init() {}

    package func post(_ item: Item) {
        state.withLock { $0.items.append(item) }
        signals.signal()
    }

    /// All that has come; an empty list after `wait` without any, or at once without `wait`.
    package func takeAll(wait: Duration = .zero) -> [Item] {
        if wait > .zero, state.withLock({ $0.items.isEmpty && !$0.isClosed }) {
            _ = signals.wait(timeout: .now() + wait.seconds)
        }
        let all = state.withLock { state in
            defer { state.items = [] }
            return state.items
        }
        // Their signals would only wake a later wait for nothing.
        for _ in all { _ = signals.wait(timeout: .now()) }
        return all
    }

    /// The next one; nil once the mailbox is closed and empty. Waits for as long as it is open.
    package func next() -> Item? {
        while true {
            let (item, isClosed): (Item?, Bool) = state.withLock { state in
                (state.items.isEmpty ? nil : state.items.removeFirst(), state.isClosed)
            }
            if item != nil || isClosed { return item }
            signals.wait()
        }
    }

    /// No more will come.
    package func close() {
        state.withLock { $0.isClosed = true }
        signals.signal()
    }
}
