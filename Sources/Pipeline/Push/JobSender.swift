// Sends the jobs of a group: performs what the producer session decides, with a real producer, the inputs' records and the
// journal.

import Files
import Kafka
import Records

/// One thread owns a sender; one use.
final class JobSender {
    /// Records between two looks at reports, clock, journal and the wish to stop.
    private static let stride = 256

    let context: PushContext
    let words: JobSenderWords
    let jobs: [PushJob]
    let journal: JobJournal
    let window: SendWindow
    var session: ProducerSession
    var now: Duration
    private let kept: KeptProducer
    private(set) var producer: Producer?
    /// The job being read; nil: none yet.
    var reading: Int?
    var started = 0
    private var untilHousekeeping = JobSender.stride
    private var latency = AckLatency()
    private var unsent = UnsentMessage()
    var progress: (job: Int, clock: ProgressClock)
    /// Of a stream into the mock cluster.
    private var mockLimit: MockLimit?

    /// - Parameter jobs: of what their journals' entries claim, the positions are looked for before they are believed.
    init(_ context: PushContext, _ group: PushGroup, _ kept: KeptProducer) {
        self.context = context
        self.kept = kept
        jobs = group.jobs
        now = context.now
        let topic = context.topic
        words = JobSenderWords(
            topic: topic, stallTimeout: context.options.stallTimeout, isOneJob: jobs.count == 1)
        window = SendWindow(partitions: topic.partitions, jobs: jobs.count)
        for (number, job) in jobs.enumerated() where job.identity.claim != .nothing {
            for (partition, range) in job.identity.entry.partitions.enumerated() {
                window.believe(number * topic.partitions + partition, range)
            }
        }
        session = ProducerSession(
            window: window, claims: jobs.map(\.identity.claim), isRewindable: jobs[0].input.source.isRegular,
            stallTimeout: context.options.stallTimeout, now: now)
        journal = JobJournal(context.journal, jobs.map(\.identity.entryOfThisRun), now: now) { [context] in
            context.event(.fault($0))
        }
        progress = (0, ProgressClock(input: jobs[0].input.source.path, start: now))
        if topic.isMock, !jobs[0].input.source.isRegular { mockLimit = MockLimit(partitions: topic.partitions) }
        kept.sender = self
        jobs[0].input.source.idle = { [unowned self] in try pump() }
    }

    /// Bounded by about a second.
    func close() {
        closeProducer()
        kept.sender = nil
    }

    /// What it may still read then, it keeps: the next one reads the same messages in memory of their own.
    private func closeProducer() {
        producer = nil
        kept.close { [jobs[0].input.startMarker, window.leaveMemory()] }
    }

    /// Returns when every record and end marker is acknowledged and was looked for in the log: of each job that has no
    /// failure of its own. Throws what concerns all of them; `close` comes after.
    func run() throws(PipelineError) {
        defer { jobs[0].input.source.idle = {} }
        do {
            while try perform(session.next(now: now)) {}
        } catch {
            let failure = settle(error)
            journal.close(notes())
            throw failure
        }
        journal.close(
            notes().map { note in
                var note = note
                let input = jobs[note.job].input
                if jobs[note.job].failure == nil { note.state = input.isBroken ? .broken : .pushed }
                if note.state == .pushed { note.rejects = input.rejects }
                return note
            })
        for job in jobs where job.input.isBroken && job.failure == nil {
            let reason = job.input.damage ?? "changed while it was read"
            job.failure = .broken("\(reason); what was sent of it is marked broken")
        }
        kept.sender = nil
    }

    // MARK: What the producer says

    func noticed(_ error: KafkaError) { session.noticed(error, now: now) }

    @inline(__always)
    func reported(_ report: DeliveryReport) {
        session.reported(
            report.opaque, offset: report.offset, error: report.error.map { KafkaError(code: $0) }, now: now)
    }

    // MARK: Actions

    /// Returns false when there is nothing more to do.
    private func perform(_ action: ProducerSession.Action) throws -> Bool {
        switch action {
        case .transmit(let number): try transmit(number)
        case .read, .repeatEnd: try read()
        case .wait: try housekeep(wait: 50)
        case .open:
            producer = try kept.open()
            session.opened()
        case .sendStartMarkers: sendStartMarkers()
        case .verify(let look): try verify(look)
        case .startOver:
            say(words.startingOver)
            rewind()
        case .close:
            closeProducer()
            now = context.now
            latency.sessionEnded()
            session.closed(now: now)
        case .rest:
            pause(milliseconds: 20)
            try housekeep(wait: 0)
        case .done: return false
        case .stop(let stop): throw words.failure(of: stop)
        }
        return true
    }

    /// While a stream has nothing to read: everything but reading.
    private func pump() throws {
        try housekeep(wait: 0)
        while true {
            switch session.next(now: now) {
            case .read, .wait, .rest, .done: return
            case let action: _ = try perform(action)
            }
        }
    }

    private func sendStartMarkers() {
        for partition in 0..<context.topic.partitions {
            Torture.reached("push.start")
            let result = producer!.produce(
                partition: Int32(partition), key: nil, value: jobs[0].input.startMarker.bytes,
                header: jobs[0].input.startHeader.bytes, opaque: session.token(startMarkerOf: partition))
            if case .failed(let error) = result { return session.failed(error, now: now) }
        }
    }

    @inline(__always)
    private func transmit(_ number: Int) throws {
        let message = window[number]
        Torture.reached("push.transmit")
        if unsent.takes(session.token(message: number)) { return session.transmitted() }
        switch producer!.produce(
            partition: message.partition, key: message.key, value: message.value, header: message.header,
            errorsHeader: message.errors, opaque: session.token(message: number))
        {
        case .queued: session.transmitted()
        case .queueFull:
            session.heldUp()
            try housekeep(wait: 10)
        case .failed(let error): session.failed(error, now: now)
        }
    }

    /// Reads and hands over until something else is due.
    private func read() throws {
        repeat {
            untilHousekeeping -= 1
            if untilHousekeeping == 0 { try housekeep(wait: 0) }
            let end = window.end
            guard try appendNext() else { return session.inputEnded() }
            guard window.end > end else { continue }
            if mockLimit != nil, !mockLimit!.takes(window[end]) { throw MockLimit.streamFailure }
            if session.mayTransmit(end) { try transmit(end) }
        } while session.readsOn()
    }

    /// Appends the next message of the group, or passes one over that Kafka has. False: there is none.
    @inline(__always)
    private func appendNext() throws -> Bool {
        while true {
            if let reading {
                do {
                    if try jobs[reading].input.next(into: window) { return true }
                } catch let error as FileError {
                    // The others have nothing to do with it.
                    jobs[reading].failure = .broken(error.message)
                }
            }
            let next = (reading ?? -1) + 1
            guard next < jobs.count else { return false }
            reading = next
            if session.claims[next] == .pushed { jobs[next].input.repeatMarkers(jobs[next].identity.entry.ends ?? []) }
        }
    }

    private func verify(_ look: ProducerSession.LogLook) throws {
        Torture.reached("push.verify")
        let isFirst = !session.hasRead
        do {
            let evidence = try context.verifier.look(
                at: session.positions(for: look), jobs: jobs.map(\.id), timeout: lookLimit)
            now = context.now
            if let sentence = words.evidence(evidence, isFirst: isFirst, claims: session.claims) { say(sentence) }
            if case .expired(let lanes) = evidence { noteExpired(lanes) }
            let claims = session.claims
            if look == .firstAndLast, context.topic.isMock, evidence == .believed || evidence == .unreadable {
                try refuseDropped()
            }
            session.verified(evidence, now: now)
            guard isFirst else { return }
            if session.claims != claims { rewind() }
            for (number, job) in jobs.enumerated() where session.claims[number] != .pushed {
                job.input.skip(window.acknowledged(of: number))
            }
        } catch let error as KafkaError where !error.isFatal {
            now = context.now
            session.failed(error, now: now)
        }
    }

    private func rewind() {
        reading = nil
        for job in jobs {
            job.input.rewind()
            job.failure = nil
        }
    }

    private func noteExpired(_ lanes: [Int]) {
        for job in Set(lanes.map { $0 / window.partitions }) where session.claims[job] == .pushed {
            jobs[job].hasExpired = true
        }
    }

    /// For one answer.
    private var lookLimit: Duration { min(.seconds(10), context.options.stallTimeout) }

    private func refuseDropped() throws {
        guard try context.verifier.hasDropped(partitions: context.topic.partitions, timeout: lookLimit) else {
            return
        }
        throw PipelineError.lost(
            "the dev-broker has dropped records: it keeps 5 MB a partition, and forgets the oldest")
    }

    // MARK: Now and then

    private func housekeep(wait milliseconds: Int32) throws {
        untilHousekeeping = Self.stride
        producer?.poll(milliseconds: milliseconds)
        now = context.now
        if let report = unsent.due() { session.reported(report.token, offset: -1, error: report.error, now: now) }
        if context.interrupt.isSet { throw PipelineError.interrupted }
        guard session.startMarkersAreAcknowledged else { return }
        latency.look(window, now: now)
        if latency.isFar, !window.hasRoom { window.widen() }
        tellStarted()
        if journal.isDue(now) { journal.keep(notes(), now: now) }
        tellProgress()
    }
}
