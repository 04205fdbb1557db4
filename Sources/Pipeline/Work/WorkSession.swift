// One membership in the group, or one time of reading by hand, from its start to closing. The polling thread takes messages, builds batches and hands
// them over; the loaders' threads and the lookup thread answer through the session's mailbox, which dies with it.

import Kafka
import Postgres
import Records

/// One thread runs it, once.
final class WorkSession {
    let options: WorkOptions
    let facts: SessionFacts
    let lookup: LookupThread
    let history: RunHistory
    let interrupt: Interrupt
    /// Goes up when the servers get no more time: every wait on them ends.
    let abandon: Interrupt
    let report: @Sendable (WorkEvent) -> Void
    let mailbox: Mailbox<Answer>
    let lanes: [Lane]
    let jobs: JobDirectory
    let processor: MessageProcessor
    let consumer: Consumer

    /// Which partitions are ours, and how far each is taken.
    var assignment = Assignment()
    /// What the database may say of them, by partition number; nil: not known yet.
    var states: [PartitionState?] = []
    var outages: Outages
    var obstacles = Obstacles()
    var drain: Drain?
    /// nil: the group says which partitions are ours.
    var hand: HandReading?
    var schedule: SessionSchedule
    var stall: StallTimer
    /// Batches whose ends are looked for, by partition number.
    var unreadable: [Int32: UnreadableBatch] = [:]
    /// Offsets for lag tools, not committed yet.
    var uncommitted: [Int32: Int64] = [:]
    /// Why the session is to end.
    private(set) var end: SessionEnd?
    /// The loaders have been stopped: what is in hand is read again by whoever comes next.
    private(set) var isClosing = false

    /// What the opening saw, for a session that reads by hand.
    private let firstLook: HandLook?
    private var backpressure = Backpressure()
    private var pollSize = PollSize()
    private var lastMessage = ContinuousClock.now

    init(
        _ options: WorkOptions, _ facts: SessionFacts, lookup: LookupThread, look: HandLook?, abandon: Interrupt,
        drain: Drain?, outages: Outages, history: RunHistory, interrupt: Interrupt,
        report: @escaping @Sendable (WorkEvent) -> Void
    ) throws {
        self.options = options
        self.facts = facts
        self.lookup = lookup
        firstLook = look
        self.abandon = abandon
        self.drain = drain
        self.outages = outages
        self.history = history
        self.interrupt = interrupt
        self.report = report
        let mailbox = Mailbox<Answer>()
        self.mailbox = mailbox
        schedule = SessionSchedule(partitions: Int(facts.partitions), now: .now)
        stall = StallTimer(limit: options.stallTimeout, now: .now)
        jobs = JobDirectory(history, databaseKey: facts.info.keyFields, report: report) { jobs, partitions in
            try lookup.ask { try $0.positions.progress(of: jobs, partitions: partitions) }
        }
        jobs.askOrder = { begun in try lookup.ask { try $0.positions.openUpdates(begun: begun) } }
        processor = MessageProcessor(keyFields: facts.info.keyFields, source: jobs)
        hand = look.map { _ in HandReading() }
        consumer = try Consumer(options.kafka, group: facts.group)
        lanes = (0..<options.connections).map { index in
            let life = LifeSign()
            return Lane(
                index,
                LoaderThread(
                    index: index,
                    makeLoader: {
                        Loader(
                            target: options.database, info: facts.info, cluster: facts.cluster,
                            topic: facts.topic, maxRefused: options.maxRefused,
                            interrupt: {
                                // Asked in every step of a wait for the server.
                                life.show()
                                return abandon.isSet
                            })
                    },
                    answer: { mailbox.post(.loader($0, $1)) }),
                life: life)
        }
        consumer.handler = self
        jobs.upcoming = { [unowned self] in upcomingJobs() }
    }

    func run() -> SessionEnd {
        do {
            if let firstLook {
                consumer.readByHand(facts.topic)
                handLooked(.success(firstLook))
            } else {
                try consumer.subscribe(facts.topic)
            }
            while end == nil {
                try turn()
                if interrupt.isSet { finish(.interrupted) }
            }
        } catch {
            fail(error)
            // What passes by itself is not worth ending the run: another session begins.
            finish(interrupt.isSet ? .interrupted : .clientStuck)
        }
        close()
        return end ?? .clientStuck
    }

    private func turn() throws {
        giveSign()
        for answer in mailbox.takeAll() { handle(answer) }
        submitDue()
        try keepTime(.now)
        let isHeldUp = lanes.contains(where: \.isHeldUp)
        switch backpressure.decide(isHeldUp: isHeldUp, isBusy: lanes.contains(where: \.isBusy), at: .now) {
        case .take: perform(assignment.resume())
        case .letGo: perform(assignment.pause())
        case .wait:
            for answer in mailbox.takeAll(wait: .milliseconds(50)) { handle(answer) }
            return
        }
        try poll()
    }

    /// The first reason counts; a failure outranks the others.
    func finish(_ end: SessionEnd) {
        if self.end?.isFailure == true { return }
        self.end = end.isFailure ? end : self.end ?? end
    }

    /// An error of either server: one that passes is waited out.
    func fail(_ error: any Error) {
        if let fatal = fatalFailure(error, topic: facts.topic, to: .read) {
            finish(fatal.kind == .interrupted ? .interrupted : .failed(fatal))
        } else if let error = error as? KafkaError {
            kafkaFailed(error, nil)
        } else if (error as? PostgresError)?.kind != .interrupted {
            outages.postgresIsAway(sentence(error))
        }
    }

    // MARK: Taking messages

    private func poll() throws {
        var (messages, bytes) = (0, 0)
        jobs.pollBegins()
        _ = try consumer.poll(maximum: pollSize.maximum, milliseconds: 50) { event in
            switch event {
            case .message(let message):
                messages += 1
                bytes += message.value?.count ?? 0
                take(message)
            case .endOfPartition(let partition, let offset): takeEnd(partition, offset)
            case .failed(let partition, let error): kafkaFailed(error, partition)
            }
        }
        pollSize.took(messages: messages, bytes: bytes)
        if messages > 0 { lastMessage = .now }
    }

    @inline(__always)
    private func take(_ message: Message) {
        guard isTaken(message.partition, message.offset, isEnd: false), let state = state(of: message.partition)
        else { return }
        let lane = lanes[state.lane]
        do {
            try processor.take(message, state, into: lane.builder)
        } catch {
            fail(error)
            reset(lane)
            return
        }
        if lane.builder.isFull, !lane.isBusy { submit(lane) }
    }

    /// Everything below `offset` was taken: the position moves there, past markers that no message has.
    private func takeEnd(_ partition: Int32, _ offset: Int64) {
        let before = assignment.next(partition)
        guard isTaken(partition, offset, isEnd: true), let state = state(of: partition) else { return }
        outages.kafkaAnswered()
        if offset != before { lanes[state.lane].builder.touch(state) }
    }

    @inline(__always)
    private func isTaken(_ partition: Int32, _ offset: Int64, isEnd: Bool) -> Bool {
        switch assignment.arrived(partition, offset, isEnd: isEnd) {
        case .take: return true
        case .skip: return false
        case .assignAgain(let list):
            report(.detail(.assignedAgain(partition: partition, offset: offset)))
            perform([.assign(list)])
            return false
        }
    }

    @inline(__always)
    func state(of partition: Int32) -> PartitionState? {
        states.indices.contains(Int(partition)) ? states[Int(partition)] : nil
    }

    // MARK: Handing batches over

    private func submitDue() {
        let now = ContinuousClock.now
        guard lanes.contains(where: { !$0.builder.isEmpty && !$0.isBusy }) else { return }
        let quiet = assignment.isAtEnd ? hasTakenAll ? .seconds(1) : now - lastMessage : nil
        for lane in lanes where lane.isDue(at: now, quiet: quiet) { submit(lane) }
    }

    /// A drain that has taken everything it aims at waits for nothing more.
    private var hasTakenAll: Bool {
        drain.map { $0.behind($0.partitions.reduce(into: [:]) { $0[$1] = assignment.next($1) }).isEmpty } ?? false
    }

    func submit(_ lane: Lane) {
        lane.submit { [assignment] in assignment.next($0) }
    }

    /// Nothing of what this lane was given holds any more: its partitions' positions are read again.
    func reset(_ lane: Lane) {
        discard(lane)
        perform(assignment.reset(assignment.partitions.filter { self.lane(of: $0) === lane }))
    }

    func discard(_ lane: Lane) {
        lane.discard()
        if Torture.has(.cachedProgressKept) { return }
        jobs.forgetAll()
        for partition in states.indices where states[partition]?.lane == lane.index { states[partition] = nil }
    }

    /// Owned partitions are dealt out in order.
    func lane(of partition: Int32) -> Lane {
        lanes[(assignment.partitions.firstIndex(of: partition) ?? 0) % lanes.count]
    }

    // MARK: What the assignment wants

    func perform(_ actions: [Assignment.Action]) {
        for action in actions {
            switch action {
            case .assign(let list):
                do {
                    try consumer.assign(list.map { ($0.partition, $0.offset) })
                } catch {
                    // What librdkafka reads now is not known.
                    fail(error)
                    finish(.clientStuck)
                }
            case .resolve(let partitions, let ticket):
                lookup.perform({ try $0.resolver.resolve(partitions) }) { [mailbox] in
                    mailbox.post(.resolved(ticket: ticket, $0))
                }
            }
        }
    }

    // MARK: The end

    /// Waits for the batches on their way – and those in hand, if asked – while Postgres answers.
    func finishBatches(submitting: Bool, until limit: ContinuousClock.Instant) {
        if submitting, !outages.postgres.isOn {
            for lane in lanes where !lane.builder.isEmpty {
                if Torture.has(.lastBatchDropped) { lane.builder.batch.rows.removeAll() }
                submit(lane)
            }
        }
        var limit = limit
        while lanes.contains(where: { $0.inFlight > 0 }), !outages.postgres.isOn, end?.isFailure != true,
            ContinuousClock.now < limit
        {
            if interrupt.isSet { limit = min(limit, .now + .seconds(3)) }
            giveSign()
            for answer in mailbox.takeAll(wait: .milliseconds(50)) { handle(answer) }
        }
    }

    private func close() {
        options.sign?(WorkSign(behind: behind, isStopping: interrupt.isSet))
        let limit = ContinuousClock.now + (interrupt.isSet ? .seconds(3) : .seconds(60))
        finishBatches(submitting: end == .interrupted, until: limit)
        lanes.forEach { $0.stop() }
        isClosing = true
        if lanes.contains(where: { $0.inFlight > 0 }) || end?.isFailure == true { abandon.set() }
        if abandon.isSet { history.isIncomplete = true }
        lookup.stop()
        commitOffsets()
        consumer.close(limit: outages.postgres.isOn ? .seconds(1) : .seconds(3))
        // Whoever still waits for a server by now is left behind.
        abandon.set()
        let last = ContinuousClock.now + .seconds(1)
        for lane in lanes { _ = lane.waitForEnd(limit: max(.zero, last - .now)) }
        _ = lookup.waitForEnd(limit: max(.zero, last - .now))
    }
}
