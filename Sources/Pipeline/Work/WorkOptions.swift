// What `work` is asked to do, and what it did.

package import Kafka
package import Records

package struct WorkOptions: Sendable {
    package enum Purpose: Sendable {
        /// A member of the consumer group, until it is told to stop.
        case service
        /// Reads by itself, until everything up to the ends of the logs at the start is in the database.
        case drain
        /// Reads by itself, beside a push, until it is told to stop.
        case load
    }

    package var kafka: ClientSettings
    package var topic: String
    package var database: DatabaseTarget
    /// COPY connections, each owning its share of the partitions. More than 2 were slower on 2 cores.
    package var connections = 2
    package var purpose = Purpose.service
    /// Give up after this long without progress; nil: never.
    package var stallTimeout: Duration?
    /// So many records in a row refused by the database with the same code and constraint stop the work; 0: never.
    package var maxRefused = 1_000
    /// Gets the worker's signs of life, on the worker's thread.
    package var sign: (@Sendable (WorkSign) -> Void)?
    /// It is known that a job will update rows: the right to is asked for at the start.
    package var updates = false

    package init(kafka: ClientSettings, topic: String, database: DatabaseTarget) {
        self.kafka = kafka
        self.topic = topic
        self.database = database
    }
}

/// What a worker did until it was told to stop, or a drain was done.
package struct WorkSummary: Sendable {
    package let counts: WorkCounts
    /// Jobs that got a record in this run, 10,000 at most.
    package let touched: Set<JobID>
    /// Jobs passed over, because this database has another key or they are of a newer version.
    package let passedOver: Set<JobID>
    /// There may be more than is counted here: an answer of the database was lost, or more jobs were touched.
    package let isIncomplete: Bool
    package let wasInterrupted: Bool

    init(_ history: RunHistory, wasInterrupted: Bool) {
        counts = history.counts
        touched = history.touched
        passedOver = history.passedOver
        isIncomplete = history.isIncomplete
        self.wasInterrupted = wasInterrupted
    }
}
