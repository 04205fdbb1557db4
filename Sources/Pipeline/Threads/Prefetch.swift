// Something asked of a far server before its answer is needed, so that several answers are waited for at once.

import Dispatch
import Synchronization

/// One question, on a thread of its own. The answer is handed over, once, with all that belongs to it.
final class Prefetch<Value>: Sendable {
    /// Unchecked: handed from thread to thread, never shared.
    private struct Box: @unchecked Sendable { let result: Result<Value, any Error> }

    private let box = Mutex<Box?>(nil)
    private let ready = DispatchSemaphore(value: 0)
    private let isTaken = Atomic(false)

    init(_ name: String, _ body: @escaping @Sendable () throws -> Value) {
        _ = startThread(name) { [self] in
            let answer = Box(result: Result { try body() })
            box.withLock { $0 = answer }
            ready.signal()
        }
    }

    /// Waits for the answer; nil: it was taken already, or `isCancelled`.
    func take(isCancelled: () -> Bool) throws -> Value? {
        guard !isTaken.exchange(true, ordering: .relaxed) else { return nil }
        while ready.wait(timeout: .now() + 0.05) != .success {
            if isCancelled() { return nil }
        }
        return try box.withLock { box in
            defer { box = nil }
            return box
        }?.result.get()
    }
}
