// What the worker does as time passes: checks, commits for lag tools, giving up, and the end of a drain.

import Kafka
import Log

extension Worker {
    func mindTime() throws {
        let now = ContinuousClock.now
        mindHold(now)
        if let again = locateAgain, now >= again.at {
            locateAgain = nil
            if again.ticket == assignment.ticket {
                let waiting = assignment.partitions.filter { assignment.next($0) == nil }
                perform([.locate(waiting, ticket: again.ticket)])
            }
        }
        if assignment.isReading, now >= nextCheck, !isCheckUnderWay { startCheck() }
        if now >= nextCommit {
            nextCommit = now + .seconds(5)
            commitOffsets()
        }
        sayCaughtUp()
        mindDrain(now)
        // Nothing to read is no stall; a drain has something to wait for.
        if !options.drain, assignmentIsSettled, !postgresOutage.isOn, !kafkaOutage.isOn { lastProgress = now }
        if let limit = options.stallTimeout, now - lastProgress > limit { throw stalled(limit) }
    }

    /// Held up for longer than a rebalance should wait: read nothing, but go on polling.
    private func mindHold(_ now: ContinuousClock.Instant) {
        let isHeld = builders.contains { $0.inFlight >= 2 } && (heldSince != nil || isHeldUp)
        guard isHeld else {
            heldSince = nil
            perform(assignment.resume())
            return
        }
        guard let since = heldSince else {
            heldSince = now
            return
        }
        if now - since > .seconds(5) { perform(assignment.pause()) }
    }

    func commitOffsets() {
        guard !uncommitted.isEmpty else { return }
        consumer.commit(uncommitted.map { ($0.key, $0.value) })
        uncommitted = [:]
    }

    private func sayCaughtUp() {
        guard !saidCaughtUp, !assignment.partitions.isEmpty, assignmentIsSettled else { return }
        saidCaughtUp = true
        tell(
            "caught up: \(summary.inserted) inserted, \(summary.duplicates) duplicates, \(summary.rejected) rejects in this run"
        )
    }

    func stalled(_ limit: Duration) -> PipelineError {
        let waited = "no progress for \(limit.components.seconds) s"
        let consolation = "nothing is lost, the next run goes on"
        if postgresOutage.isOn { return PipelineError.postgres("Postgres is away, \(waited); \(consolation)") }
        if kafkaOutage.isOn { return PipelineError.kafka("Kafka is away, \(waited); \(consolation)") }
        return PipelineError.incomplete("\(waited): other workers own partitions that do not move; \(consolation)")
    }

    // MARK: Drain

    private func mindDrain(_ now: ContinuousClock.Instant) {
        // Beside a push that goes on there may be no moment when nothing is on its way.
        guard let drain, !isDrainCheckUnderWay, now >= nextDrainCheck + (assignmentIsSettled ? .zero : .seconds(1))
        else { return }
        isDrainCheckUnderWay = true
        nextDrainCheck = now + .milliseconds(200)
        control.perform({ tools in
            let positions = try tools.store.positions(drain.partitions)
            let offsets = Dictionary(uniqueKeysWithValues: positions.map { ($0.partition, $0.nextOffset) })
            let behind = drain.behind(offsets)
            // Only what is believed to be all is worth a look at every anchor.
            let replaced = behind.isEmpty ? try tools.locator.replaced(positions) : []
            return DrainCheck(
                behind: behind, moved: positions.reduce(0) { $0 + $1.nextOffset },
                anew: try tools.locator.locate(replaced))
        }) { [mail] in mail.post(.drained($0)) }
    }

    /// Nothing of ours is on its way: the database has all that this worker took.
    private var assignmentIsSettled: Bool {
        builders.allSatisfy { $0.isEmpty && $0.inFlight == 0 }
            && (assignment.partitions.isEmpty || (assignment.isReading && assignment.isAtEnd))
    }

    func drained(_ result: Result<DrainCheck, any Error>) {
        isDrainCheckUnderWay = false
        switch result {
        case .failure(let error): mind(error)
        case .success(let check):
            if drainMoved != check.moved {
                drainMoved = check.moved
                lastProgress = .now
            }
            for location in check.anew {
                location.notes.forEach { log.warning($0) }
                drain?.setTarget(location.position.partition, low: location.low, high: location.high)
                if assignment.owns(location.position.partition) {
                    reset(loader: loader(of: location.position.partition))
                }
            }
            isDrained = check.behind.isEmpty && check.anew.isEmpty
        }
    }
}
