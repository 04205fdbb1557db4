// What a name on `status`'s command line means: a file, a label, a slug, or a job that only this host's journal knows.

import CommandLineOptions
import FileNames
import Files
import Glibc
import Log
import Pipeline
import Records

struct JobFinder {
    enum Answer {
        /// `others`: earlier jobs of the same label, the latest first.
        case job(JobStatus, others: [JobStatus])
        /// A label's latest run of each host, the newest first, and the jobs of all of them.
        /// `hosts`: how many there are; of the others nothing is known.
        case runs([LabelRun], jobs: [JobStatus], hosts: Int)
        /// Every job with the file's bytes, the latest push first.
        case file([JobStatus])
        /// Only this host's journal knows it.
        case journal(JournalEntry, place: String)
        case nothing(Failure)
    }

    let session: DatabaseSession
    let context: Context
    /// nil: of any host.
    var host: String?

    func find(_ name: String) throws -> Answer {
        if name.contains("/") || (name != "-" && withFileName(name) { access($0, F_OK) } == 0) {
            return try find(file: name)
        }
        let (runs, hosts) = try session.jobs.latestRuns(label: name, host: host)
        // A run of one file is told as its job.
        if !runs.isEmpty, runs.count > 1 || runs[0].files > 1 {
            let jobs = try session.jobs.statuses(runs.flatMap(\.jobs).unique)
            return .runs(runs, jobs: context.knowingInterrupted(jobs), hosts: hosts)
        }
        switch try session.jobs.find(name) {
        case .found(let job, let others):
            // By the broker's clock; its pusher's may say otherwise.
            let jobs = [job] + others
            let latest = runs.first?.jobs.first.flatMap { id in jobs.first { $0.id == id } }
            let answer = latest ?? jobs.first { host == nil || $0.host == host }
            guard let answer else {
                return .nothing(
                    Failure(.noSuchJob, "no run of '\(name)' on \(host ?? "") in \(session.connection.place)"))
            }
            return .job(context.knowingInterrupted([answer])[0], others: jobs.filter { $0.id != answer.id })
        case .ambiguous(let jobs): return .nothing(session.ambiguous(name, jobs))
        case .none: break
        }
        let entries = name.count >= 6 ? journal?.find(slugPrefix: name) ?? [] : []
        guard let entry = entries.first else { return .nothing(session.noSuchJob(name)) }
        return .journal(entry, place: session.connection.place)
    }

    private func find(file path: String) throws -> Answer {
        let (content, size) = try contentHash(ofFile: path, context.interrupt)
        let jobs = try session.jobs.find(content: content, size: Int64(size))
        if !jobs.isEmpty { return .file(context.knowingInterrupted(jobs)) }
        if let entry = journal?.find(slugPrefix: "").first(where: { $0.contentHash == content && $0.size == size }) {
            return .journal(entry, place: session.connection.place)
        }
        return .nothing(
            Failure(
                .noSuchJob, "\(path) (\(sizeText(size))): no job with this content in \(session.connection.place)",
                hint: "`userload load \(shellQuoted(path))` loads it"))
    }

    /// Of a label by host, of a file or a job the newest push; empty: no run of it is known.
    func completedRuns(_ name: String) throws -> [CompletedRun] {
        let isFile = name.contains("/") || (name != "-" && withFileName(name) { access($0, F_OK) } == 0)
        if !isFile {
            let runs = try session.jobs.completedRuns(label: name, host: host)
            if !runs.isEmpty { return runs }
        }
        let jobs: [JobStatus] =
            switch try find(name) {
            case .job(let job, let others): [job] + others
            case .file(let jobs), .runs(_, let jobs, _): jobs
            case .journal, .nothing: []
            }
        let wanted = jobs.filter { host == nil || $0.host == host }
        return wanted.isEmpty ? [] : [try session.jobs.completedPush(of: wanted.map(\.id))]
    }

    /// Where this host's journal says that the end markers of jobs lie.
    func ends(of jobs: [JobID]) -> [JobID: EndOffsets] {
        guard let journal else { return [:] }
        return jobs.reduce(into: [:]) { ends, job in
            ends[job] = journal.find(slugPrefix: job.text).lazy.compactMap(EndOffsets.init).first
        }
    }

    private var journal: Journal? { Journal.directory(environment: context.environment).map(Journal.init(directory:)) }
}

extension JobFinder.Answer {
    /// Of several jobs with a file's bytes, the latest push.
    var waitedFor: [JobID] {
        switch self {
        case .job(let job, _): [job.id]
        case .file(let jobs): jobs.prefix(1).map(\.id)
        case .runs(_, let jobs, _): jobs.map(\.id)
        case .journal(let entry, _): [entry.job]
        case .nothing: []
        }
    }

    /// The same answer with the newest state of its job.
    func refreshed(_ jobs: [JobStatus], _ runs: [LabelRun]) -> Self {
        if case .runs(let before, _, let hosts) = self {
            let now = runs.filter { run in before.contains { $0.id == run.id } }
            let ids = Set(now.flatMap(\.jobs))
            return .runs(now, jobs: jobs.filter { ids.contains($0.id) }, hosts: hosts)
        }
        guard let id = waitedFor.first, let job = jobs.first(where: { $0.id == id }) else { return self }
        if case .job(_, let others) = self { return .job(job, others: others) }
        return .job(job, others: [])
    }

    /// Those that are shown.
    var jobs: [JobStatus] {
        switch self {
        case .job(let job, _): [job]
        case .file(let jobs), .runs(_, let jobs, _): jobs
        case .journal, .nothing: []
        }
    }

    /// Runs whose other jobs may still come.
    var runs: [JobID] { if case .runs(let runs, _, _) = self { runs.map(\.id) } else { [] } }

    /// A file of a run has no job, or a host was not looked at: a state could not be read.
    var lacksJobs: Bool {
        if case .runs(let runs, _, let hosts) = self {
            hosts > runs.count || runs.contains { $0.missing > 0 }
        } else {
            false
        }
    }

    var isNothing: Bool { if case .nothing = self { true } else { false } }

    /// nil: it is not a label's answer.
    func labelReport(_ details: StatusDetails) -> LabelReport? {
        guard case .runs(let runs, let jobs, let hosts) = self else { return nil }
        return LabelReport(runs: runs, jobs: jobs, hosts: hosts, details: details)
    }

    /// Lines for people, one list per job.
    func reports(_ details: StatusDetails) -> [[String]] {
        switch self {
        case .job(let job, let others): [details.report(job).lines + earlier(others, details.times)]
        case .file(let jobs): jobs.map { details.report($0).lines }
        case .runs: labelReport(details)?.paragraphs ?? []
        case .journal(let entry, let place): [pendingReport(entry, place: place, times: details.times)]
        case .nothing: []
        }
    }

    func documents(_ details: StatusDetails) -> [JSONValue] {
        switch self {
        case .job(let job, _): [details.document(job)]
        case .file(let jobs), .runs(_, let jobs, _): jobs.map(details.document)
        case .journal(let entry, _): [pendingDocument(entry)]
        case .nothing: []
        }
    }

    /// `earlier under this label: 9qw3r6t1 completed (2026-11-22 02:00)`.
    private func earlier(_ jobs: [JobStatus], _ times: Times) -> [String] {
        guard !jobs.isEmpty else { return [] }
        let listed = jobs.prefix(5).map { job in
            "\(job.slug) \(job.state.rawValue)" + (job.pushedAt.map { " (\(times.dayAndTime($0)))" } ?? "")
        }
        let rest = jobs.count > 5 ? " and \(jobs.count - 5) more" : ""
        return ["earlier under this label: " + listed.joined(separator: ", ") + rest]
    }
}

extension [JobID] {
    /// Each once, in their order.
    fileprivate var unique: [JobID] {
        var seen: Set<JobID> = []
        return filter { seen.insert($0).inserted }
    }
}

/// Reads a file for its content, as push does.
private func contentHash(ofFile path: String, _ interrupt: Interrupt) throws -> (ContentHash, size: UInt64) {
    do {
        let source = try FileSource(contentOf: path, interrupt: interrupt)
        guard source.isRegular else {
            throw PipelineError.refused("not a regular file: its content cannot be looked up")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1)
        defer { buffer.deallocate() }
        while try source.read(buffer) > 0 {}
        return (source.contentHash(), source.bytesRead)
    } catch let error as PipelineError where error.kind == .refused {
        throw Failure(.input, "\(path): \(error.message)")
    } catch let error as FileError {
        throw Failure(.input, "\(path): \(error.message)")
    }
}
