// What a worker tells while it runs. The command turns these into words.

package import Records

package enum WorkEvent: Sendable {
    package enum Server: Sendable { case kafka, postgres }

    /// The schema was created or upgraded: sentences of the migrator.
    case migrated([String])
    /// The topic does not exist (any more); it is waited for. Told once.
    case waitingForTopic
    /// All is known to begin. `messages`: in the log behind the positions.
    case reading(partitions: Int, messages: Int64, database: String, isFirstTime: Bool)
    /// The group gave us so many of the topic's partitions. `consumers`: members of the group, if they could be counted;
    /// asked only when we own none.
    case owns(Int, of: Int, consumers: Int?)
    /// A drain or a load leaves partitions that are behind to the service's consumers, or to another load, for as long as
    /// they move. Told once. `consumers`: members of the group, if they were counted.
    case leftToOthers(consumers: Int?)
    /// The topic has another number of partitions than before.
    case partitions(from: Int, to: Int)
    /// Everything owned has been read to its end and is in the database. Told once an assignment.
    case caughtUp(WorkCounts)
    case batch(WorkCounts, partitions: Int)
    /// Whether everything owned has been read to its end and is in the database; told whenever that changes.
    case settled(Bool)
    /// A job ended with what this worker loaded: completed or inconsistent. Told once a job.
    case jobEnded(JobStatus)
    case passedOver(JobID, PassOverReason, databaseKey: KeyFields)
    /// The database refused a job's description; its records are loaded all the same.
    case descriptionRefused(JobID, String)
    /// A partition is read from its start again: the topic was created again or cut.
    case newGeneration(partition: Int32, generation: Int32)
    /// Offsets that retention removed before they were read; reading resumes at `next`.
    case expired(partition: Int32, from: Int64, next: Int64)
    /// A batch that the broker gives and nobody can read; reading resumes at `next`.
    case unreadable(partition: Int32, from: Int64, next: Int64, reason: String)
    /// A drain cannot reach `end`: a transaction of another producer is open at `offset`.
    case openTransaction(partition: Int32, offset: Int64, end: Int64)
    /// Batches are not loaded though Postgres answers. Told after some, then once a minute.
    case obstacle(BatchObstacle)
    case outage(Server, Outage.News, reason: String)
    /// Nothing has answered there for some seconds since the start. Told once.
    case firstContact(Server)
    /// For finding a fault.
    case detail(Detail)

    package enum Detail: Equatable, Sendable {
        /// Another worker, or a restored database, moved positions: they are read again.
        case positionsMoved(loader: Int)
        /// The database's row or the topic's message is not what we left there.
        case positionLost(partition: Int32)
        /// The first message after `assign` was not the expected one.
        case assignedAgain(partition: Int32, offset: Int64)
        /// So many of the topic's partitions are read without a group.
        case readsByHand(Int, of: Int)
        /// Schema or key changed: the worker reads both again.
        case schemaChanged
        /// A call into librdkafka has not returned in time; another client takes its place.
        case clientStuck
    }
}

/// Records that this worker loaded in this run, by outcome.
package struct WorkCounts: Equatable, Sendable {
    package var inserted = 0
    package var updated = 0
    package var duplicates = 0
    package var rejected = 0

    package init(inserted: Int = 0, updated: Int = 0, duplicates: Int = 0, rejected: Int = 0) {
        self.inserted = inserted
        self.updated = updated
        self.duplicates = duplicates
        self.rejected = rejected
    }

    package static func += (left: inout WorkCounts, right: WorkCounts) {
        left.inserted += right.inserted
        left.updated += right.updated
        left.duplicates += right.duplicates
        left.rejected += right.rejected
    }
}

/// Why the records of a job are passed over.
package enum PassOverReason: Equatable, Sendable {
    /// As the job has them; names, since a newer userload may know more of them than this one.
    case otherKey(fields: [String], onDuplicate: String)
    case newerWire(UInt8)
    /// It updates, and another job that does, with another number of partitions than these, is open.
    case otherPartitions(Int)
}
