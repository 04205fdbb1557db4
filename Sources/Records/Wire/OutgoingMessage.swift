// A message that push sends for a record.

/// The views are valid until the stream's next `next()`.
package struct OutgoingMessage {
    /// record, raw or truncated.
    package internal(set) var kind = MessageKind.record
    package internal(set) var partition: Int32 = 0
    /// From 1 in every partition.
    package internal(set) var seq: UInt64 = 0
    /// nil unless `kind` is record.
    package internal(set) var key: Bytes?
    /// JSON of a record, original bytes of a reject.
    package internal(set) var value = Bytes(start: nil, count: 0)
    /// The encoded `WireHeader`.
    package internal(set) var header = Bytes(start: nil, count: 0)
    /// `FieldError.json`; nil for a record.
    package internal(set) var errors: Bytes?
}
