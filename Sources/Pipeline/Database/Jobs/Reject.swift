// A record that was not loaded, whole: what `userload rejects` prints.

package import Records

package struct Reject: Equatable, Sendable {
    package enum Form: String, Sendable {
        /// The original bytes of the record, without its line end.
        case raw
        /// The first 64 KiB of them.
        case truncated
        /// Its JSON on the wire: push found it clean, Postgres did not.
        case json
    }

    /// Physical line of the file, from 1; no meaning for the job "-", which has `partition` and `kafkaOffset`.
    package let line: Int64
    package let byteOffset: Int64
    /// Bytes of the original record.
    package let length: Int64
    package let form: Form
    package let bytes: [UInt8]
    package let errors: [FieldError]
    package let partition: Int32
    package let kafkaOffset: Int64
    /// 0 for the job "-".
    package var seq: Int64 = 0
    /// A fix file has brought it again since, and it was loaded.
    package var isFixed = false
}
