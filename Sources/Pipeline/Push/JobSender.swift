// Sends one job: performs what the producer session decides, with a real producer, the input's records and the journal.

import Files
import Kafka
import Records

/// What a push has in common for all its files.
struct PushContext {
    let settings: ClientSettings
    let topic: Topic
    let options: PushOptions
    let interrupt: Interrupt
    let verifier: Verifier
    let clock: PushClock
    let event: (PushEvent) -> Void

    var now: Duration { clock.now }
}

/// One thread owns a sender; one use.
final class JobSender {
    /// Records between two looks at reports, clock, journal and the wish to stop.
    private static let stride = 256

    private let context: PushContext
    private let words: JobSenderWords
    private let input: JobInput
    private let journal: JobJournal
    private let startMarker: ByteBuffer
    private let startHeader: ByteBuffer
    private let window: SendWindow
    private var session: ProducerSession
    private var producer: Producer?
    private var now: Duration
    private var untilHousekeeping = JobSender.stride
    private(set) var hasStarted = false
    /// By partition: the offset acknowledged last, in the end that of the end marker. −1: none yet.
    var lastOffsets: [Int64] { Array(latestOffsets) }
    // Not an array, which would be counted up and down for every report.
    private let latestOffsets: UnsafeMutableBufferPointer<Int64>
    private var progress: ProgressClock
    private let size: UInt64?
    /// Of a stream into the mock cluster.
    private var mockLimit: MockLimit?
    /// Where the journal says the input is acknowledged up to.
    private let claimedPosition: UInt64
    /// The log has dropped what the journal says was pushed.
    private(set) var hasExpired = false

    /// - Parameter claim: what the journal's entry says; its positions are looked for before they are believed.
    init(
        _ context: PushContext, input: JobInput, journal: JobJournal, marker: StartMarker, claim: ProducerSession.Claim
    ) throws(PipelineError) {
        self.context = context
        words = JobSenderWords(topic: context.topic, stallTimeout: context.options.stallTimeout)
        self.input = input
        self.journal = journal
        do { startMarker = ByteBuffer(try marker.encode()) } catch { throw .refused(error.message) }
        startHeader = ByteBuffer(header: WireHeader(kind: .start, job: marker.job, seq: 0, lenient: input.lenient))
        now = context.now
        window = SendWindow(partitions: context.topic.partitions)
        latestOffsets = .allocate(capacity: context.topic.partitions)
        latestOffsets.initialize(repeating: -1)
        if claim != .nothing {
            for (partition, range) in journal.entry.partitions.enumerated() { window.believe(partition, range) }
        }
        session = ProducerSession(
            window: window, claim: claim, isRewindable: input.source.isRegular,
            stallTimeout: context.options.stallTimeout, now: now)
        progress = ProgressClock(input: input.source.path, start: now)
        size = input.source.textSize
        claimedPosition = journal.entry.position
        if context.topic.isMock, !input.source.isRegular {
            mockLimit = MockLimit(partitions: context.topic.partitions)
        }
        input.source.idle = { [unowned self] in try pump() }
    }

    deinit {
        close()
        latestOffsets.deallocate()
    }

    /// Ends the producer, if there is one; bounded by about a second. What it may still read then, it keeps: the next one
    /// reads the same messages in memory of their own.
    func close() {
        guard let ending = producer else { return }
        producer = nil
        guard let closing = ending.close() else { return }
        closing.keep(startMarker)
        closing.keep(window.leaveMemory())
    }

    /// The job was in the log already: only markers were sent.
    var wasPushed: Bool { session.claim == .pushed }

    /// Records of the job known to be in the log. Saturates: the journal's numbers come from a file.
    var acknowledged: UInt64 {
        window.acknowledged.reduce(0) { $0.addingSaturated($1?.last.seq ?? 0) }
    }

    /// Returns when every record and end marker is acknowledged and was looked for in the log. `close` comes after.
    func run() throws(PipelineError) {
        do {
            while try perform(session.next(now: now)) {}
        } catch {
            let failure = settle(error)
            keepJournal(.open)
            throw failure
        }
        guard !input.isBroken else {
            keepJournal(.broken)
            let reason = input.damage ?? "changed while it was read"
            throw .broken("\(reason); what was sent of it is marked broken")
        }
        if !wasPushed { keepJournal(.pushed) }
    }

    // MARK: Actions

    /// Returns false when there is nothing more to do.
    private func perform(_ action: ProducerSession.Action) throws -> Bool {
        switch action {
        case .transmit(let number): try transmit(number)
        case .read: try read()
        case .repeatEnd: try repeatEnd()
        case .wait: try housekeep(wait: 50)
        case .open: try open()
        case .sendStartMarkers: sendStartMarkers()
        case .verify(let look): try verify(look)
        case .startOver:
            say(words.startingOver)
            try input.rewind()
        case .close:
            close()
            now = context.now
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

    private func open() throws {
        let topic = context.topic
        producer = try Producer(
            context.settings, topic: topic.name, headerNames: (WireHeader.name, WireHeader.errorsName),
            // Unsafe, but sound: the producer makes no call once it is closed, and we close it before we go.
            problem: { [unowned(unsafe) self] in session.noticed($0, now: now) },
            report: { [unowned(unsafe) self] report in
                if report.isAcknowledged { latestOffsets[Int(report.partition)] = report.offset }
                session.reported(
                    report.opaque, offset: report.offset, error: report.error.map { KafkaError(code: $0) }, now: now)
            })
        session.opened()
    }

    private func sendStartMarkers() {
        for partition in 0..<context.topic.partitions {
            let result = producer!.produce(
                partition: Int32(partition), key: nil, value: startMarker.bytes, header: startHeader.bytes,
                opaque: session.token(startMarkerOf: partition))
            if case .failed(let error) = result { return session.failed(error, now: now) }
        }
    }

    private func transmit(_ number: Int) throws {
        let message = window[number]
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
            guard try input.next(into: window) else { return session.inputEnded() }
            guard window.end > end else { continue }
            if mockLimit != nil, !mockLimit!.takes(window[end]) { throw MockLimit.streamFailure }
            if session.mayTransmit(end) { try transmit(end) }
        } while session.readsOn()
    }

    private func repeatEnd() throws(MarkerError) {
        for (partition, end) in (journal.entry.ends ?? []).enumerated() {
            try input.append(end: end, partition: partition, to: window)
        }
        session.inputEnded()
    }

    private func verify(_ look: ProducerSession.LogLook) throws {
        let isFirstLook = !input.hasRead
        do {
            let evidence = try context.verifier.look(
                for: journal.entry.job, at: session.positions(for: look), timeout: lookLimit)
            now = context.now
            if case .expired = evidence, wasPushed { hasExpired = true }
            if let sentence = words.evidence(evidence, isFirst: isFirstLook, wasPushed: wasPushed) { say(sentence) }
            if look == .firstAndLast, context.topic.isMock, evidence == .believed || evidence == .unreadable {
                try refuseDropped()
            }
            session.verified(evidence, now: now)
            if isFirstLook { input.skip(window.acknowledged) }
        } catch let error as KafkaError where !error.isFatal {
            now = context.now
            session.failed(error, now: now)
        }
    }

    /// For one message.
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
        if context.interrupt.isSet { throw PipelineError.interrupted }
        guard session.startMarkersAreAcknowledged else { return }
        if !hasStarted {
            hasStarted = true
            context.event(.started(journal.entry.job))
        }
        if !wasPushed {
            journal.keep(
                window.acknowledged, position: window.settledPosition(reached: input.bytesConsumed), now: now)
        }
        if progress.isDue(now) {
            context.event(.progress(report()))
        }
    }

    private func report() -> PushProgress {
        let reached = input.bytesConsumed
        return progress.report(
            input.isSkipping ? .skipping : .sending,
            bytes: input.isSkipping ? reached : window.settledPosition(reached: reached), size: size,
            target: claimedPosition, records: input.records, now: now)
    }

    private func keepJournal(_ state: JournalEntry.State) {
        guard session.startMarkersAreAcknowledged, !wasPushed else { return }
        journal.close(
            state, window.acknowledged, ends: input.ends,
            position: window.settledPosition(reached: input.bytesConsumed))
    }

    // MARK: -

    private func say(_ sentence: String) { context.event(.notice(sentence, isWarning: true)) }

    /// What is on its way when the user stops has a second to be acknowledged.
    private func settle(_ error: any Error) -> PipelineError {
        let failure: PipelineError =
            switch error {
            case let failure as PipelineError: failure
            case let error as FileError: .broken(error.message)
            case let error as KafkaError:
                fatalFailure(error, topic: context.topic.name, to: .write) ?? .kafka("\(error)")
            default: fatalFailure(error) ?? .kafka("\(error)")
            }
        if failure == .interrupted, hasStarted, let producer {
            let end = context.now + .seconds(1)
            while !window.isEmpty, context.now < end { producer.poll(milliseconds: 50) }
        }
        return failure
    }
}

extension ByteBuffer {
    convenience init(_ bytes: [UInt8]) {
        self.init(capacity: bytes.count)
        append(bytes)
    }

    convenience init(header: WireHeader) {
        self.init(
            [UInt8](unsafeUninitializedCapacity: WireHeader.maximumSize) { buffer, count in
                count = header.encode(to: buffer.baseAddress!)
            })
    }
}
