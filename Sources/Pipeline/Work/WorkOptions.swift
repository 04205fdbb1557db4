// What `work` is asked to do, and what came of it.

package import Kafka
package import Records

package struct WorkOptions: Sendable {
    package var kafka: ClientSettings
    package var topic: String
    package var database: DatabaseTarget
    /// COPY connections, each owning its share of the partitions. More than 2 were slower on 2 cores.
    package var connections = 2
    /// Stop when everything up to the high watermarks read at the start is in the database.
    package var drain = false
    /// Give up after this long without progress; nil: never.
    package var stallTimeout: Duration?
    /// So many records in a row refused by the database with the same code and constraint stop the work; 0: never.
    package var maxRefused = 1_000
    /// Part of a command that speaks for itself: what is ordinary is said at debug only.
    package var isEmbedded = false

    package init(kafka: ClientSettings, topic: String, database: DatabaseTarget) {
        self.kafka = kafka
        self.topic = topic
        self.database = database
    }
}

/// What a worker did until it was told to stop, or a drain was done.
package struct WorkSummary: Sendable {
    package var inserted = 0
    package var duplicates = 0
    package var rejected = 0
    /// Jobs that got a record in this run.
    package var touched: Set<JobID> = []
    /// Jobs passed over, because this database has another key or they are of a newer version.
    package var passedOver: Set<JobID> = []
    package var wasInterrupted = false
}
