// What the worker does with answers of its other threads, with errors, and as time passes.

import Foundation
import Kafka
import Log
import Postgres
import Records

extension Worker {
    func handle(_ event: Event) {
        switch event {
        case .loader(let index, let answer): handle(answer, of: index)
        case .located(let ticket, let result): located(ticket, result)
        case .checked(let ticket, let began, let result): checked(ticket, began, result)
        case .drained(let result): drained(result)
        case .ended(let result): ended(result)
        }
    }

    // MARK: Loaders

    private func handle(_ answer: LoaderThread.Answer, of index: Int) {
        let builder = builders[index]
        switch answer {
        case .committed(let work):
            builder.inFlight -= 1
            lastProgress = .now
            mindPostgresIsBack()
            count(work.batch)
            for step in work.batch.partitions {
                uncommitted[step.partition] = step.nextOffset
                if work.epoch == builder.epoch, let state = states[Int(step.partition)],
                    let index = state.expected.firstIndex(of: step.nextOffset)
                {
                    state.expected.removeFirst(index)
                }
            }
            askForEnds(work.batch)
            recycle(work.batch)
        case .lost(let work):
            builder.inFlight -= 1
            log.debug("loader \(index): positions were moved by somebody else; reading them again")
            if work.epoch == builder.epoch { reset(loader: index) }
            recycle(work.batch)
        case .schemaChanged(let work):
            builder.inFlight -= 1
            recycle(work.batch)
            mustRestart = true
        case .dropped(let work):
            builder.inFlight -= 1
            recycle(work.batch)
        case .failed(let failure):
            builder.inFlight -= 1
            self.failure = failure
        case .away(let reason):
            say(postgresOutage.isAway(reason, at: .now))
        case .back:
            mindPostgresIsBack()
        }
    }

    private func count(_ batch: Batch) {
        var inserted = 0
        var duplicates = 0
        var rejected = 0
        for step in batch.progress {
            inserted += step.inserted
            duplicates += step.duplicates
            rejected += step.rejected
        }
        summary.inserted += inserted
        summary.duplicates += duplicates
        summary.rejected += rejected
        log.debug(
            "batch: \(inserted) inserted, \(duplicates) duplicates, \(rejected) rejects",
            [("partitions", "\(batch.partitions.count)")])
    }

    private func recycle(_ batch: Batch) {
        batch.reset()
        if spare.count < options.connections { spare.append(batch) }
    }

    /// A job may have ended with this batch: ask the database, which sees all partitions.
    private func askForEnds(_ batch: Batch) {
        let jobs = Set(batch.progress.filter { $0.end != nil }.map(\.job)).subtracting(saidEnded)
        guard !jobs.isEmpty else { return }
        control.perform({ try JobReader($0.connection).statuses(Array(jobs)) }) { [mail] in mail.post(.ended($0)) }
    }

    private func ended(_ result: Result<[JobStatus], any Error>) {
        guard let statuses = try? result.get() else { return }
        for status in statuses where status.state == .completed || status.state == .inconsistent {
            guard saidEnded.insert(status.id).inserted else { continue }
            let counts = """
                \(status.lines.grouped) lines = \(status.inserted.grouped) inserted + \(status.updated.grouped) updated + \
                \(status.duplicates.grouped) duplicates + \(status.rejected.grouped) rejected
                """
            switch status.state {
            case .completed: tell("job \(status.slug) completed: \(counts)", [("job", status.slug)])
            default: log.warning("job \(status.slug) is inconsistent: \(counts)", [("job", status.slug)])
            }
        }
    }

    // MARK: Positions

    private func located(_ ticket: UInt64, _ result: Result<[Location], any Error>) {
        guard ticket == assignment.ticket else { return }
        switch result {
        case .failure(let error):
            mind(error)
            locateAgain = (.now + locateBackoff.next(), ticket)
        case .success(let locations):
            locateBackoff.reset()
            mindPostgresIsBack()
            mindKafkaIsBack()
            lastProgress = .now
            for location in locations {
                location.notes.forEach { log.warning($0) }
                if location.isNewGeneration {
                    drain?.setTarget(location.position.partition, low: location.low, high: location.high)
                }
                let partition = location.position.partition
                guard assignment.owns(partition) else { continue }
                states[Int(partition)] = PartitionState(location.position, loader: loader(of: partition))
                perform(assignment.located(partition, next: location.next, ticket: ticket))
            }
        }
    }

    /// Every 10 s: is each row what we think, and each anchor's message still there?
    private func startCheck() {
        var began: [Int32: Expectation] = [:]
        for case let state? in states {
            began[state.partition] = Expectation(
                generation: state.generation, offsets: state.expected, candidate: state.candidate)
        }
        guard !began.isEmpty else { return }
        isCheckUnderWay = true
        let partitions = began.keys.sorted()
        let ticket = assignment.ticket
        control.perform({ tools in
            let positions = try tools.store.positions(partitions)
            return Check(positions: positions, replaced: try tools.locator.replaced(positions))
        }) { [mail, began] in mail.post(.checked(ticket: ticket, began: began, $0)) }
    }

    private func checked(_ ticket: UInt64, _ began: [Int32: Expectation], _ result: Result<Check, any Error>) {
        isCheckUnderWay = false
        nextCheck = .now + .seconds(10)
        let check: Check
        switch result {
        case .failure(let error): return mind(error)
        case .success(let value): check = value
        }
        mindKafkaIsBack()
        guard ticket == assignment.ticket else { return }
        var lost: Set<Int> = []
        for position in check.positions {
            guard let state = states[Int(position.partition)], let before = began[position.partition] else { continue }
            let isKnown =
                position.generation == state.generation
                && (before.offsets.contains(position.nextOffset) || state.expected.contains(position.nextOffset))
            if !isKnown || check.replaced.contains(position.partition) {
                log.debug("\(options.topic)/\(position.partition) is not where we left it; reading its position again")
                lost.insert(state.loader)
            } else if let candidate = before.candidate, state.candidate == candidate {
                promote(candidate, of: state, position)
            }
        }
        for index in lost { reset(loader: index) }
    }

    /// A message taken before a look that found all well is the new anchor.
    private func promote(_ candidate: Anchor, of state: PartitionState, _ position: Position) {
        state.candidate = nil
        let builder = builders[state.loader]
        let isIdle = state.expected.count == 1 && state.batchSerial != builder.serial
        guard isIdle else {
            if state.newAnchor == nil { state.newAnchor = candidate }
            return
        }
        control.perform({ try $0.store.moveAnchor(position, to: candidate) }) { _ in }
        state.anchor = candidate
    }

    // MARK: Time

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
        guard !saidCaughtUp, assignment.isReading, !assignment.partitions.isEmpty, assignment.isAtEnd,
            builders.allSatisfy({ $0.isEmpty && $0.inFlight == 0 })
        else { return }
        saidCaughtUp = true
        tell(
            "caught up: \(summary.inserted) inserted, \(summary.duplicates) duplicates, \(summary.rejected) rejects in this run"
        )
    }

    func stalled(_ limit: Duration) -> WorkFailure {
        let waited = "no progress for \(limit.components.seconds) s"
        let consolation = "nothing is lost, the next run goes on"
        if postgresOutage.isOn { return WorkFailure(.postgres, "Postgres is away, \(waited); \(consolation)") }
        if kafkaOutage.isOn { return WorkFailure(.kafka, "Kafka is away, \(waited); \(consolation)") }
        return WorkFailure(.incomplete, "\(waited): other workers own partitions that do not move; \(consolation)")
    }

    // MARK: Drain

    private func mindDrain(_ now: ContinuousClock.Instant) {
        guard let drain, !isDrainCheckUnderWay, now >= nextDrainCheck, assignmentIsSettled else { return }
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

    private func drained(_ result: Result<DrainCheck, any Error>) {
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

    // MARK: Trouble

    /// What a service says and a command with a worker inside does not.
    func tell(_ sentence: String, _ fields: [(String, String)] = []) {
        log.log(options.isEmbedded ? .debug : .info, sentence, fields)
    }

    func say(_ sentence: String?) {
        if let sentence { log.warning(sentence) }
    }

    func mindPostgresIsBack() { say(postgresOutage.isBack(at: .now)) }
    func mindKafkaIsBack() { say(kafkaOutage.isBack(at: .now)) }

    /// An error of the control thread's work: of either server, fatal or passing.
    func mind(_ error: any Error) {
        switch error {
        case let error as WorkFailure: failure = error
        case let error as KafkaError: handle(error, nil)
        default: mindPostgres(error)
        }
    }

    func mindPostgres(_ error: any Error) {
        if let fatal = fatalFailure(error) {
            failure = fatal
        } else {
            say(postgresOutage.isAway(sentence(error), at: .now))
        }
    }

    func handle(_ error: KafkaError, _ partition: Int32?) {
        if let fatal = fatalFailure(error) {
            failure = fatal
        } else if error.code == .autoOffsetReset || error.code == .offsetOutOfRange, let partition {
            if assignment.owns(partition), assignment.next(partition) != nil { reset(loader: loader(of: partition)) }
        } else if ![.maxPollExceeded, .notLeader, .leaderNotAvailable].contains(error.code) {
            say(kafkaOutage.isAway(error.message, at: .now))
        }
    }
}
