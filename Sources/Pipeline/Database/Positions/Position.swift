// How far a partition was read, and how far a job is in it: what a batch compares and swaps.

/// A message taken earlier, by which the topic is known again.
package struct Anchor: Equatable, Sendable {
    package let offset: Int64
    package let hash: UInt64

    package init(offset: Int64, hash: UInt64) {
        self.offset = offset
        self.hash = hash
    }
}

/// A row of userload.positions. (generation, nextOffset) is what every write compares.
package struct Position: Equatable, Sendable {
    package let partition: Int32
    /// From 1.
    package let generation: Int32
    /// −1: begin at the log's start.
    package let nextOffset: Int64
    package let anchor: Anchor?

    package init(partition: Int32, generation: Int32, nextOffset: Int64, anchor: Anchor?) {
        self.partition = partition
        self.generation = generation
        self.nextOffset = nextOffset
        self.anchor = anchor
    }
}

/// What a job says a duplicate is and what to do with it: names, since a newer userload may know more of them.
package struct JobKey: Equatable, Sendable {
    package let fields: [String]
    package let onDuplicate: String

    package init(fields: [String], onDuplicate: String) {
        self.fields = fields
        self.onDuplicate = onDuplicate
    }
}

/// A row of userload.progress.
package struct Progress: Equatable, Sendable {
    /// The sequence number applied last; −1 nothing yet.
    package var last: Int64 = -1
    /// The highest sequence number seen that could not be applied; −1 none.
    package var passedOver: Int64 = -1
    package var digest: UInt64 = 0
    /// The end marker was applied.
    package var ended = false
    /// There is a row; else a batch has to make it.
    package var exists = false
    /// Of the job, as its start marker said; nil: none was applied or passed over yet.
    package var key: JobKey?

    package init() {}

    package init(last: Int64, passedOver: Int64, digest: UInt64, ended: Bool, exists: Bool) {
        self.last = last
        self.passedOver = passedOver
        self.digest = digest
        self.ended = ended
        self.exists = exists
    }
}

/// What the database knows of a job in some partitions.
package struct KnownProgress: Equatable, Sendable {
    /// Of the job, as its start marker said.
    package var key: JobKey?
    /// By partition, where there is a row.
    package var places: [Int32: Progress] = [:]

    package init() {}

    /// Also where nothing of the job is known.
    package func progress(_ partition: Int32) -> Progress {
        var progress = places[partition] ?? Progress()
        progress.key = key
        return progress
    }
}
