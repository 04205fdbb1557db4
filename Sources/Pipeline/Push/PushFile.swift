// A file of a push, from its preparation to its end.

import Records

/// What is told about it waits until it is its turn: until the end of every file before it is told. One thread owns it.
final class PushFile {
    let path: String
    var outcome: PushOutcome
    /// nil: a stream.
    var stamp: FileStamp?
    /// nil: it was refused.
    private(set) var job: PushJob?
    private let begin = ContinuousClock.now
    private let send: (PushEvent) -> Void
    private var isItsTurn: Bool
    private var waiting: [PushEvent] = []
    /// Another file before it is the same job.
    private var isRepeated = false

    init(_ path: String, isItsTurn: Bool, event: @escaping (PushEvent) -> Void) {
        self.path = path
        self.isItsTurn = isItsTurn
        send = event
        outcome = PushOutcome(input: path)
    }

    var age: Duration { .now - begin }

    func event(_ event: PushEvent) {
        // How far it is, is of interest now or never.
        if case .progress = event { return send(event) }
        if isItsTurn { send(event) } else { waiting.append(event) }
    }

    func takeTurn() {
        isItsTurn = true
        waiting.forEach(send)
        waiting = []
    }

    /// Of its push; nil: not locked (yet).
    var lock: (job: JobID, lock: PushLock)?

    func prepared(_ job: PushJob) { self.job = job }

    /// An earlier file is the same job: what comes of that comes of this.
    func repeats(_ job: PushJob) {
        self.job = job
        isRepeated = true
    }

    /// What came of its job.
    /// - Parameters:
    ///   - claim: what was believed of the journal.
    ///   - ends: nil: not all of it was acknowledged.
    func conclude(_ failure: PipelineError?, claim: ProducerSession.Claim, acknowledged: UInt64, ends: EndOffsets?) {
        defer { outcome.duration = age }
        guard let job else { return }
        outcome.job = job.hasStarted ? job.id : nil
        outcome.acknowledged = acknowledged
        outcome.ends = ends
        let entry = job.identity.entry
        if let stamp, let content = entry.contentHash, let size = entry.size {
            outcome.file = PushedFile(stamp: stamp, content: content, size: size)
        }
        if !isRepeated {
            outcome.records = job.input.records
            outcome.rejects = job.input.rejects
            outcome.toldRejects = job.identity.entry.toldRejects ?? 0
            outcome.spared = job.input.spared
            outcome.errors = job.input.errors
            outcome.form = job.input.form
            outcome.bytes = job.input.bytesConsumed
        } else if job.hasStarted {
            event(.started(job.id))
        }
        if let failure {
            outcome.result = .failed(failure)
        } else if claim == .pushed {
            outcome.result = .alreadyPushed(job.identity.entry.runAt, expired: job.hasExpired)
            outcome.rejects = isRepeated ? 0 : job.identity.entry.rejects ?? 0
        } else if isRepeated {
            outcome.result = .alreadyPushed(job.identity.runAt, expired: false)
        }
    }
}
