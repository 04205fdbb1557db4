// A queue between threads, with one reader.

import Foundation

/// A first-in, first-out queue between threads; unbounded, so whoever posts bounds it.
///
/// Every method may be called from any thread.
package final class Mailbox<Item: Sendable>: @unchecked Sendable {
    // Unchecked: `items` and `isClosed` are touched under `condition` only.
    private let condition = NSCondition()
    private var items: [Item] = []
    private var isClosed = false

    package init() {}

    package func post(_ item: Item) {
        condition.lock()
        items.append(item)
        condition.signal()
        condition.unlock()
    }

    /// All that has come; an empty list after `wait` without any, or at once without `wait`.
    package func takeAll(wait: Duration = .zero) -> [Item] {
        condition.lock()
        defer { condition.unlock() }
        if items.isEmpty, !isClosed, wait > .zero {
            _ = condition.wait(until: Date(timeIntervalSinceNow: wait.seconds))
        }
        let all = items
        items.removeAll(keepingCapacity: true)
        return all
    }

    /// The next one; nil once the mailbox is closed and empty.
    package func next() -> Item? {
        condition.lock()
        defer { condition.unlock() }
        while items.isEmpty, !isClosed { condition.wait() }
        return items.isEmpty ? nil : items.removeFirst()
    }

    /// No more will come.
    package func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }
}
