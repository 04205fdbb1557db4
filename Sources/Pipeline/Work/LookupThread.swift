// The worker's second thread: everything that must not hold up polling for long – positions, progress, anchors,
// job states – asked on a connection and a reader of its own.

import Foundation
import Kafka
import Postgres
import Records
import Synchronization

/// A serial queue with a database connection and a Kafka reader. `perform` and `ask` are for any thread.
final class LookupThread: Sendable {
    /// What a task works with. Lives on the control thread.
    final class Tools {
        let connection: Connection
        let store: PositionStore
        let locator: PositionResolver

        init(_ connection: Connection, _ store: PositionStore, _ locator: PositionResolver) {
            self.connection = connection
            self.store = store
            self.locator = locator
        }
    }

    private struct Task: Sendable {
        let run: @Sendable (Result<Tools, any Error>) -> Void
    }

    private static let patience = Duration.seconds(30)

    private let tasks = Mailbox<Task>()
    private let join = Mutex<(@Sendable (Duration) -> Void)?>(nil)

    /// - Parameters:
    ///   - open: makes the tools, on the control thread; tried again for each task after a failure.
    init(open: @escaping @Sendable () throws -> Tools) {
        let joiner = startThread("control") { [tasks] in
            var tools: Tools?
            while let task = tasks.next() {
                let result = Result<Tools, any Error> {
                    if let tools, !tools.connection.isBroken { return tools }
                    tools = nil
                    let fresh = try open()
                    tools = fresh
                    return fresh
                }
                task.run(result)
            }
            tools?.connection.close()
        }
        join.withLock { $0 = joiner }
    }

    /// Runs `body` when its turn comes, and hands its result to `done`, on the control thread.
    func perform<T: Sendable>(
        _ body: @escaping @Sendable (Tools) throws -> T, done: @escaping @Sendable (Result<T, any Error>) -> Void
    ) {
        tasks.post(Task { tools in done(Result { try body(tools.get()) }) })
    }

    /// Runs `body` and waits for it: not for ever, the polling thread must go on polling.
    func ask<T: Sendable>(_ body: @escaping @Sendable (Tools) throws -> T) throws -> T {
        let box = Mutex<Result<T, any Error>?>(nil)
        let ready = DispatchSemaphore(value: 0)
        perform(body) { result in
            box.withLock { $0 = result }
            ready.signal()
        }
        guard ready.wait(timeout: .now() + Self.patience.seconds) == .success, let result = box.withLock({ $0 }) else {
            throw PostgresError(kind: .connection, message: "no answer for \(Self.patience.components.seconds) s")
        }
        return try result.get()
    }

    func stop() { tasks.close() }

    func waitForEnd(limit: Duration) { join.withLock { $0 }?(limit) }
}
