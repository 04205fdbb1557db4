// What a session does with the answers of its other threads: batches loaded, positions found, anchors looked at.

import Kafka
import Records

extension WorkSession {
    enum Answer: Sendable {
        case loader(Int, LoaderThread.Answer)
        case resolved(ticket: UInt64, Result<Resolution, any Error>)
        case checked(ticket: UInt64, before: [Int32: PositionExpectation], Result<Looked, any Error>)
        case drained(Result<DrainLook, any Error>)
        case ended(Result<[JobStatus], any Error>)
        case partitions(Result<Int?, any Error>)
        /// Consumers of the group, where we own nothing.
        case members(ticket: UInt64, Int?)
        case handLooked(Result<HandLook, any Error>)
        case probed(Int32, Result<BatchSearch.Answer, any Error>)
    }

    /// Rows, and which of their anchors were not found.
    struct Looked: Sendable {
        var positions: [Position]
        var replaced: [Int32]
    }

    struct DrainLook: Sendable {
        var locations: [Location]
        var replaced: Resolution
    }

    func handle(_ answer: Answer) {
        switch answer {
        case .loader(let index, let answer): handle(answer, of: lanes[index])
        case .resolved(let ticket, let result): resolved(ticket, result)
        case .checked(let ticket, let before, let result): checked(ticket, before, result)
        case .drained(let result): drained(result)
        case .ended(let result): ended(result)
        case .partitions(let result): counted(result)
        case .members(let ticket, let count):
            if ticket == assignment.ticket { report(.owns(0, of: schedule.partitions, consumers: count)) }
        case .handLooked(let result): handLooked(result)
        case .probed(let partition, let result): probed(partition, result)
        }
    }

    // MARK: Loaders

    private func handle(_ answer: LoaderThread.Answer, of lane: Lane) {
        switch answer {
        case .committed(let submission):
            lane.answered()
            stall.progressed()
            outages.postgresAnswered()
            obstacles.overcome(lane: lane.index)
            count(submission.batch)
            for step in submission.batch.partitions {
                took(step.partition, next: step.nextOffset)
                if lane.isCurrent(submission) { state(of: step.partition)?.committed() }
            }
            schedule.mayHaveEnded(
                submission.batch.progress.filter { $0.end != nil && !history.isToldEnded($0.job) }.map(\.job))
            lane.recycle(submission.batch)
        case .lost(let submission, let table):
            lane.answered()
            report(.detail(.positionsMoved(loader: lane.index)))
            if lane.isCurrent(submission) {
                tell(obstacles.lost(lane: lane.index, table: table, at: .now))
                reset(lane)
            }
            giveBack(submission.batch, lane)
        case .schemaChanged(let submission):
            lane.answered()
            giveBack(submission.batch, lane)
            finish(.schemaChanged)
        case .dropped(let submission):
            lane.answered()
            giveBack(submission.batch, lane)
        case .failed(let error):
            lane.answered()
            finish(.failed(error))
        case .descriptionRefused(let refused): report(.descriptionRefused(refused.job, refused.reason))
        case .conflict(let tries, let reason):
            tell(obstacles.conflicted(lane: lane.index, tries: tries, reason: reason, at: .now))
        case .away(let reason): outages.postgresIsAway(reason)
        case .back: outages.postgresAnswered()
        }
    }

    private func tell(_ obstacle: BatchObstacle?) {
        if let obstacle { report(.obstacle(obstacle)) }
    }

    /// Of a batch that was not loaded, as far as is known: its COMMIT may have been answered by a broken connection.
    private func giveBack(_ batch: Batch, _ lane: Lane) {
        if batch.unconfirmed != nil { history.isIncomplete = true }
        lane.recycle(batch)
    }

    private func count(_ batch: Batch) {
        var counts = WorkCounts()
        for step in batch.progress {
            counts += WorkCounts(
                inserted: step.inserted, updated: step.updated, duplicates: step.duplicates, rejected: step.rejected)
        }
        history.counts += counts
        report(.batch(counts, partitions: batch.partitions.count))
    }

    /// Jobs may have ended with the batches committed: ask the database, which sees all partitions.
    func askForEnds(_ jobs: [JobID]) {
        lookup.perform({ try JobReader($0.connection).statuses(jobs) }) { [mailbox] in
            mailbox.post(.ended($0))
        }
    }

    private func ended(_ result: Result<[JobStatus], any Error>) {
        schedule.endsLookEnded(at: .now)
        // Nothing depends on it; the next batch's ends are asked for again.
        guard let statuses = try? result.get() else { return }
        for status in statuses where status.state == .completed || status.state == .inconsistent {
            if history.tellsEnd(of: status.id) { report(.jobEnded(status)) }
        }
    }

    // MARK: Positions

    private func resolved(_ ticket: UInt64, _ result: Result<Resolution, any Error>) {
        guard ticket == assignment.ticket else { return }
        switch result {
        case .failure(let error):
            fail(error)
            schedule.resolveAgain(ticket: ticket, at: .now)
        case .success(let resolution):
            schedule.resolved()
            outages.answered()
            if !resolution.gone.isEmpty { return remove(resolution.gone) }
            let left = resolution.locations.filter(letsGo)
            if !left.isEmpty { return read(hand?.ours ?? []) }
            for location in resolution.locations { adopt(location, ticket) }
        }
    }

    func adopt(_ location: Location, _ ticket: UInt64) {
        tell(location)
        let partition = location.position.partition
        guard assignment.owns(partition) else { return }
        // Reading the same position again does not count as progress.
        if schedule.moved(partition, location.position) {
            stall.progressed()
            obstacles.overcome(lane: lane(of: partition).index)
        }
        let state = PartitionState(location.position, lane: lane(of: partition).index)
        #if TORTURE
            if Torture.has(.cachedProgressKept), let before = self.state(of: partition) { state.keepJobs(of: before) }
        #endif
        states[Int(partition)] = state
        perform(assignment.resolved(partition, next: location.next, ticket: ticket))
    }

    func tell(_ location: Location) {
        let partition = location.position.partition
        if location.isNewGeneration { drain?.setTarget(partition, low: location.low, high: location.high) }
        if location.isReplaced {
            report(.newGeneration(partition: partition, generation: location.position.generation))
        }
        if let from = location.expiredFrom {
            report(.expired(partition: partition, from: from, next: location.next))
        }
    }

    /// Every 10 s: is each row what we think, and each anchor's message still there?
    func startCheck() {
        var before: [Int32: PositionExpectation] = [:]
        for case let state? in states { before[state.partition] = state.expectation }
        guard !before.isEmpty else { return }
        schedule.checkStarted()
        let partitions = before.keys.sorted()
        let ticket = assignment.ticket
        lookup.perform({ tools in
            let positions = try tools.positions.positions(partitions)
            return Looked(positions: positions, replaced: try tools.resolver.replaced(positions))
        }) { [mailbox, before] in mailbox.post(.checked(ticket: ticket, before: before, $0)) }
    }

    private func checked(
        _ ticket: UInt64, _ before: [Int32: PositionExpectation], _ result: Result<Looked, any Error>
    ) {
        schedule.checkEnded(at: .now)
        let looked: Looked
        switch result {
        case .failure(let error): return fail(error)
        case .success(let value): looked = value
        }
        outages.answered()
        guard ticket == assignment.ticket else { return }
        var lost: Set<Int> = []
        for position in looked.positions {
            guard let state = state(of: position.partition), let before = before[position.partition] else { continue }
            switch PositionCheck.decide(
                position, isReplaced: looked.replaced.contains(position.partition), before: before,
                now: state.expectation)
            {
            case .stands: break
            case .promote(let anchor): promote(anchor, state, position)
            case .reload:
                report(.detail(.positionLost(partition: position.partition)))
                lost.insert(state.lane)
            }
        }
        for index in lost { reset(lanes[index]) }
    }

    private func promote(_ anchor: Anchor, _ state: PartitionState, _ position: Position) {
        let isWritten = state.isIdle && state.batchSerial != lanes[state.lane].builder.serial
        if isWritten { lookup.perform({ try $0.positions.moveAnchor(position, to: anchor) }) { _ in } }
        state.promote(anchor, isWritten: isWritten)
    }
}
