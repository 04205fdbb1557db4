// Our settings for librdkafka: those that must hold, those that a user's file may change, those it may not touch.

enum RequiredSettings {
    /// One message with key, header and batch overhead around a value of 1 MiB.
    static let messageBytes = "1064960"

    static let common = [
        ("allow.auto.create.topics", "false"),
        ("message.max.bytes", messageBytes),
    ]

    /// Without these an acknowledgement would not mean that the message is in the log, once and in order.
    static let producer = [
        ("acks", "all"),
        ("enable.idempotence", "true"),
        // The default, 300 s, holds even with idempotence, and a timeout leaves a gap.
        ("message.timeout.ms", "0"),
        ("delivery.report.only.error", "false"),
        // Partitions are always given; another value in the user's file is a wish we would not fulfil.
        ("partitioner", "consistent_random"),
    ]

    static let consumer = [
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", "error"),
        ("isolation.level", "read_committed"),
        ("enable.partition.eof", "true"),
        ("partition.assignment.strategy", "range"),
    ]

    static let all = common + producer + consumer

    static let forbidden = [
        ("group.id", "each database has its own group"),
        ("group.instance.id", "members of the group are not static"),
        ("transactional.id", "push does not use transactions"),
    ]

    /// Our defaults for libraries that know them; 2.0.2 does not. Its name's default of 1 s halves our speed there, for
    /// our queues are small; 0 burns CPU.
    static func defaultsIfKnown(of role: ClientRole) -> [(String, String)] {
        switch role {
        case .consumer, .reader: [("fetch.queue.backoff.ms", "10")]
        case .producer, .admin: []
        }
    }

    static func required(of role: ClientRole) -> [(String, String)] {
        switch role {
        case .producer: common + producer
        case .consumer, .reader: common + consumer
        case .admin: common
        }
    }

    static func defaults(of role: ClientRole) -> [(String, String)] {
        // Back within a second of the broker; the default waits up to 10 s.
        // Requests go out at once: one that waits for the answer to another (Nagle's algorithm) costs a round trip.
        let connection = [("reconnect.backoff.max.ms", "1000"), ("socket.nagle.disable", "true")]
        switch role {
        case .producer:
            // How much is queued is for the caller to bound (a long queue thrashes the cache); the default is 1 GiB.
            return connection + [
                ("queue.buffering.max.messages", "131072"), ("queue.buffering.max.kbytes", "32768"),
                ("linger.ms", "5"), ("compression.codec", "lz4"),
            ]
        case .consumer:
            // Partitions that were added are known, and read, within 30 s. The default is 5 minutes.
            let metadata = [("topic.metadata.refresh.interval.ms", "20000")]
            // Fed again when it has halved (`Consumer.wakeFetcher`), it need not be long: 300,000 were no faster, and
            // took 100 MB more. Small fetches keep it from being overshot by a megabyte (compressed) a partition.
            return connection + metadata + [
                ("queued.min.messages", "100000"), ("queued.max.messages.kbytes", "16384"),
                ("fetch.message.max.bytes", "131072"),
                // At the heels of a push, not a request for each of its batches (−10 % for both). Less than one partition
                // may give at a time, above. The end of a partition is known when this time is over, too.
                ("fetch.min.bytes", "65536"), ("fetch.wait.max.ms", "50"),
                ("session.timeout.ms", "10000"), ("check.crcs", "true"),
            ]
        case .reader:
            // One message is wanted, at once: nothing is fetched ahead, nothing waited for.
            return connection + [
                ("queued.min.messages", "1"), ("fetch.message.max.bytes", "16384"), ("fetch.wait.max.ms", "10"),
                ("fetch.error.backoff.ms", "50"), ("check.crcs", "true"),
            ]
        case .admin: return connection
        }
    }
}
