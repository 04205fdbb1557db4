// Pushes files into one topic, small ones in groups: what `userload push` and `userload load` call.

import FileNames
import Foundation
import Glibc
package import Kafka
import Records

/// Runs on the thread that calls it; so do its events.
package final class Pusher {
    /// Files that are ready wait for others of their group at most this long.
    package var groupPatience = Duration.milliseconds(500)

    private let settings: ClientSettings
    private let topicName: String
    private let options: PushOptions
    private let interrupt: Interrupt
    private let event: (PushEvent) -> Void
    private let verifier: Verifier
    private let clock: PushClock
    private let producer: KeptProducer
    private let journal: Journal?
    private let againJobs: AgainJobs
    private let locks: FileLocks?
    private var run: PushRun
    /// Files of this run so far, by job.
    private var copies: [JobID: Int] = [:]
    private let pathJobs: PathJobs
    /// Called before the first message of files is sent; what it throws is their outcome.
    package var beforeSending: () throws(PipelineError) -> Void = {}
    /// Asked once under --on-duplicate update, before anything is sent: the jobs in the database that hold up what is pushed
    /// now; nil: it cannot be asked.
    package var askOpenUpdates: (Topic) -> [OpenUpdate]? = { _ in nil }
    private var hasAskedForUpdates = false
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
        producer = KeptProducer(settings, topic: topic)
        journal = options.stateDirectory.map { Journal(directory: $0) }
        againJobs = AgainJobs(journal)
        locks = journal.map { FileLocks($0, options, interrupt, clock) }
        run = PushRun(
            id: JobID(high: .random(in: 1 ... .max), low: .random(in: 0 ... .max)), host: thisHost, startedAt: Date(),
            files: 1, label: options.label)
        pathJobs = PathJobs(journal)
    }

    /// Bounded by about two seconds. After this it pushes no more.
    package func close() {
        producer.close { [] }
        verifier.close()
    }

    /// Pushes files; `-` is stdin. Never throws: what went wrong is in the outcomes.
    /// - Parameter tell: hears of the end of each file in the order given. Events about a file come between the end of the
    ///   one before and its own.
    package func push(_ paths: [String], tell: (PushOutcome) -> Void) {
        run.files = max(1, paths.count)
        var files: [PushFile] = []
        var group: PushGroup?
        func finish() {
            conclude(files, group, tell)
            files = []
            group = nil
        }
        for path in paths {
            if let first = files.first, first.age >= groupPatience || !Self.isSmall(path) { finish() }
            let file = PushFile(path, isItsTurn: files.isEmpty, event: event)
            do throws(PipelineError) {
                let (job, topic) = try prepare(file) { key, topic throws(PipelineError) in
                    // It is ours for a file with this content that waits to be sent.
                    if let ours = files.lazy.compactMap(\.lock).first(where: { $0.job == key }) { return ours.lock }
                    return try locks?.lock(key, topic, file: file.path) {
                        finish()
                        file.takeTurn()
                        againJobs.forget()
                    } event: {
                        file.event($0)
                    }
                }
                if let same = group?.job(job.id) {
                    try count(same)
                    file.repeats(same)
                } else {
                    try count(job)
                    if group?.takes(job) == false {
                        finish()
                        file.takeTurn()
                    }
                    if group == nil { group = PushGroup(partitions: topic.partitions, descriptors: Self.descriptors) }
                    group?.append(job)
                    file.prepared(job)
                }
            } catch {
                fail(file, error)
            }
            files.append(file)
            if group?.takesMore != true { finish() }
        }
        finish()
    }

    private var topicPreparation: TopicPreparation {
        TopicPreparation(
            settings: settings, name: topicName, options: options, interrupt: interrupt, clock: clock,
            notice: { [event] in event(.notice($0, isWarning: $1)) })
    }

    /// The clients that will be needed connect meanwhile: far brokers take several round trips.
    private func findTopic() throws(PipelineError) -> Topic? {
        _ = try? producer.open()
        verifier.connect()
        let found = try topicPreparation.find()
        if found == nil {
            // They know that there is no such topic, and would believe so for a while.
            producer.close { [] }
            verifier.close()
        }
        return found
    }

    // MARK: -

    /// One more file of this run is this job.
    private func count(_ job: PushJob) throws(PipelineError) {
        let count = copies[job.id, default: 0] + 1
        copies[job.id] = count
        guard count > 1 else { return }
        do { try job.input.repeats(copies: count) } catch { throw .refused(error.message) }
    }

    /// Concludes what a file is, and finds out which job: nothing is sent yet.
    /// - Parameter lock: takes the lock of a file, before the journal is asked about it.
    private func prepare(
        _ file: PushFile, lock: (JobID, Topic) throws(PipelineError) -> PushLock?
    ) throws(PipelineError) -> (PushJob, Topic) {
        if interrupt.isSet { throw .interrupted }
        if let halted { throw halted }
        let input = try ConcludedInput(file.path, options, interrupt)
        let source = input.source
        file.outcome.isResumable = source.isRegular
        file.stamp = source.isRegular ? source.stamp : nil
        let preparation = try JobPreparation(input, options)
        file.event(.concluded("\(file.path)  \(input.line)"))
        for notice in input.conclusion.notices {
            let words = notice.words(showingValues: options.showsValues)
            file.event(.notice("\(file.path): \(words)", isWarning: false))
        }
        // A file that is refused makes no topic.
        if knownTopic == nil { knownTopic = try findTopic() }
        let content = try preparation.readOnce(clock) { file.event($0) }
        let topic: Topic
        if let knownTopic { topic = knownTopic } else { topic = try topicPreparation.findOrMake() }
        knownTopic = topic
        if let key = preparation.lockedJob(partitions: topic.partitions, content), let lock = try lock(key, topic) {
            file.lock = (key, lock)
        }
        let identity = try preparation.identify(context(topic) { file.event($0) }, content)
        let plan = preparation.plan(partitions: topic.partitions)
        let marker = try preparation.marker(identity, plan, run)
        func messages() throws(PipelineError) -> JobInput {
            do {
                return try JobInput(
                    source: source, marker: marker, plan: plan, scanner: source.isRegular ? nil : input.scanner)
            } catch {
                throw .refused(error.message)
            }
        }
        if topic.isMock, source.isRegular { try MockLimit.check(try messages(), partitions: topic.partitions) }
        return (PushJob(identity, try messages(), event: { [weak file] in file?.event($0) }), topic)
    }

    /// Sends a group, and tells of the files that were waiting for it.
    private func conclude(_ files: [PushFile], _ group: PushGroup?, _ tell: (PushOutcome) -> Void) {
        var sender: JobSender?
        // What may have come up since the files were prepared.
        let obstacle = interrupt.isSet ? .interrupted : halted
        var failure: PipelineError?
        if let group, let topic = knownTopic, obstacle == nil {
            let made = JobSender(context(topic, event), group, producer)
            sender = made
            do throws(PipelineError) {
                try beforeSending()
                warnOfOpenUpdates(topic)
                try made.run()
            } catch {
                failure = error
            }
        }
        for file in files {
            file.takeTurn()
            if let job = file.job, let sender { sender.conclude(file, job, failure) }
            if file.job != nil, let obstacle { fail(file, obstacle) }
            if case .failed(let error) = file.outcome.result { halt(error) }
            tell(file.outcome)
            file.lock = nil
        }
        // What went wrong is said before the producer is closed, which may take a second.
        if failure != nil { sender?.close() }
    }

    /// What a worker would pass over is better known now than in the morning.
    private func warnOfOpenUpdates(_ topic: Topic) {
        guard options.onDuplicate == .update, !hasAskedForUpdates else { return }
        hasAskedForUpdates = true
        let known = askOpenUpdates(topic)
        let updates = known ?? journal?.openUpdates(holdingUp: topic) ?? []
        if let sentence = warning(of: updates, topic, isJournals: known == nil) {
            event(.notice(sentence, isWarning: true))
        }
    }

    private func fail(_ file: PushFile, _ error: PipelineError) {
        file.outcome.result = .failed(error)
        file.outcome.duration = file.age
        halt(error)
    }

    private func halt(_ error: PipelineError) {
        if error.kind == .kafka || error.kind == .configuration { halted = error }
    }

    private func context(_ topic: Topic, _ event: @escaping (PushEvent) -> Void) -> PushContext {
        PushContext(
            settings: settings, topic: topic, options: options, interrupt: interrupt, verifier: verifier, clock: clock,
            journal: journal, againJobs: againJobs, pathJobs: pathJobs, event: event)
    }

    /// As far as can be told before it is opened: what is not must not keep others waiting.
    private static func isSmall(_ path: String) -> Bool {
        var status = stat()
        guard path != "-", withFileName(path, { stat($0, &status) }) == 0 else { return path != "-" }
        return status.st_mode & S_IFMT == S_IFREG && status.st_size <= PushGroup.smallFile
    }

    /// How many files this process may have open.
    private static var descriptors: Int {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? Int(clamping: limit.rlim_cur) : 256
    }
}
