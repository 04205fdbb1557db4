// The worker's second thread: everything that must not hold up polling for long – positions, progress, anchors, job
// states, the topic's partitions – asked on a connection and Kafka handles of its own.

import Foundation
import Kafka
import Postgres
import Records
import Synchronization

/// A serial queue with a database connection and Kafka handles. `perform` and `ask` are for any thread.
final class LookupThread: Sendable {
    /// What a task works with. Lives on the lookup thread.
    final class Tools {
        let connection: Connection
        let positions: PositionStore
        let resolver: PositionResolver
        let lease: HandReaderLease

        init(
            _ connection: Connection, _ positions: PositionStore, _ resolver: PositionResolver,
            _ lease: HandReaderLease
        ) {
            self.connection = connection
            self.positions = positions
            self.resolver = resolver
            self.lease = lease
        }

        func close() {
            lease.release()
            resolver.close()
            connection.close()
        }
    }

    private struct Task: Sendable {
        let run: @Sendable (Result<Tools, any Error>) -> Void
    }

    private let tasks = Mailbox<Task>()
    private let join = Mutex<(@Sendable (Duration) -> Bool)?>(nil)
    private let interrupt: Interrupt
    private let patience: Duration

    /// - Parameters:
    ///   - interrupt: when it is set, nobody waits for an answer any more.
    ///   - opening: makes the tools; tried again for each task after a failure.
    ///   - patience: how long `ask` waits for an answer.
    init(_ opening: LookupOpening, interrupt: Interrupt, patience: Duration) {
        self.interrupt = interrupt
        self.patience = patience
        let joiner = startThread("lookup") { [tasks] in
            var tools: Tools?
            var isFirst = true
            while let task = tasks.next() {
                let result = Result<Tools, any Error> {
                    if let tools, !tools.connection.isBroken, !tools.resolver.isStuck { return tools }
                    tools?.close()
                    tools = nil
                    defer { isFirst = false }
                    let opened = try opening.make(isFirst: isFirst)
                    tools = opened
                    return opened
                }
                task.run(result)
            }
            tools?.close()
        }
        join.withLock { $0 = joiner }
    }

    /// Runs `body` when its turn comes, and hands its result to `done`, on the lookup thread.
    func perform<T: Sendable>(
        _ body: @escaping @Sendable (Tools) throws -> T, done: @escaping @Sendable (Result<T, any Error>) -> Void
    ) {
        tasks.post(Task { tools in done(Result { try body(tools.get()) }) })
    }

    /// Runs `body` and waits for it, at most `patience`: the polling thread must go on polling.
    /// - Throws: what `body` throws; `PipelineError.interrupted`; a connection error when there was no answer.
    func ask<T: Sendable>(_ body: @escaping @Sendable (Tools) throws -> T) throws -> T {
        let box = Mutex<Result<T, any Error>?>(nil)
        let ready = DispatchSemaphore(value: 0)
        perform(body) { result in
            box.withLock { $0 = result }
            ready.signal()
        }
        let end = ContinuousClock.now + patience
        while ready.wait(timeout: .now() + 0.05) != .success {
            if interrupt.isSet { throw PipelineError.interrupted }
            if ContinuousClock.now >= end {
                throw PostgresError(kind: .connection, message: "no answer for \(patience.components.seconds) s")
            }
        }
        guard let result = box.withLock({ $0 }) else { throw PipelineError.interrupted }
        return try result.get()
    }

    func stop() { tasks.close() }

    /// Whether the thread has ended, at the latest after `limit`; one that still waits for a server is left behind.
    func waitForEnd(limit: Duration) -> Bool { join.withLock { $0 }?(limit) ?? true }
}
