// Stub.

/// One record, or what stands in its place. The views are valid until the scanner's next `next()`.
package struct ScannedRecord {
    /// Physical line where it starts, from 1.
    package var line: UInt64
    /// Bytes from the start of the input.
    package var offset: UInt64
    /// Original bytes, without the line end.
    package var length: UInt64
    /// The original bytes; the first `Limits.truncatedBytes` of them if there are more than `Limits.valueBytes`.
    package var original: Bytes
    /// The record as JSON; nil if there is none: see `errors`.
    package var json: Bytes?
    /// Longer than `Limits.valueBytes`, as it stands or as JSON.
    package var isTruncated: Bool
    package var errors: [FieldError]
}

package final class RecordScanner {
    package var record: ScannedRecord { fatalError() }
    package init(
        format: Format, dialect: Dialect, read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
    ) {}
    package func readHeader() throws -> [UInt8]? { fatalError() }
    package func next() throws -> Bool { fatalError() }
}
