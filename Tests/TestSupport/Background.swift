// Doing two things at once in a test, and waiting for what is to come instead of sleeping.

internal import Foundation

/// Work on a thread of its own. `result` waits for it, a minute at most.
package final class Background<Result>: @unchecked Sendable {
    // Unchecked: the work runs on one thread, and its result is read after the semaphore says it ended.
    private let work: () -> Result
    private let done = DispatchSemaphore(value: 0)
    private var value: Result?

    package init(_ work: @escaping () -> Result) { self.work = work }

    package func start() {
        Thread.detachNewThread { [self] in
            value = work()
            done.signal()
        }
    }

    package var result: Result {
        guard done.wait(timeout: .now() + 60) == .success else { fatalError("nothing came within a minute") }
        done.signal()
        return value!
    }
}

/// Asks again and again until `condition` holds; throws after a minute.
package func waitUntil(_ condition: () throws -> Bool) throws {
    let end = Date(timeIntervalSinceNow: 60)
    while (try? condition()) != true {
        guard Date() < end else { throw TestSupportError("a condition did not come true within a minute") }
        Thread.sleep(forTimeInterval: 0.01)
    }
}

/// Runs `body` on a thread of its own, which nobody waits for.
func startDetachedThread(_ body: @escaping @Sendable () -> Void) { Thread.detachNewThread(body) }
