// Where a message of ours stands in a partition's log, and what of a partition is known to stand there.

/// A message of a job: its sequence number and the offset the broker gave it.
package struct LogPosition: Codable, Equatable, Sendable {
    package var seq: UInt64
    package var offset: Int64

    package init(seq: UInt64, offset: Int64) {
        self.seq = seq
        self.offset = offset
    }
}

/// Where a message of one of several jobs must stand.
package struct LogPlace: Equatable, Sendable {
    /// As the window numbers them.
    package let lane: Int
    package let job: Int
    package let partition: Int
    package let position: LogPosition
}

/// What of one partition is acknowledged: all of the job's messages up to `last`. `first` is the first one
/// acknowledged in this log; with `last` it tells whether the log is still the same.
package struct Acknowledged: Codable, Equatable, Sendable {
    package var first: LogPosition
    package var last: LogPosition

    package init(first: LogPosition, last: LogPosition) {
        self.first = first
        self.last = last
    }
}

/// Where the end markers of a job lie that a run of push had acknowledged: once the positions have passed them, all that
/// this run sent was taken.
package struct EndOffsets: Equatable, Sendable {
    package let cluster: String
    package let topic: String
    /// By partition.
    package let offsets: [Int64]

    package init(cluster: String, topic: String, offsets: [Int64]) {
        self.cluster = cluster
        self.topic = topic
        self.offsets = offsets
    }

    /// Of a job that this or another process has pushed.
    package init?(_ entry: JournalEntry) {
        guard entry.state == .pushed else { return nil }
        let offsets = entry.partitions.compactMap { $0?.last.offset }
        guard offsets.count == entry.partitions.count else { return nil }
        self.init(cluster: entry.cluster, topic: entry.topic, offsets: offsets)
    }
}
