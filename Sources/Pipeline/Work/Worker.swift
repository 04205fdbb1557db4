// The worker: polls Kafka, builds batches, hands them to the loaders, and minds positions, anchors, outages and the
// end. One thread does all of this; the loaders' threads and the control thread answer through one mailbox.

import Foundation
package import Kafka
package import Log
import Postgres
import Records

package final class Worker {
    enum Event: Sendable {
        case loader(Int, LoaderThread.Answer)
        case located(ticket: UInt64, Result<[Location], any Error>)
        case checked(ticket: UInt64, began: [Int32: Expectation], Result<Check, any Error>)
        case drained(Result<DrainCheck, any Error>)
        case ended(Result<[JobStatus], any Error>)
    }

    /// What a partition's row may say while batches are in flight, and the message that may become its anchor.
    struct Expectation: Sendable {
        var generation: Int32
        var offsets: [Int64]
        var candidate: Anchor?
    }

    struct Check: Sendable {
        var positions: [Position]
        var replaced: [Int32]
    }

    struct DrainCheck: Sendable {
        var behind: [Int32]
        var moved: Int64
        /// Logs made anew since the drain began, with what they hold now.
        var anew: [Location]
    }

    let options: WorkOptions
    let log: Logger
    let interrupt: Interrupt
    /// Goes up when the servers get no more time: every wait on them ends.
    var abandon = Interrupt()
    let mail = Mailbox<Event>()

    var summary = WorkSummary()
    var failure: PipelineError?
    /// The loaders have been stopped: what is in hand is read again by whoever comes next.
    var isClosing = false
    /// The schema or the key changed under us: begin anew.
    var mustRestart = false

    var world: SessionFacts!
    var consumer: Consumer!
    var control: LookupThread!
    var loaders: [LoaderThread] = []
    var builders: [BatchBuilder] = []
    var spare: [Batch] = []
    var intake: MessageProcessor!
    var assignment = Assignment()
    /// By partition number.
    var states: [PartitionState?] = []
    /// Holds until some batch is void.
    var askedAhead = ProgressCache()
    /// The rest of this poll's messages belong to an assignment that is gone.
    var isRoundStale = false

    var kafkaOutage = Outage("Kafka")
    var postgresOutage = Outage("Postgres")
    var drain: Drain?
    var isDrainCheckUnderWay = false
    var isDrained = false
    /// The sum of all positions at the last look: others' progress is progress.
    var drainMoved: Int64 = -1
    var isCheckUnderWay = false
    var saidCaughtUp = false
    var saidEnded: Set<JobID> = []

    var lastProgress = ContinuousClock.now
    var lastMessage = ContinuousClock.now
    var heldSince: ContinuousClock.Instant?
    var nextCheck = ContinuousClock.now
    var nextDrainCheck = ContinuousClock.now
    var nextCommit = ContinuousClock.now
    var locateAgain: (at: ContinuousClock.Instant, ticket: UInt64)?
    var locateBackoff = Backoff()
    var uncommitted: [Int32: Int64] = [:]

    /// Called on the worker's thread when the database is migrated.
    package var onReady: (() -> Void)?

    /// - Parameter interrupt: when it is set, the batch in hand is finished and `run` returns.
    package init(_ options: WorkOptions, log: Logger, interrupt: Interrupt) {
        self.options = options
        self.log = log
        self.interrupt = interrupt
    }

    /// Works until interrupted, drained or beyond help. Call once, on a thread that has nothing else to do.
    package func run() throws(PipelineError) -> WorkSummary {
        repeat {
            mustRestart = false
            do {
                try open()
                try loop()
            } catch let error as PipelineError {
                failure = error
            } catch {
                failure = PipelineError.kafka("\(error)")
            }
            close()
        } while mustRestart && failure == nil && !interrupt.isSet
        // Told to stop, it does not matter that a server was away; what a person must mend is said all the same.
        if let failure, !interrupt.isSet || failure.kind == .configuration { throw failure }
        summary.wasInterrupted = interrupt.isSet
        return summary
    }

    private func loop() throws {
        while !interrupt.isSet, failure == nil, !mustRestart, !isDrained {
            for event in mail.takeAll() { handle(event) }
            submitDue()
            try mindTime()
            if isHeldUp, !assignment.isPaused {
                for event in mail.takeAll(wait: .milliseconds(50)) { handle(event) }
            } else {
                try poll()
            }
        }
    }

    // MARK: Taking messages

    private func poll() throws {
        isRoundStale = false
        var hasMessages = false
        _ = try consumer.poll(maximum: 4_000, milliseconds: 50) { event in
            switch event {
            case .message(let message):
                hasMessages = true
                take(message)
            case .endOfPartition(let partition, let offset): takeEnd(partition, offset)
            case .failed(let partition, let error): handle(error, partition)
            }
        }
        if hasMessages { lastMessage = .now }
    }

    @inline(__always)
    private func take(_ message: Message) {
        guard isTaken(message.partition, message.offset, isEnd: false),
            let state = states[Int(message.partition)]
        else { return }
        let builder = builders[state.loader]
        do {
            try intake.take(message, state, into: builder)
            state.taken = message.offset + 1
        } catch {
            mindPostgres(error)
            reset(loader: state.loader)
            return
        }
        if builder.isFull, builder.inFlight < 2 { submit(state.loader) }
    }

    /// Everything below `offset` was taken: the position moves there, past markers that no message has.
    private func takeEnd(_ partition: Int32, _ offset: Int64) {
        guard isTaken(partition, offset, isEnd: true), let state = states[Int(partition)] else { return }
        mindKafkaIsBack()
        guard offset != state.taken else { return }
        state.taken = offset
        builders[state.loader].touch(state)
    }

    @inline(__always)
    private func isTaken(_ partition: Int32, _ offset: Int64, isEnd: Bool) -> Bool {
        if isRoundStale { return false }
        switch assignment.arrived(partition, offset, isEnd: isEnd) {
        case .take: return true
        case .skip: return false
        case .assignAgain(let list):
            log.debug("\(options.topic)/\(partition): the first offset is \(offset); assigning once more")
            perform([.assign(list)])
            return false
        }
    }

    // MARK: Handing batches over

    /// A batch is full and its loader has two already.
    var isHeldUp: Bool {
        builders.contains { $0.inFlight >= 2 && $0.isFull }
    }

    private func submitDue() {
        let now = ContinuousClock.now
        let quiet = assignment.isAtEnd ? now - lastMessage : nil
        for (index, builder) in builders.enumerated() where !builder.isEmpty && builder.inFlight < 2 {
            if builder.isDue(at: now, quiet: quiet) { submit(index) }
        }
    }

    func submit(_ index: Int) {
        let builder = builders[index]
        let batch = builder.finish()
        builder.inFlight += 1
        loaders[index].submit(batch, epoch: builder.epoch)
        builder.begin(spare.popLast() ?? Batch())
    }

    /// Nothing of what this loader was given or is to be given holds any more: read its partitions' positions again.
    func reset(loader index: Int) {
        void(index)
        perform(assignment.reset(assignment.partitions.filter { loader(of: $0) == index }))
    }

    func void(_ index: Int) {
        let builder = builders[index]
        askedAhead.forget()
        builder.epoch += 1
        loaders[index].discard(before: builder.epoch)
        builder.batch.reset()
        builder.begin(builder.batch)
        for partition in states.indices where states[partition]?.loader == index { states[partition] = nil }
    }

    /// Owned partitions are dealt out in order.
    func loader(of partition: Int32) -> Int {
        (assignment.partitions.firstIndex(of: partition) ?? 0) % options.connections
    }

    // MARK: What the assignment wants

    func perform(_ actions: [Assignment.Action]) {
        for action in actions {
            switch action {
            case .assign(let list):
                isRoundStale = true
                do {
                    try consumer.assign(list.map { ($0.partition, $0.offset) })
                } catch {
                    failure = PipelineError.kafka("assigning partitions: \(error)")
                }
            case .locate(let partitions, let ticket):
                control.perform({ try $0.locator.locate(partitions) }) { [mail] result in
                    mail.post(.located(ticket: ticket, result))
                }
            }
        }
    }
}

// MARK: The group

extension Worker: ConsumerHandler {
    package func assigned(_ partitions: [Int32], by consumer: Consumer) {
        for index in builders.indices { void(index) }
        perform(assignment.assigned(partitions))
        states = Array(repeating: nil, count: Int(partitions.max() ?? -1) + 1)
        saidCaughtUp = false
        lastProgress = .now
        sayOwned(partitions)
    }

    /// Batches in flight commit or roll back before the partitions are let go.
    package func revoked(_ partitions: [Int32], lost: Bool, by consumer: Consumer) {
        finishBatches(submitting: !lost && !isClosing, until: .now + (interrupt.isSet ? .zero : .seconds(60)))
        for index in builders.indices { void(index) }
        commitOffsets()
        assignment.revoked()
        states = []
    }

    package func failed(_ error: KafkaError) { handle(error, nil) }

    /// Waits for the batches in flight – and those in hand, if asked – while Postgres answers.
    func finishBatches(submitting: Bool, until end: ContinuousClock.Instant) {
        if submitting, !postgresOutage.isOn {
            for index in builders.indices where !builders[index].isEmpty { submit(index) }
        }
        while builders.contains(where: { $0.inFlight > 0 }), !postgresOutage.isOn, failure == nil,
            ContinuousClock.now < end
        {
            for event in mail.takeAll(wait: .milliseconds(50)) { handle(event) }
        }
    }
}
