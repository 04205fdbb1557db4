// What a batch does to the bookkeeping: where partitions and jobs stood when it was built, and where it takes them.

package import Records

extension Batch {
    /// A partition of the topic: from (generation, expectedOffset) to nextOffset.
    package struct PartitionStep: Sendable {
        package var partition: Int32
        package var generation: Int32
        package var expectedOffset: Int64
        package var nextOffset: Int64
        /// nil keeps the one there is.
        package var anchor: Anchor?

        package init(
            partition: Int32, generation: Int32, expectedOffset: Int64, nextOffset: Int64, anchor: Anchor? = nil
        ) {
            self.partition = partition
            self.generation = generation
            self.expectedOffset = expectedOffset
            self.nextOffset = nextOffset
            self.anchor = anchor
        }
    }

    /// A job in a partition: from expectedLast to last, and what came between.
    package struct ProgressStep: Sendable {
        package var job: JobID
        package var partition: Int32
        /// The database has no row of it as far as the builder knows.
        package var isNew: Bool
        package var expectedLast: Int64
        package var last: Int64
        package var digest: UInt64
        /// Highest sequence number passed over, −1 none; the greatest ever seen wins.
        package var passedOver: Int64
        /// Of this batch alone: records, and their source bytes.
        package var records: Int
        package var bytes: Int64
        package var end: EndMarker?
        package var broken: Bool
        /// Rejects that came as such, counted by `addReject`; once committed, those of Postgres too.
        package internal(set) var rejected = 0
        /// What becomes of its records whose keys the table has.
        package var onDuplicate = OnDuplicate.skip
        /// Once committed: how many of the others were inserted, updated a row, and were duplicates.
        package internal(set) var inserted = 0
        package internal(set) var updated = 0
        package internal(set) var duplicates = 0

        package init(
            job: JobID, partition: Int32, isNew: Bool, expectedLast: Int64, last: Int64? = nil, digest: UInt64 = 0,
            passedOver: Int64 = -1, records: Int = 0, bytes: Int64 = 0, end: EndMarker? = nil, broken: Bool = false
        ) {
            self.job = job
            self.partition = partition
            self.isNew = isNew
            self.expectedLast = expectedLast
            self.last = last ?? expectedLast
            self.digest = digest
            self.passedOver = passedOver
            self.records = records
            self.bytes = bytes
            self.end = end
            self.broken = broken
        }
    }

    /// How the bytes of a reject stand in the database.
    package enum RejectForm: Sendable {
        /// The original bytes.
        case raw
        /// The first 64 KiB of them.
        case truncated
        /// The record as JSON.
        case json
    }
}
