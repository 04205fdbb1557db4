// A pass over a whole input that finds out what is in it, without any server: `check`, and `push` with limits.

package import Records

struct FirstPass {
    private let input: ConcludedInput
    private let keyFields: KeyFields
    private let now: () -> Duration
    private let event: (PushEvent) -> Void

    init(
        _ input: ConcludedInput, keyFields: KeyFields, now: @escaping () -> Duration,
        event: @escaping (PushEvent) -> Void
    ) {
        self.input = input
        self.keyFields = keyFields
        self.now = now
        self.event = event
    }

    /// - Throws: `refused` if it cannot be read to its end, `interrupted`.
    func run() throws(PipelineError) -> RecordTally {
        let source = input.source
        var progress = ProgressClock(input: source.path, start: now())
        do {
            let scanner = try input.scannerFromStart {
                let now = now()
                guard progress.isDue(now) else { return }
                event(.progress(progress.report(.checking, bytes: source.positionInFile, size: source.size, now: now)))
            }
            try scanner.begin(input.conclusion)
            // Neither the partition nor the id counts here.
            let plan = Plan(
                input: input.conclusion, encoding: input.encoding, keyFields: keyFields, partitions: 1,
                onDuplicate: .skip)
            let stream = RecordStream(scanner: scanner, plan: plan, job: .foreign)
            let ages = AgeTally()
            stream.ages = ages
            while try stream.next() {}
            return RecordTally(stream, ages)
        } catch {
            throw input.refusal(error)
        }
    }
}

/// What `userload check` finds.
package struct CheckOutcome {
    /// As given.
    package let file: String
    /// What it is taken for; nil if that cannot be said.
    package internal(set) var conclusion: String?
    /// What a person should know beside it.
    package internal(set) var notices: [String] = []
    /// nil: it was not read to its end.
    package internal(set) var tally: RecordTally?
    /// Refused, as push would.
    package internal(set) var error: PipelineError?

    /// Checks one file; `-` is stdin. What went wrong is in the outcome.
    /// - Parameter event: on the thread that calls.
    package init(
        _ file: String, _ options: PushOptions, interrupt: Interrupt, event: @escaping (PushEvent) -> Void
    ) {
        self.file = file
        let clock = PushClock()
        do throws(PipelineError) {
            let input = try ConcludedInput(file, options, interrupt)
            conclusion = input.line
            notices = input.conclusion.notices.map { $0.words(showingValues: options.showsValues) }
            let found = try FirstPass(input, keyFields: options.keyFields, now: { clock.now }, event: event).run()
            tally = found
            try options.limits.check(found)
        } catch {
            self.error = error
        }
    }
}
