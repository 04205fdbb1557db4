// What the worker does with the answers of its other threads: batches loaded, positions found, anchors looked at.

import Kafka
import Log
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
                \(grouped(status.lines)) lines = \(grouped(status.inserted)) inserted + \(grouped(status.updated)) updated + \
                \(grouped(status.duplicates)) duplicates + \(grouped(status.rejected)) rejected
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
    func startCheck() {
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
}
