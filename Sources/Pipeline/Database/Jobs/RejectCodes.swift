// All rejects of a job, counted by what is wrong with them: what `userload rejects --summary` prints.

package struct RejectCodes: Equatable, Sendable {
    package struct Code: Equatable, Sendable {
        package let code: String
        /// Rejects that have it; one with several codes counts for each.
        package let count: Int64
    }

    /// Where a record lies.
    package struct Place: Equatable, Sendable {
        package let line: Int64
        package let byteOffset: Int64
        package let length: Int64
        package let partition: Int32
        package let kafkaOffset: Int64
    }

    package static let truncatedListed = 20

    package var rejects: Int64 = 0
    /// The most frequent first.
    package var codes: [Code] = []
    /// Rejects of which only the beginning is kept.
    package var truncated: Int64 = 0
    /// The first of them.
    package var firstTruncated: [Place] = []
}
