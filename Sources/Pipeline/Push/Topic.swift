// The topic of a push: asked for, created if it is not there, and refused if it would lose records.

import Kafka
import Records

/// What a push has to know of its topic.
package struct Topic: Hashable, Sendable {
    package let name: String
    /// The cluster's id.
    package let cluster: String
    package let partitions: Int

    package var isMock: Bool { isMockCluster(cluster) }
}

/// One use; on the calling thread.
struct TopicPreparation {
    let settings: ClientSettings
    let name: String
    let options: PushOptions
    let interrupt: Interrupt
    let clock: PushClock
    let notice: (_ sentence: String, _ isWarning: Bool) -> Void
    private let firstContact = FirstContact()

    init(
        settings: ClientSettings, name: String, options: PushOptions, interrupt: Interrupt, clock: PushClock,
        notice: @escaping (_ sentence: String, _ isWarning: Bool) -> Void
    ) {
        self.settings = settings
        self.name = name
        self.options = options
        self.interrupt = interrupt
        self.clock = clock
        self.notice = notice
    }

    /// Asks until Kafka answers, at most for the stall timeout. nil: it is not there.
    func find() throws(PipelineError) -> Topic? {
        let admin = try admin()
        defer { admin.close() }
        return try find(admin)
    }

    /// The same, and creates it if it is not there.
    func findOrMake() throws(PipelineError) -> Topic {
        let admin = try admin()
        defer { admin.close() }
        if let found = try find(admin) { return found }
        return Topic(name: name, cluster: try cluster(admin), partitions: try make(admin))
    }

    private func admin() throws(PipelineError) -> Admin {
        do {
            // Reading the clock makes this wait count as time that has passed.
            return try Admin(settings) { [clock, interrupt] in
                _ = clock.now
                return interrupt.isSet
            }
        } catch {
            throw fatalFailure(error) ?? .kafka("\(error)")
        }
    }

    private func cluster(_ admin: Admin) throws(PipelineError) -> String {
        try answer { timeout throws(KafkaError) in try admin.clusterID(timeout: timeout) } ?? noClusterID
    }

    private func find(_ admin: Admin) throws(PipelineError) -> Topic? {
        let found = try answer { timeout throws(KafkaError) in try admin.partitions(of: name, timeout: timeout) }
        guard let found else { return nil }
        // Behind a question about the topic, whose answer tells it.
        let topic = Topic(name: name, cluster: try cluster(admin), partitions: found)
        try check(admin, topic)
        if let wanted = options.partitions, wanted != found {
            let count = "\(found) partition\(found == 1 ? "" : "s")"
            notice("topic \(name) has \(count); --partitions is for a topic that has to be created", true)
        }
        return topic
    }

    /// How many partitions it was made with.
    private func make(_ admin: Admin) throws(PipelineError) -> Int {
        let partitions = options.partitions ?? 12
        let configuration = [
            ("cleanup.policy", "delete"), ("message.timestamp.type", "LogAppendTime"),
            ("max.message.bytes", String(Limits.messageBytes)),
            ("retention.ms", String(options.retention.components.seconds * 1000)),
        ]
        try answer(to: .create) { _ throws(KafkaError) in
            do throws(KafkaError) {
                try admin.create(
                    topic: name, partitions: partitions, replication: options.replication,
                    configuration: configuration, timeout: .seconds(5))
            } catch {
                // Another push may have created it just now, or we, without an answer.
                if error.code != .topicAlreadyExists { throw error }
                return
            }
            let replication =
                options.replication == -1 ? "the broker's replication" : "replication \(options.replication)"
            notice(
                "created topic \(name): \(partitions) partition\(partitions == 1 ? "" : "s"), \(replication), kept for "
                    + Self.spelled(options.retention), false)
        }
        // Brokers learn of a new topic one after another.
        let start = clock.now
        while clock.now - start < options.stallTimeout {
            let found = try answer { timeout throws(KafkaError) in try admin.partitions(of: name, timeout: timeout) }
            if let found { return found }
            if interrupt.isSet { throw .interrupted }
            pause(milliseconds: 50)
        }
        throw .kafka("topic \(name) was created, but no broker knows it")
    }

    /// Refuses a topic that drops messages for their keys, or takes none of our size.
    private func check(_ admin: Admin, _ topic: Topic) throws(PipelineError) {
        let settings = try answer { _ throws(KafkaError) -> TopicSettings? in
            do throws(KafkaError) {
                return try TopicSettings.ask(admin, of: name, cluster: topic.cluster, timeout: .seconds(5))
            } catch {
                if error.isConnection || error.isAuthentication || error.code == .interrupted { throw error }
                let why = error.isAuthorization ? "ACL: DESCRIBE_CONFIGS on the topic" : "\(error)"
                notice("the settings of topic \(name) may not be read (\(why)); they were not checked", true)
                return nil
            }
        }
        guard let settings else { return }
        if settings.isCompacted { throw TopicSettings.refusal(ofCompacted: name) }
        if let limit = settings.messageLimit, limit < Limits.messageBytes {
            throw .configuration(
                "topic \(name) takes messages of at most \(limit) bytes; set its max.message.bytes to \(Limits.messageBytes)"
            )
        }
    }

    /// Repeats a question while the broker is away.
    private func answer<Answer>(
        to use: TopicUse = .see, _ ask: (_ timeout: Duration) throws(KafkaError) -> Answer
    ) throws(PipelineError) -> Answer {
        let start = clock.now
        var hasSaid = false
        while true {
            if interrupt.isSet { throw .interrupted }
            do throws(KafkaError) {
                return try ask(.seconds(1))
            } catch {
                let waited = clock.now - start
                if let failure = fatalFailure(error, topic: name, to: use) { throw failure }
                // LEADER_NOT_AVAILABLE: so some brokers answer while a topic is being created.
                guard error.isConnection || error.code == .leaderNotAvailable else {
                    throw use == .create
                        ? .configuration("topic \(name) could not be created: \(error)") : .kafka(error.description)
                }
                guard waited < options.stallTimeout else {
                    throw gaveUp(
                        error, "Kafka did not answer for \(Self.spelled(options.stallTimeout)): \(error.message)")
                }
                if !hasSaid {
                    notice(
                        "Kafka does not answer (\(error.message)); trying for \(Self.spelled(options.stallTimeout))",
                        true)
                    hasSaid = true
                }
                if waited >= FirstContact.patience, firstContact.isDue {
                    notice(FirstContact.kafka(settings.brokerNames), false)
                }
                // An answer that came at once would come as fast again.
                pause(milliseconds: 20)
            }
        }
    }

    /// Whole seconds in words: "7 days", "90 seconds".
    static func spelled(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        let units: [(String, Int64)] = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)]
        let (unit, size) = units.first { seconds >= $0.1 && seconds % $0.1 == 0 } ?? units[3]
        return "\(seconds / size) \(unit)\(seconds / size == 1 ? "" : "s")"
    }
}
