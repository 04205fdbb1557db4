// Every size that binds push and worker alike. They are constants of wire version 1: never read from a topic or a
// configuration, so that a second scan of a file gives the same records.

/// Sizes in bytes, unless a line says otherwise.
package enum Limits {
    /// A value in the topic: JSON, or the original bytes of a reject.
    package static let valueBytes = 1_048_576
    /// What a truncated record keeps of its original bytes.
    package static let truncatedBytes = 65_536
    /// The header row of a CSV file.
    package static let headerRowBytes = 65_536
    /// The key of a record; a row of a btree index holds 2,704.
    package static let keyBytes = 2_600
    /// How long a quoted CSV cell may stay open, counted from its opening quote.
    package static let openQuoteBytes = 1_048_576
    /// `max.message.bytes` of the topic and `message.max.bytes` of the client: a value, and 16 KiB for key, headers
    /// and the batch around it.
    package static let messageBytes = 1_064_960
    /// The JSON list of a reject's errors: what `messageBytes` leaves beside the largest value, with room to spare.
    package static let errorsBytes = 12_288
    /// Digits of a record's numbers with a fraction or an exponent, all together, as Postgres writes them out.
    package static let numberDigits = 1_048_576
    /// Line, offset and seq of a header, the counts of an end marker and the size of a file.
    package static let wireNumber: UInt64 = 1 << 53
    /// The length of a record before it was cut.
    package static let wireLength: UInt64 = 1 << 40
    /// `--label`, in UTF-8.
    package static let labelBytes = 200
    /// The files of a run: what Postgres' integer holds.
    package static let files = Int(Int32.max)
    /// The path and the options of a start marker together, in UTF-8.
    package static let descriptionBytes = 16_384
    /// What an input is concluded from.
    package static let conclusionBytes = 65_536
    /// Nested JSON objects and arrays, the record's own object included.
    package static let depth = 64
}

extension FixedWidthInteger {
    /// The sum, or the type's greatest or least value where that has no room: counts that come from the wire never trap.
    @inlinable
    @inline(__always)
    package func addingSaturated(_ other: Self) -> Self {
        let (sum, overflowed) = addingReportingOverflow(other)
        return overflowed ? (other < 0 ? .min : .max) : sum
    }
}
