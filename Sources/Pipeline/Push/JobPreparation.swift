// A file before it is a job: opened, concluded what it is, then hashed and looked up in the journal.

import Foundation
import Glibc
import Records

/// What a job is, and what the journal knows of it.
struct JobIdentity {
    let entry: JournalEntry
    let claim: ProducerSession.Claim
    /// For the start marker: when the run began.
    let runAt: Date

    init(_ entry: JournalEntry, _ claim: ProducerSession.Claim) {
        self.entry = entry
        self.claim = claim
        // A job that is resumed is still the same run.
        runAt = claim == .open ? entry.runAt : Date()
    }

    /// As the journal is to have it.
    var entryOfThisRun: JournalEntry {
        var entry = entry
        entry.runAt = runAt
        return entry
    }
}

/// One thread owns it.
final class JobPreparation {
    let input: ConcludedInput

    private var source: FileSource { input.source }
    private var conclusion: Conclusion { input.conclusion }
    private let options: PushOptions
    private let path: String

    /// - Throws: `usage` if the options ask of a stream what only a file can give.
    init(_ input: ConcludedInput, _ options: PushOptions) throws(PipelineError) {
        self.input = input
        self.options = options
        let name = input.source.path
        path = name == "-" ? "-" : URL(fileURLWithPath: name).standardizedFileURL.path
        if !input.source.isRegular, options.limits != RecordLimits() {
            throw .usage("--max-rejects and --min-records need a file: a stream is read only once")
        }
    }

    func plan(partitions: Int) -> Plan {
        Plan(
            input: conclusion, encoding: input.encoding, keyFields: options.keyFields,
            partitions: partitions, onDuplicate: options.onDuplicate)
    }

    /// Reads a regular file once; nil: a stream. Before there is a topic: what is refused makes none.
    func readOnce(_ clock: PushClock, _ event: @escaping (PushEvent) -> Void) throws(PipelineError) -> ContentHash? {
        do {
            try StartMarker.checkDescription(path: path, options: repetition, conclusion: input.line)
        } catch {
            throw .refused(error.message)
        }
        guard source.isRegular else { return nil }
        if options.limits != RecordLimits() {
            let pass = FirstPass(input, keyFields: options.keyFields, now: { clock.now }, event: event)
            try options.limits.check(try pass.run())
            return source.contentHash()
        }
        var progress = ProgressClock(input: source.path, start: clock.now)
        func tell() {
            let now = clock.now
            guard progress.isDue(now) else { return }
            event(
                .progress(progress.report(.checking, bytes: source.positionInFile, size: source.size, now: now)))
        }
        do {
            if conclusion.form == .array || conclusion.form == .objects {
                // So that a break of its structure is found before anything is sent.
                let scanner = try input.scannerFromStart(reading: {})
                try scanner.begin(conclusion)
                while try scanner.next() { tell() }
            } else {
                source.rewind()
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
                defer { buffer.deallocate() }
                while try source.read(buffer) > 0 { tell() }
            }
        } catch {
            throw input.refusal(error)
        }
        return source.contentHash()
    }

    /// What a file's lock is named by: its job without a nonce, so that one with --again keeps it to itself, too. nil: a
    /// stream, which nobody else can push.
    func lockedJob(partitions: Int, _ content: ContentHash?) -> JobID? {
        content.map {
            plan(partitions: partitions).jobID(
                content: $0, size: source.bytesRead, decoded: source.textHash(), label: options.label, nonce: nil)
        }
    }

    /// The job's id and what the journal claims of it.
    /// - Parameter content: what `readOnce` found; nil: a stream.
    func identify(_ context: PushContext, _ content: ContentHash?) throws(PipelineError) -> JobIdentity {
        let plan = plan(partitions: context.topic.partitions)
        guard let content else {
            let nonce = Self.nonce()
            return JobIdentity(entry(context, plan.jobID(nonce: nonce), nil, nonce), .nothing)
        }
        let size = source.bytesRead
        let decoded = source.textHash()
        // Its buffers: many files may be held until all of them are in the log.
        defer { source.rewind() }
        func job(_ nonce: [UInt8]?) -> JobID {
            plan.jobID(content: content, size: size, decoded: decoded, label: options.label, nonce: nonce)
        }
        if options.onDuplicate == .update { return try updating(context, content, job) }
        if options.again { return again(context, content, job) }
        let job = job(nil)
        let known: JournalEntry?
        do throws(JournalError) {
            known = try context.journal?.entry(cluster: context.topic.cluster, topic: context.topic.name, job: job)
        } catch {
            context.event(.notice("\(error.message): it counts as absent, everything is sent", isWarning: true))
            known = nil
        }
        return identity(context, known, entry(context, job, content, nil))
    }

    /// - Throws: `refused` if no worker would take it.
    func marker(_ identity: JobIdentity, _ plan: Plan, _ run: PushRun) throws(PipelineError) -> StartMarker {
        let entry = identity.entry
        let marker = StartMarker(
            job: entry.job, contentHash: entry.contentHash, label: options.label, path: path,
            size: entry.size.map { Int64($0) }, host: thisHost, format: conclusion.form,
            delimiter: conclusion.form == .csv ? conclusion.dialect.delimiter : nil, header: conclusion.header,
            options: repetition,
            keyFields: options.keyFields, onDuplicate: options.onDuplicate, partitions: plan.partitions,
            again: options.again, runAt: identity.runAt, conclusion: input.line, run: run)
        do {
            try marker.checkLimits()
        } catch {
            throw .refused(error.message)
        }
        return marker
    }

    // MARK: -

    /// Goes on with the latest unfinished `--again` job of this content (with `--resend`: the latest of all), or
    /// begins one. A job's id follows from content and nonce, so no other file's entry can be taken for it.
    private func again(_ context: PushContext, _ content: ContentHash, _ job: ([UInt8]?) -> JobID) -> JobIdentity {
        let known = context.againJobs.entries(
            of: content, cluster: context.topic.cluster, topic: context.topic.name
        ).filter { entry in
            guard let nonce = entry.nonce, job(nonce) == entry.job else { return false }
            return entry.state == .open || options.resend
        }
        if let latest = known.max(by: { $0.runAt < $1.runAt }) {
            return identity(context, latest, entry(context, latest.job, content, latest.nonce))
        }
        let nonce = Self.nonce()
        return JobIdentity(entry(context, job(nonce), content, nonce), .nothing)
    }

    /// The last job from this path, if it is of this content and plan; else a new one, so that A, B, A loads A again.
    private func updating(
        _ context: PushContext, _ content: ContentHash, _ job: ([UInt8]?) -> JobID
    ) throws(PipelineError) -> JobIdentity {
        let topic = context.topic
        let last = context.pathJobs.last(from: path, cluster: topic.cluster, topic: topic.name)
        if let last, last.contentHash == content, job(last.nonce) == last.job {
            if !options.again || options.resend || last.state == .open {
                return identity(context, last, entry(context, last.job, content, last.nonce))
            }
        } else if options.resend {
            let reason =
                last == nil
                ? "the journal knows no job from \(path)"
                : "the last job from \(path) has other content or other options"
            throw .usage(
                "--resend with --on-duplicate update repeats the last job of a file alone, and \(reason)",
                hint: "--again in its place loads the file as it is now")
        }
        let nonce = Self.nonce()
        let entry = entry(context, job(nonce), content, nonce)
        do throws(JournalError) {
            try context.pathJobs.begin(entry)
        } catch {
            context.event(.notice("\(error.message): the same command will load the file once more", isWarning: true))
        }
        return JobIdentity(entry, .nothing)
    }

    private func identity(_ context: PushContext, _ known: JournalEntry?, _ fresh: JournalEntry) -> JobIdentity {
        var fresh = fresh
        fresh.toldRejects = known?.toldRejects
        guard let known, !options.resend, known.partitions.count == context.topic.partitions else {
            return JobIdentity(fresh, .nothing)
        }
        switch known.state {
        case .open: return JobIdentity(known, known.partitions.contains { $0 != nil } ? .open : .nothing)
        case .pushed: return JobIdentity(known, .pushed)
        case .broken:
            context.event(
                .notice(
                    "\(source.path) changed while it was pushed before: it is sent again from its start; if the job "
                        + "stays inconsistent, push --again loads it", isWarning: true))
            return JobIdentity(fresh, .nothing)
        }
    }

    private func entry(
        _ context: PushContext, _ job: JobID, _ content: ContentHash?, _ nonce: [UInt8]?
    ) -> JournalEntry {
        var entry = JournalEntry(
            cluster: context.topic.cluster, topic: context.topic.name, job: job, path: path, label: options.label,
            contentHash: content, size: source.isRegular ? source.bytesRead : nil, runAt: Date(), nonce: nonce,
            partitions: context.topic.partitions)
        if options.onDuplicate == .update { entry.updates = true }
        return entry
    }

    /// What to type after `userload push` to get this job again.
    private var repetition: [String] {
        var words: [String] = []
        if let label = options.label { words += ["--label", label] }
        if options.onDuplicate != .skip { words += ["--on-duplicate", options.onDuplicate.rawValue] }
        words += options.input.words + options.limits.words
        if options.again { words.append("--again") }
        return words + [path]
    }

    private static func nonce() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}
