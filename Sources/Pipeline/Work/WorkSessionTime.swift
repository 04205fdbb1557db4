// What a session does as time passes: checks, commits for lag tools, giving up, and the end of a drain.

import Kafka

extension WorkSession {
    func keepTime(_ now: ContinuousClock.Instant) throws {
        if let ticket = schedule.resolveDue(at: now), ticket == assignment.ticket {
            let waiting = assignment.partitions.filter { assignment.next($0) == nil }
            perform([.resolve(waiting, ticket: ticket)])
        }
        if processor.takeGap() { schedule.gapSeen() }
        if assignment.isReading, schedule.isCheckDue(at: now) { startCheck() }
        if schedule.isPartitionsDue(at: now) { askForPartitions() }
        if schedule.isCommitDue(at: now) { commitOffsets() }
        let isSettled = isSettled
        let isLeftToOthers =
            hand.map { $0.waitsForOthers } ?? assignment.partitions.isEmpty
        let hasReadAll = isSettled && !isLeftToOthers
        if schedule.settledChanged(hasReadAll) { report(.settled(hasReadAll)) }
        if hasReadAll, schedule.tellsCaughtUp() { report(.caughtUp(history.counts)) }
        startHandLook(now)
        if let jobs = schedule.endsDue(isSettled: isSettled, at: now) { askForEnds(jobs) }
        if !isSettled || !schedule.awaitsEnds { startDrainLook(isSettled, now) }
        // Having nothing to read is not a stall; a drain has something to wait for.
        if options.purpose != .drain, isSettled, !outages.isOn { stall.progressed() }
        if let limit = stall.exceeded(at: now) {
            throw outages.stalled(limit, otherwise: obstacles.standstill ?? standstill)
        }
    }

    /// Nothing of ours is on its way: the database has all that this worker took.
    private var isSettled: Bool {
        lanes.allSatisfy(\.isSettled)
            && (assignment.partitions.isEmpty || (assignment.isReading && assignment.isAtEnd))
    }

    /// What may be the reason when nothing moves and both servers answer.
    private var standstill: String? {
        if schedule.partitions == 0 { return "topic \(facts.topic) does not exist" }
        if schedule.hasOpenTransaction {
            return "another producer's transaction is open and holds back the end of the log"
        }
        if hand?.waitsForOthers == true { return "others read what is left, and do not move: workers, or another load" }
        return assignment.partitions.isEmpty
            ? "no partitions were assigned (other workers own them, or the consumer group was still forming)" : nil
    }

    // MARK: Signs of life

    /// None while a loader is not seen to do anything: the worker then hangs as a whole.
    func giveSign() {
        let now = ContinuousClock.now
        guard let sign = options.sign, schedule.isSignDue(at: now), lanes.allSatisfy({ $0.isAlive(at: now) })
        else { return }
        sign(WorkSign(behind: behind, isStopping: interrupt.isSet))
    }

    /// What the logs of our partitions hold behind what was taken; nil: not known of all of them.
    var behind: Int64? {
        guard !assignment.partitions.isEmpty else { return nil }
        var sum: Int64 = 0
        for partition in assignment.partitions {
            guard let next = assignment.next(partition), let end = consumer.knownEnd(of: partition) else { return nil }
            sum += max(0, end - max(0, next))
        }
        return sum
    }

    // MARK: The topic's partitions

    func askForPartitions() {
        guard schedule.asksForPartitions() else { return }
        lookup.perform({ try $0.resolver.partitionCount() }) { [mailbox] in mailbox.post(.partitions($0)) }
    }

    func counted(_ result: Result<Int?, any Error>) {
        guard case .success(let count) = result else {
            _ = schedule.counted(nil, at: .now)
            if case .failure(let error) = result { fail(error) }
            return
        }
        let before = schedule.counted(count ?? 0, at: .now)
        guard let count, count > 0 else {
            if before > 0 { report(.waitingForTopic) }
            return
        }
        if count != before { report(.partitions(from: before, to: count)) }
        // It may have been away in between, with no partition at all.
        let most = schedule.mostPartitions
        if count < most { remove((Int32(clamping: count)..<Int32(clamping: most)).map { $0 }) }
    }

    // MARK: Drain

    private func startDrainLook(_ isSettled: Bool, _ now: ContinuousClock.Instant) {
        guard let drain, schedule.isDrainLookDue(isSettled: isSettled, at: now) else { return }
        lookup.perform({ tools in
            let locations = try tools.resolver.survey(drain.partitions)
            // Only what is believed to be all is worth a look at every anchor.
            let replaced = drain.behind(locations.offsets).isEmpty ? try tools.resolver.replaced(locations) : []
            return DrainLook(locations: locations, replaced: try tools.resolver.resolve(replaced))
        }) { [mailbox] in mailbox.post(.drained($0)) }
    }

    func drained(_ result: Result<DrainLook, any Error>) {
        schedule.drainLookEnded()
        let look: DrainLook
        switch result {
        case .failure(let error): return fail(error)
        case .success(let value): look = value
        }
        outages.answered()
        for location in look.locations {
            drain?.cap(location.position.partition, low: location.low, high: location.high)
        }
        tellOpenTransactions(look.locations)
        let offsets = look.locations.offsets
        if drain?.hasMoved(offsets) == true { stall.progressed() }
        let replaced = look.replaced.locations.map(\.position.partition)
        let decision = drain?.decide(offsets, replaced: replaced)
        for location in look.replaced.locations {
            // Whoever began the new generation, the log is another one, with another end.
            drain?.setTarget(location.position.partition, low: location.low, high: location.high)
            tell(location)
            if assignment.owns(location.position.partition) { reset(lane(of: location.position.partition)) }
        }
        remove(look.replaced.gone)
        if decision == .done { finish(.drained) }
    }

    /// The end that may be read lies below the log's: a transaction of another producer is open there.
    func tellOpenTransactions(_ locations: [Location]) {
        for location in locations {
            let partition = location.position.partition
            guard let next = assignment.end(partition), next < location.high, location.low < location.high else {
                schedule.isNotStuck(partition)
                continue
            }
            if schedule.tellsOpenTransaction(partition, at: next, now: .now) {
                report(.openTransaction(partition: partition, offset: next, end: location.high))
            }
        }
    }
}
