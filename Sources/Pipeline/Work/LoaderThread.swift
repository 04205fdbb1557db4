// One COPY connection and the thread that works on it: takes batches in order, tries each until the database has
// answered for good, and tells the polling thread what came of it.

import Foundation
import Postgres
import Synchronization

/// A loader with its thread. `submit`, `discard` and `stop` are for the polling thread.
package final class LoaderThread: Sendable {
    /// A batch with what the polling thread must know to judge the answer.
    package struct Submission: @unchecked Sendable {
        // Unchecked: a batch has one owner at a time; submitting hands it over, the answer hands it back.
        package let batch: Batch
        package let epoch: UInt64
    }

    package enum Answer: Sendable {
        case committed(Submission)
        /// Somebody else moved a position: all that was built on this epoch is void. With the table that says so.
        case lost(Submission, table: String)
        /// The schema or the key is another one: everything must be read again.
        case schemaChanged(Submission)
        /// The batch was not loaded, because it was discarded or the worker stops.
        case dropped(Submission)
        case failed(PipelineError)
        /// Postgres refused the words that describe a job; it is loaded without them.
        case descriptionRefused(RefusedDescription)
        /// A deadlock or a serialization failure ended so many tries of a batch in a row; sent with each of them.
        case conflict(tries: Int, reason: String)
        /// The server is away; sent with every try that failed.
        case away(String)
        case back
    }

    private let index: Int
    private let inbox = Mailbox<Submission>()
    private let answer: @Sendable (Int, Answer) -> Void
    private let epoch = Atomic<UInt64>(0)
    private let stopping = Interrupt()
    private let join = Mutex<(@Sendable (Duration) -> Bool)?>(nil)

    /// - Parameter answer: called on this thread.
    package init(
        index: Int, makeLoader: @escaping @Sendable () -> Loader, answer: @escaping @Sendable (Int, Answer) -> Void
    ) {
        self.index = index
        self.answer = answer
        let joiner = startThread("loader \(index)") { [self] in
            let loader = makeLoader()
            loader.connect()
            while let submission = inbox.next() { load(submission, with: loader) }
            loader.close()
        }
        join.withLock { $0 = joiner }
    }

    package func submit(_ batch: Batch, epoch: UInt64) { inbox.post(Submission(batch: batch, epoch: epoch)) }

    /// Batches of earlier epochs are void: those waiting are not begun, one that is being retried is given up.
    package func discard(before epoch: UInt64) { self.epoch.store(epoch, ordering: .releasing) }

    /// Retry nothing any more; a batch in hand gets its one answer.
    package func stop() {
        stopping.set()
        inbox.close()
    }

    /// Whether the thread has ended, at the latest after `limit`; one that still waits for the server is left behind.
    package func waitForEnd(limit: Duration) -> Bool { join.withLock { $0 }?(limit) ?? true }

    private func isVoid(_ submission: Submission) -> Bool { submission.epoch < epoch.load(ordering: .acquiring) }

    private func load(_ submission: Submission, with loader: Loader) {
        var backoff = Backoff()
        var wasAway = false
        var conflicts = 0
        while true {
            if isVoid(submission) || (stopping.isSet && wasAway) { return answer(index, .dropped(submission)) }
            let outcome = loader.load(submission.batch)
            for refused in loader.refusedDescriptions { answer(index, .descriptionRefused(refused)) }
            loader.refusedDescriptions = []
            switch outcome {
            case .committed:
                if wasAway { answer(index, .back) }
                return answer(index, .committed(submission))
            case .schemaChanged:
                return answer(index, .schemaChanged(submission))
            case .lostSwap(let table):
                if wasAway { answer(index, .back) }
                epoch.max(submission.epoch + 1, ordering: .releasing)
                return answer(index, .lost(submission, table: table))
            case .retry(let error):
                // A deadlock or a serialization failure is not an outage: the batch is simply tried again.
                if error.sqlstate?.classCode == "40" {
                    conflicts += 1
                    answer(index, .conflict(tries: conflicts, reason: sentence(error)))
                } else {
                    conflicts = 0
                    wasAway = true
                    // One that was broken off by us is not away.
                    if error.kind != .interrupted { answer(index, .away(sentence(error))) }
                }
                pause(backoff.next(), unless: submission)
            case .fatal(let failure), .refused(let failure):
                return answer(index, .failed(failure))
            }
        }
    }

    private func pause(_ duration: Duration, unless submission: Submission) {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end, !stopping.isSet, !isVoid(submission) {
            Thread.sleep(forTimeInterval: 0.02)
        }
    }
}
