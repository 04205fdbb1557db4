// What is wrong with the rejects of a job, by code: what `status` shows.

package import Records

package struct JobErrors: Equatable, Sendable {
    /// A reject with an error of this code.
    package struct Example: Equatable, Sendable {
        /// Of the file; no meaning for the job "-", which has `partition` and `kafkaOffset`.
        package let line: Int64
        package let partition: Int32
        package let kafkaOffset: Int64
        package let error: FieldError
        package let form: Reject.Form
        /// The beginning of the record, or all of it.
        package let bytes: [UInt8]

        package init(
            line: Int64, partition: Int32 = 0, kafkaOffset: Int64 = 0, error: FieldError, form: Reject.Form = .raw,
            bytes: [UInt8]
        ) {
            self.line = line
            self.partition = partition
            self.kafkaOffset = kafkaOffset
            self.error = error
            self.form = form
            self.bytes = bytes
        }
    }

    package struct Code: Equatable, Sendable {
        package let code: String
        package let count: Int64
        package internal(set) var first: [Example]

        package init(code: String, count: Int64, first: [Example]) {
            self.code = code
            self.count = count
            self.first = first
        }
    }

    /// How many rejects these are the errors of: the first ones.
    package internal(set) var rejects: Int64 = 0
    /// The most frequent first; of equally frequent ones the one that came first.
    package internal(set) var codes: [Code] = []
    /// Codes beyond those.
    package internal(set) var others = 0

    /// A status must be quick whatever a job's rejects are: so many of them are looked at (12 ms), so many codes told, and
    /// of a record so many bytes and errors read.
    static let rejectsLookedAt = 3_000
    static let codesTold = 20
    static let recordBytes = Limits.truncatedBytes
    static let recordErrors = 32
    /// Of each, 4 MB may come.
    static let jobsOfAQuestion = 16

    package init(rejects: Int64 = 0, codes: [Code] = [], others: Int = 0) {
        self.rejects = rejects
        self.codes = codes
        self.others = others
    }
}
