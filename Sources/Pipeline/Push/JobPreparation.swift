// A file before it is a job: opened, concluded what it is, then hashed and looked up in the journal.

import Files
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
        // A job that goes on is still the same run.
        runAt = claim == .open ? entry.runAt : Date()
    }
}

/// One thread owns it.
final class JobPreparation {
    let journal: Journal?
    /// Of a stream, which is read once; it has not begun.
    let scanner: RecordScanner
    let conclusion: Conclusion

    private let encoding: TextEncoding
    private let container: Container?
    private let source: FileSource
    private let options: PushOptions
    private let path: String

    init(_ source: FileSource, _ options: PushOptions) throws(PipelineError) {
        self.source = source
        self.options = options
        journal = options.stateDirectory.map { Journal(directory: $0) }
        path = source.path == "-" ? "-" : URL(fileURLWithPath: source.path).standardizedFileURL.path
        do {
            let flags = options.input
            var window = try source.window()
            var first = source.isRegular ? nil : Self.firstRecord(window, flags)
            while !source.isRegular, first == nil, try source.widenWindow() {
                window = try source.window()
                first = Self.firstRecord(window, flags)
            }
            guard !window.isEmpty else { throw PipelineError.refused("is empty") }
            let isWhole = try first == nil && source.windowIsWhole()
            conclusion = try withBytes(Array(window.prefix(first ?? window.count))) { bytes in
                try Conclusion(
                    bytes, isWhole: isWhole, offset: source.textStart, flags, keyFields: options.keyFields,
                    today: .today)
            }
            encoding = try source.encoding()
            container = try source.container()
            scanner = RecordScanner(offset: source.textStart) { [source] in try source.read($0) }
        } catch {
            throw Self.refusal(error, source, options.input)
        }
    }

    func plan(partitions: Int) -> Plan {
        Plan(
            input: conclusion, encoding: encoding == .utf8 ? nil : encoding.name, keyFields: options.keyFields,
            partitions: partitions, onDuplicate: options.onDuplicate)
    }

    /// What the file is taken for, for people.
    var line: String { conclusion.line([encoding.words] + (container.map { [$0.rawValue] } ?? [])) }

    /// The job's id and what the journal claims of it. Reads a regular file once.
    func identify(_ context: PushContext) throws(PipelineError) -> JobIdentity {
        let plan = plan(partitions: context.topic.partitions)
        guard source.isRegular else {
            let nonce = Self.nonce()
            return JobIdentity(entry(context, plan.jobID(nonce: nonce), nil, nonce), .nothing)
        }
        let content = try readOnce(context)
        let size = source.bytesRead
        let decoded = source.textHash()
        func job(_ nonce: [UInt8]?) -> JobID {
            plan.jobID(content: content, size: size, decoded: decoded, label: options.label, nonce: nonce)
        }
        if options.again { return again(context, content, job) }
        let job = job(nil)
        let known: JournalEntry?
        do throws(JournalError) {
            known = try journal?.entry(cluster: context.topic.cluster, topic: context.topic.name, job: job)
        } catch {
            context.event(.notice("\(error.message): it counts as absent, everything is sent", isWarning: true))
            known = nil
        }
        return identity(context, known, entry(context, job, content, nil))
    }

    /// - Throws: `refused` if no worker would take it.
    func marker(_ identity: JobIdentity, _ plan: Plan) throws(PipelineError) -> StartMarker {
        let entry = identity.entry
        let marker = StartMarker(
            job: entry.job, contentHash: entry.contentHash, label: options.label, path: path,
            size: entry.size.map { Int64($0) }, host: Self.host, format: conclusion.form,
            delimiter: conclusion.form == .csv ? conclusion.dialect.delimiter : nil, header: conclusion.header,
            options: repetition,
            keyFields: options.keyFields, onDuplicate: options.onDuplicate, partitions: plan.partitions,
            again: options.again, runAt: identity.runAt, conclusion: line)
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
        let known =
            journal?.entries(cluster: context.topic.cluster, topic: context.topic.name) { entry in
                guard let nonce = entry.nonce, entry.contentHash == content, job(nonce) == entry.job else {
                    return false
                }
                return entry.state == .open || options.resend
            } ?? []
        if let latest = known.max(by: { $0.runAt < $1.runAt }) {
            return identity(context, latest, entry(context, latest.job, content, latest.nonce))
        }
        let nonce = Self.nonce()
        return JobIdentity(entry(context, job(nonce), content, nonce), .nothing)
    }

    private func identity(_ context: PushContext, _ known: JournalEntry?, _ fresh: JournalEntry) -> JobIdentity {
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
        JournalEntry(
            cluster: context.topic.cluster, topic: context.topic.name, job: job, path: path, label: options.label,
            contentHash: content, size: source.isRegular ? source.bytesRead : nil, runAt: Date(), nonce: nonce,
            partitions: context.topic.partitions)
    }

    /// What to type after `userload push` to get this job again.
    private var repetition: [String] {
        var words: [String] = []
        if let label = options.label { words += ["--label", label] }
        words += options.input.words
        if options.again { words.append("--again") }
        return words + [path]
    }

    private func readOnce(_ context: PushContext) throws(PipelineError) -> ContentHash {
        source.rewind()
        if conclusion.form == .array || conclusion.form == .objects { return try readStructure(context) }
        var progress = ProgressClock(input: source.path, start: context.now)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        do {
            while try source.read(buffer) > 0 {
                let now = context.now
                guard progress.isDue(now) else { continue }
                context.event(
                    .progress(progress.report(.checking, bytes: source.positionInFile, size: source.size, now: now)))
            }
        } catch {
            throw Self.refusal(error, source, options.input)
        }
        return source.contentHash()
    }

    /// Reads a file of JSON once, so that a break of its structure is found before anything is sent.
    private func readStructure(_ context: PushContext) throws(PipelineError) -> ContentHash {
        var progress = ProgressClock(input: source.path, start: context.now)
        let scanner: RecordScanner
        do {
            _ = try source.window()
        } catch {
            throw Self.refusal(error, source, options.input)
        }
        scanner = RecordScanner(offset: source.textStart) { [source] in
            let now = context.now
            if progress.isDue(now) {
                context.event(
                    .progress(progress.report(.checking, bytes: source.positionInFile, size: source.size, now: now)))
            }
            return try source.read($0)
        }
        do {
            try scanner.begin(conclusion)
            while try scanner.next() {}
        } catch {
            throw Self.refusal(error, source, options.input)
        }
        return source.contentHash()
    }

    /// Nothing was sent yet: whatever the input's fault is, it is refused.
    private static func refusal(
        _ error: any Error, _ source: FileSource, _ flags: InputFlags
    ) -> PipelineError {
        switch error {
        case let error as InputError: .refused(error.message)
        case let error as FileError:
            .refused(error.message, wayOut: error.remedy.map { WayOut($0, unpacking: unpackers(source), flags) })
        case let refusal as Refusal:
            refusal.kind == .usage
                ? .usage(refusal.message)
                : .refused(refusal.message, wayOut: refusal.remedy.map { WayOut($0, decoding: decoders(source)) })
        case let failure as PipelineError: failure
        default: .refused("\(error)")
        }
    }

    private static func firstRecord(_ window: ArraySlice<UInt8>, _ flags: InputFlags) -> Int? {
        window.withUnsafeBufferPointer { StreamWindow.length($0, flags) }
    }

    /// What unpacks the file, and what makes UTF-8 of it, as far as it is known.
    private static func unpackers(_ source: FileSource) -> [Unpacker] {
        ((try? source.container()) ?? nil).map { [$0.unpacker] } ?? []
    }

    private static func decoders(_ source: FileSource) -> [Unpacker] {
        guard let encoding = try? source.encoding(), encoding != .utf8 else { return unpackers(source) }
        return unpackers(source) + [.transcode(from: encoding.name)]
    }

    /// gethostname(2); ProcessInfo's asks the resolver.
    private static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func nonce() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}

extension CalendarDate {
    /// In local time.
    fileprivate static var today: CalendarDate {
        let parts = Calendar(identifier: .gregorian).dateComponents([.year, .month, .day], from: Date())
        return CalendarDate(clamping: parts.year ?? 0, parts.month ?? 1, parts.day ?? 1)
    }
}

extension TextEncoding {
    /// For people: in which of its two orders a file is, its byte order mark says.
    fileprivate var words: String { isUTF16 ? "UTF-16" : name }
}
