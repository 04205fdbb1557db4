// What a worker knows of the jobs whose records come: how far they are, asked from the database, and which were touched,
// passed over and told of in this run. Bounded, however many jobs a topic has.

import Postgres
import Records

/// What a run remembers of jobs, across sessions. Used by the polling thread only.
final class RunHistory {
    /// A service sees any number of jobs; beyond this many it may say something twice.
    static let limit = 10_000

    private(set) var touched: Set<JobID> = []
    private(set) var passedOver: Set<JobID> = []
    private var toldEnded: Set<JobID> = []
    var counts = WorkCounts()
    /// A batch may have been committed without its counts having been learnt.
    var isIncomplete = false

    func touch(_ job: JobID) {
        if touched.count < Self.limit { touched.insert(job) } else { isIncomplete = true }
    }

    /// Whether this is the first time.
    func passOver(_ job: JobID) -> Bool { Self.insert(job, into: &passedOver) }

    func tellsEnd(of job: JobID) -> Bool { Self.insert(job, into: &toldEnded) }

    func isToldEnded(_ job: JobID) -> Bool { toldEnded.contains(job) }

    private static func insert(_ job: JobID, into set: inout Set<JobID>) -> Bool {
        if set.count >= limit, !set.contains(job) { set.removeAll() }
        return set.insert(job).inserted
    }
}

/// What the message processor cannot know by itself.
protocol ProgressSource: AnyObject {
    /// How far a job is in a partition, from the database.
    func progress(of job: JobID, partition: Int32) throws -> Progress
    /// What is kept of these jobs is out of date.
    func forget(_ jobs: [JobID])
    /// Something of the job is in the batch at hand.
    func touched(_ job: JobID)
    /// A job that updates begins, and another one, pushed with another number of partitions, is open.
    func mustWait(_ marker: StartMarker) throws -> Bool
    /// A job that is not loaded into this database.
    func passedOver(_ job: JobID, _ reason: PassOverReason)
}

/// Of one session.
final class JobDirectory: ProgressSource {
    private static let placesOfAQuestion = 65_536

    private let ask: ([JobID], [Int32]) throws -> [JobID: KnownProgress]
    private let history: RunHistory
    private let databaseKey: KeyFields
    private let report: (WorkEvent) -> Void
    private var cache = ProgressCache()
    private var order = UpdateOrder()
    /// Asks the database which jobs that update are open; given those that this session has begun.
    var askOrder: ([JobID]) throws -> OpenUpdates = { _ in OpenUpdates() }
    /// Those that one question is for.
    var partitions: [Int32] = []
    /// Jobs of messages that come next.
    var upcoming: () -> Set<JobID> = { [] }

    /// - Parameter ask: the database, how far jobs are in partitions.
    init(
        _ history: RunHistory, databaseKey: KeyFields, report: @escaping (WorkEvent) -> Void,
        ask: @escaping ([JobID], [Int32]) throws -> [JobID: KnownProgress]
    ) {
        self.ask = ask
        self.history = history
        self.databaseKey = databaseKey
        self.report = report
    }

    func progress(of job: JobID, partition: Int32) throws -> Progress {
        if let known = cache.take(job, partition) { return known }
        let partitions = partitions
        let most = max(1, Self.placesOfAQuestion / max(1, partitions.count))
        let jobs = [job] + upcoming().filter { $0 != job && !cache.has($0) }.prefix(most - 1)
        let found = try ask(jobs, partitions)
        let asked = Set(partitions)
        for job in jobs { cache.keep(job, found[job] ?? KnownProgress(), partitions: asked) }
        return cache.take(job, partition) ?? Progress()
    }

    func forget(_ jobs: [JobID]) { jobs.forEach { cache.forget($0) } }

    func forgetAll() { cache.forgetAll() }

    func touched(_ job: JobID) { history.touch(job) }

    func mustWait(_ marker: StartMarker) throws -> Bool {
        try order.mustWait(marker, ask: askOrder)
    }

    /// Messages are taken that were in the topic before now.
    func pollBegins() { order.pollBegins() }

    func passedOver(_ job: JobID, _ reason: PassOverReason) {
        guard history.passOver(job) else { return }
        report(.passedOver(job, reason, databaseKey: databaseKey))
    }
}
