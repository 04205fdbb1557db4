// Pushes files into one topic, one after another: what `userload push` and `userload load` call.

import Foundation
package import Kafka
import Records

/// Runs on the thread that calls it; so do its events.
package final class Pusher {
    private let settings: ClientSettings
    private let topicName: String
    private let options: PushOptions
    private let interrupt: Interrupt
    private let event: (PushEvent) -> Void
    private let verifier: Verifier
    private let clock: PushClock
    /// Of the file before. What went wrong is said before its producer is closed, which may take a second.
    private var lastSender: JobSender?
    /// Called before a file's first message is sent; what it throws is the file's outcome.
    package var beforeSending: () throws(PipelineError) -> Void = {}
    /// What stopped one file and would stop every other.
    private var halted: PipelineError?
    private var knownTopic: Topic?

    package init(
        _ settings: ClientSettings, topic: String, options: PushOptions, interrupt: Interrupt,
        event: @escaping (PushEvent) -> Void
    ) {
        self.settings = settings
        topicName = topic
        self.options = options
        self.interrupt = interrupt
        self.event = event
        let clock = PushClock()
        self.clock = clock
        verifier = Verifier(settings, topic: topic) {
            // Reading the clock makes the verifier's wait count as time that has passed.
            _ = clock.now
            return interrupt.isSet
        }
    }

    /// Bounded by about two seconds. After this it pushes no more.
    package func close() {
        closeLast()
        verifier.close()
    }

    private func closeLast() {
        lastSender?.close()
        lastSender = nil
    }

    /// Pushes one file; `-` is stdin. Never throws: what went wrong is in the outcome.
    package func push(_ path: String) -> PushOutcome {
        closeLast()
        let begin = ContinuousClock.now
        var outcome = PushOutcome(input: path)
        do throws(PipelineError) {
            if interrupt.isSet { throw .interrupted }
            if let halted { throw halted }
            try push(path, &outcome)
        } catch {
            outcome.result = .failed(error)
            if error.kind == .kafka || error.kind == .configuration { halted = error }
        }
        outcome.duration = .now - begin
        return outcome
    }

    private var topicPreparation: TopicPreparation {
        TopicPreparation(
            settings: settings, name: topicName, options: options, interrupt: interrupt, clock: clock,
            notice: { [event] in event(.notice($0, isWarning: $1)) })
    }

    private func push(_ path: String, _ outcome: inout PushOutcome) throws(PipelineError) {
        let file = try ConcludedInput(path, options, interrupt)
        let source = file.source
        outcome.isResumable = source.isRegular
        let preparation = try JobPreparation(file, options)
        event(.concluded("\(path)  \(file.line)"))
        for notice in file.conclusion.notices {
            let words = notice.words(showingValues: options.showsValues)
            event(.notice("\(path): \(words)", isWarning: false))
        }
        // A file that is refused makes no topic.
        if knownTopic == nil { knownTopic = try topicPreparation.find() }
        let content = try preparation.readOnce(clock, event)
        let topic: Topic
        if let knownTopic { topic = knownTopic } else { topic = try topicPreparation.findOrMake() }
        knownTopic = topic
        let context = PushContext(
            settings: settings, topic: topic, options: options, interrupt: interrupt, verifier: verifier, clock: clock,
            event: event)
        let identity = try preparation.identify(context, content)
        let job = identity.entry.job
        let plan = preparation.plan(partitions: topic.partitions)
        func input() -> JobInput {
            JobInput(
                source: source, job: job, plan: plan, content: identity.entry.contentHash,
                scanner: source.isRegular ? nil : file.scanner)
        }
        if topic.isMock, source.isRegular { try MockLimit.check(input(), partitions: topic.partitions) }
        let messages = input()
        let journal = JobJournal(preparation.journal, identity.entry, runAt: identity.runAt) { [event] in
            event(.notice($0, isWarning: true))
        }
        let sender = try JobSender(
            context, input: messages, journal: journal, marker: preparation.marker(identity, plan),
            claim: identity.claim)
        lastSender = sender
        defer {
            outcome.job = sender.hasStarted ? job : nil
            outcome.records = messages.records
            outcome.rejects = messages.rejects
            outcome.spared = messages.spared
            outcome.errors = messages.errors
            outcome.form = plan.input.form
            outcome.bytes = messages.bytesConsumed
            outcome.acknowledged = sender.acknowledged
        }
        try beforeSending()
        try sender.run()
        outcome.ends = EndOffsets(cluster: topic.cluster, topic: topic.name, offsets: sender.lastOffsets)
        if sender.wasPushed {
            outcome.result = .alreadyPushed(identity.entry.runAt, expired: sender.hasExpired)
        }
    }
}
