// Several blocking pieces of work at once: each on a thread of its own, because connections block, and the pool that
// runs tests has only as many threads as the machine has cores.

import Foundation
import Synchronization

final class Threads: Sendable {
    private let left: Mutex<Int>
    private let failure = Mutex<(any Error)?>(nil)

    init(_ bodies: [() throws -> Void]) throws {
        left = Mutex(bodies.count)
        for body in bodies {
            // Handed over whole: nobody else touches it.
            nonisolated(unsafe) let body = body
            Thread.detachNewThread { [self] in
                do {
                    try body()
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                }
                left.withLock { $0 -= 1 }
            }
        }
    }

    var areRunning: Bool { left.withLock { $0 > 0 } }

    /// The first error of any of them.
    func rethrow() throws {
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
