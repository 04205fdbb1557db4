// Stub.

/// A message to send, but for the markers. The views are valid until the stream's next `next()`.
package struct Outgoing {
    /// record, raw or truncated.
    package var kind: Kind
    package var partition: Int32
    package var seq: UInt64
    /// nil unless `kind` is record.
    package var key: Bytes?
    package var value: Bytes
    /// The encoded `WireHeader`.
    package var header: Bytes
    /// `FieldError.json`; nil for a record.
    package var errors: Bytes?
}

package final class RecordStream {
    package var outgoing: Outgoing { fatalError() }
    package var records: UInt64 { 0 }
    package var rejects: UInt64 { 0 }
    package var firstReject: (line: UInt64, error: FieldError)? { nil }
    package var bytesConsumed: UInt64 { 0 }
    package init(scanner: RecordScanner, key: KeyFields, partitions: Int, job: JobID) {}
    package func next() throws -> Bool { fatalError() }
    package func endMarker(partition: Int) -> EndMarker { fatalError() }
    package func sequence(of partition: Int) -> UInt64 { fatalError() }
}
