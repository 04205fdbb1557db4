// Tests that wait for servers and programs: more of them at a time than the machine has cores.

internal import Foundation
internal import Synchronization
package import Testing

extension Trait where Self == Waiting {
    /// For tests and suites that wait for a server or a program.
    package static var waiting: Self { Waiting() }
}

/// Runs tests on threads of their own, twice as many at a time as there are cores. The pool of Swift's tasks has one thread
/// per core, and a test that waits holds up the thread it runs on.
package struct Waiting: SuiteTrait, TestTrait, TestScoping {
    package let isRecursive = true

    package func provideScope(
        for _: Test, testCase _: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(WaitingThreads.shared, operation: function)
    }
}

private final class WaitingThreads: TaskExecutor {
    static let shared = WaitingThreads()

    private let jobs = Mutex<[UnownedJob]>([])
    private let waiting = DispatchSemaphore(value: 0)

    private init() {
        for _ in 0..<2 * ProcessInfo.processInfo.activeProcessorCount {
            let thread = Thread { [self] in while true { runNext() } }
            // What tasks get; a new thread has 512 KiB.
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    private func runNext() {
        waiting.wait()
        jobs.withLock { $0.removeFirst() }.runSynchronously(on: asUnownedTaskExecutor())
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        waiting.signal()
    }
}
