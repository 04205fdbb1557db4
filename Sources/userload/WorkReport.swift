// What a worker tells, as sentences and levels of the log.

import CommandLineOptions
import Kafka
import Log
import Pipeline
import Records

/// The words for one worker's events; on the worker's thread.
struct WorkReport: Sendable {
    let logger: Logger
    let topic: String
    let brokers: String
    /// Part of a command that speaks for itself: what is ordinary is said at debug only.
    let isEmbedded: Bool
    /// Only what a person must act on: not what healed, and not what the status tells.
    let isQuiet: Bool

    init(_ options: WorkOptions, _ logger: Logger, isEmbedded: Bool = false, isQuiet: Bool = false) {
        self.logger = logger
        topic = options.topic
        brokers = options.kafka.brokerNames
        self.isEmbedded = isEmbedded
        self.isQuiet = isQuiet
    }

    func tell(_ event: WorkEvent) {
        if case .settled = event { return }
        if case .batch = event, logger.level > .debug { return }
        logger.log(level(of: event), sentence(event), fields(of: event))
    }

    private func level(of event: WorkEvent) -> LogLevel {
        if isQuiet {
            switch event {
            case .outage, .obstacle, .partitions, .newGeneration, .jobEnded: return .debug
            default: break
            }
        }
        return switch event {
        case .migrated, .firstContact(.postgres): .info
        // Push says it too.
        case .firstContact(.kafka): isEmbedded ? .debug : .info
        case .waitingForTopic, .reading, .owns, .leftToOthers, .caughtUp: isEmbedded ? .debug : .info
        case .jobEnded(let job) where job.state == .completed: isEmbedded ? .debug : .info
        case .jobEnded, .partitions, .passedOver, .descriptionRefused, .newGeneration, .expired, .unreadable,
            .openTransaction, .outage, .obstacle:
            .warning
        case .batch, .settled, .detail: .debug
        }
    }

    private func fields(of event: WorkEvent) -> [(String, String)] {
        switch event {
        case .jobEnded(let job): [("job", job.slug)]
        case .passedOver(let job, _, _), .descriptionRefused(let job, _): [("job", job.slug)]
        case .batch(_, let partitions): [("partitions", "\(partitions)")]
        default: []
        }
    }

    func sentence(_ event: WorkEvent) -> String {
        switch event {
        case .migrated(let sentences): sentences.joined(separator: "; ")
        case .waitingForTopic:
            "waiting for topic \(topic): it does not exist; `userload push` creates it"
        case .reading(let partitions, let messages, let database, let isFirstTime):
            "reading \(topic) on \(brokers) (\(counted(partitions, "partition"))) into \(database)"
                + "\(isFirstTime ? "; first time" : ""): \(counted(messages, "message")) to read"
        case .owns(let owned, let total, let consumers):
            owned > 0
                ? "owns \(owned) of \(counted(total, "partition"))"
                : "owns none: \(counted(total, "partition")), "
                    + "\(consumers.map { counted($0, "consumer") } ?? "enough other consumers"), idle"
        case .leftToOthers(let consumers):
            "\(consumers.map { $0 > 0 ? counted($0, "consumer") : "another load" } ?? "another load") may be reading "
                + "partitions that are behind: waiting while they move"
        case .partitions(let before, let now):
            before == 0
                ? "topic \(topic) exists again, with \(counted(now, "partition"))"
                : "topic \(topic) has \(counted(now, "partition")) now, it had \(grouped(before))"
        case .caughtUp(let counts): "caught up: \(Self.text(counts)) in this run"
        case .batch(let counts, _): "batch: \(Self.text(counts))"
        case .settled(let isSettled): isSettled ? "nothing left to read" : "reading"
        case .jobEnded(let job):
            "job \(job.slug) \(job.state == .completed ? "completed" : "is inconsistent"): \(counted(job.lines, "line")) = "
                + "\(grouped(job.inserted)) inserted + \(grouped(job.updated)) updated + "
                + "\(counted(job.duplicates, "duplicate")) + \(grouped(job.rejected)) rejected"
        case .passedOver(let job, let reason, let key): passedOver(job, reason, key)
        case .descriptionRefused(let job, let reason):
            "Postgres refused the description of job \(job.slug) (\(reason)); its records are loaded without it"
        case .newGeneration(let partition, let generation):
            "\(topic)/\(partition) was created again or cut: reading it from its start (generation \(generation)); "
                + "what was loaded before is not loaded again"
        case .expired(let partition, let from, let next):
            "\(topic)/\(partition): offsets \(from) to \(next - 1) expired before they were read; reading resumes at \(next). "
                + "`userload push --resend` with its file loads what was lost of a job"
        case .unreadable(let partition, let from, let next, let reason):
            "\(topic)/\(partition): offsets \(from) to \(next - 1) cannot be unpacked (\(reason)); passed over. "
                + "`userload push --resend` with its file loads what was lost of a job"
        case .openTransaction(let partition, let offset, let end):
            "\(topic)/\(partition): another producer's transaction is open at offset \(offset); the \(end - offset) "
                + "offsets up to \(end) can be read once it ends"
        case .firstContact(.kafka): FirstContact.kafka(brokers)
        case .firstContact(.postgres): FirstContact.postgres
        case .obstacle(let obstacle): "\(obstacle.sentence); trying again"
        case .outage(let server, let news, let reason): outage(server, news, reason)
        case .detail(let detail): self.detail(detail)
        }
    }

    /// What a drain says that did not come to its end.
    static func stopped(_ word: String, _ counts: WorkCounts, behind: Int64?, command: String) -> String {
        let behind = behind ?? 0
        let left = behind > 0 ? "; \(counted(behind, "message")) \(behind == 1 ? "is" : "are") left in the topic" : ""
        return "\(word): \(text(counts)) in this run\(left); nothing is lost, to resume: \(command)"
    }

    static func text(_ counts: WorkCounts) -> String {
        "\(grouped(counts.inserted)) inserted, \(counts.updated > 0 ? "\(grouped(counts.updated)) updated, " : "")"
            + "\(counted(counts.duplicates, "duplicate")), "
            + counted(counts.rejected, "reject")
    }

    private func passedOver(_ job: JobID, _ reason: PassOverReason, _ key: KeyFields) -> String {
        switch reason {
        case .otherKey(let fields, let mode):
            "job \(job.slug) is passed over: its key is \(fields.joined(separator: ",")) (on duplicate: \(mode)), this "
                + "database's is \(key.text). Set USERLOAD_UNIQUE_KEY and run `userload migrate`, or push it with this "
                + "key; then `userload push --resend` loads it"
        case .otherPartitions(let count):
            "job \(job.slug) is passed over: it updates and was pushed for \(counted(count, "partition")), while another such "
                + "job, pushed for another number, has not ended; once it has, `userload push --resend` loads it"
        case .newerWire(let version):
            "job \(job.slug) is passed over: it has wire version \(version), newer than this program; upgrade `work`, "
                + "then `userload push --resend` loads it"
        }
    }

    private func outage(_ server: WorkEvent.Server, _ news: Outage.News, _ reason: String) -> String {
        let name = server == .kafka ? "Kafka" : "Postgres"
        return switch news {
        case .began: "\(name) cannot be reached: \(reason); trying again"
        case .lasts(let duration):
            "\(name) has been away for \(duration.components.seconds / 60) min: \(reason); trying again"
        case .ended(let duration): "\(name) is back after \(duration.components.seconds) s"
        }
    }

    private func detail(_ detail: WorkEvent.Detail) -> String {
        switch detail {
        case .positionsMoved(let loader): "loader \(loader): positions were moved by somebody else; reading them again"
        case .positionLost(let partition): "\(topic)/\(partition) is not where we left it; reading its position again"
        case .assignedAgain(let partition, let offset):
            "\(topic)/\(partition): the first offset is \(offset); assigning once more"
        case .readsByHand(let count, let total): "reads \(count) of \(counted(total, "partition")) by itself"
        case .clientStuck: "a call to Kafka's client did not return; connecting again"
        case .schemaChanged: "the schema or the key changed; reading both again"
        }
    }
}
