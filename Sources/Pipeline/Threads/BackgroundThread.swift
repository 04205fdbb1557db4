// A thread of our own, and how to wait for it: never without a limit.

import Foundation

/// Starts `body` on a thread of its own. The returned closure waits until it has ended, at most for the given limit, and
/// says whether it has; a thread that has not is left behind.
package func startThread(
    _ name: String, _ body: @escaping @Sendable () -> Void
) -> @Sendable (_ limit: Duration) -> Bool {
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
        body()
        done.signal()
    }
    thread.name = name
    thread.stackSize = 1 << 20
    thread.start()
    return { limit in
        guard done.wait(timeout: .now() + limit.seconds) == .success else { return false }
        done.signal()  // for whoever asks again
        return true
    }
}

extension Duration {
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
