// How the worker's threads talk: a queue with a lock and a condition, one reader.

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

extension Duration {
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// Runs `body` on a thread of its own; the returned closure waits for its end, or for `limit`.
package func startThread(
    _ name: String, _ body: @escaping @Sendable () -> Void
) -> @Sendable (_ limit: Duration) -> Void {
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
        body()
        done.signal()
    }
    thread.name = name
    thread.stackSize = 1 << 20
    thread.start()
    return { _ = done.wait(timeout: .now() + $0.seconds) }
}
