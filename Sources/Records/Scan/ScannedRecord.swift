// What a scanner finds: a record, or the bytes that should have been one.

/// The views are valid until the scanner's next `next()`.
package struct ScannedRecord {
    /// Physical line where it starts, from 1.
    package internal(set) var line: UInt64 = 0
    /// Bytes from the start of the input.
    package internal(set) var offset: UInt64 = 0
    /// Original bytes, without the line end.
    package internal(set) var length: UInt64 = 0
    /// The original bytes; the first `Limits.truncatedBytes` of them if `isTruncated`.
    package internal(set) var original = Bytes(start: nil, count: 0)
    /// The record as JSON, at most `Limits.valueBytes`, not validated; nil if there is none: see `errors`.
    package internal(set) var json: Bytes?
    /// The record, or its JSON, is longer than `Limits.valueBytes`.
    package internal(set) var isTruncated = false
    /// What the date of birth that should give the age is wrong with; `json` has no age then.
    package internal(set) var ageFault = AgeFault.none
    /// Of a fix file: the reject that the record stands for.
    package internal(set) var fixes: RejectPlace?
    /// Empty if there is `json`.
    package internal(set) var errors: [FieldError] = []

    /// For a reject's bytes: no JSON.
    mutating func reject(_ errors: [FieldError]) {
        json = nil
        self.errors = errors
    }

    /// After a reject: a record whose `json` is to be set.
    @inline(__always)
    mutating func accept(_ json: Bytes) {
        self.json = json
        guard !errors.isEmpty else { return }
        errors = []
        isTruncated = false
    }

    /// For a reject that is too long: `prefix` gets what is kept of it.
    mutating func truncate(_ errors: [FieldError], from start: BytePointer, _ count: Int, into prefix: ByteBuffer) {
        reject(errors)
        isTruncated = true
        prefix.removeAll()
        prefix.append(Bytes(start: start, count: min(count, Limits.truncatedBytes)))
        original = prefix.bytes
    }
}

extension FieldError {
    static let tooLong = FieldError(field: "", code: "too_long", message: "the record is longer than 1 MiB")
    static let unterminatedQuote = FieldError(
        field: "", code: "unterminated_quote", message: "the record has a quote that is not closed")
}

/// The scanner of one format, behind `RecordScanner`.
protocol FormatScanner: AnyObject {
    /// False at the end of the input.
    func next(_ record: inout ScannedRecord) throws -> Bool
}
