// Batches made of plain values: what the worker would have built.

import FoundationEssentials
import Pipeline
import Records

/// A record, to be written as JSON.
struct TestRow {
    var name: String
    var age: Int
    var email: String?
    var phoneNumber: String?
    /// Further fields, as JSON: `"x": 1`.
    var more: String?

    init(_ name: String, _ age: Int, email: String? = nil, phoneNumber: String? = nil, more: String? = nil) {
        self.name = name
        self.age = age
        self.email = email
        self.phoneNumber = phoneNumber
        self.more = more
    }

    var wire: String {
        var fields = ["\"name\":\(Self.json(name))", "\"age\":\(age)"]
        if let email { fields.append("\"email\":\(Self.json(email))") }
        if let phoneNumber { fields.append("\"phoneNumber\":\(Self.json(phoneNumber))") }
        if let more { fields.append(more) }
        return "{" + fields.joined(separator: ",") + "}"
    }

    private static func json(_ text: String) -> String {
        // Every string can be encoded.
        String(decoding: try! JSONEncoder().encode(text), as: UTF8.self)
    }
}

/// Bytes of `text` for the length of `body`.
func withBytes<R>(_ text: String, _ body: (Bytes) throws -> R) rethrows -> R {
    try withBytes(Array(text.utf8), body)
}

extension Batch {
    func add(_ row: TestRow, step: Int = 0, seq: Int64, key fields: KeyFields = .standard) {
        withBytes(row.wire) { wire in
            let validator = Validator(key: fields)
            validator.dropsNulls = progress[step].onDuplicate == .update
            precondition(validator.validate(wire), "not a person: \(row.wire)")
            addRow(
                person: validator.person, key: validator.key, progressIndex: step, seq: seq, line: seq + 1,
                byteOffset: seq * 10, length: Int64(wire.count), kafkaOffset: seq, kafkaTime: 1_000, wire: wire,
                nulls: validator.dropsNulls ? validator.nulls : [])
        }
        progress[step].records += 1
        progress[step].bytes += 10
    }

    func addReject(
        _ text: String, form: RejectForm = .raw, step: Int = 0, seq: Int64, kafkaOffset: Int64? = nil,
        errors: [FieldError] = [FieldError(field: "age", code: "missing", message: "missing")]
    ) {
        FieldError.json(errors).withUnsafeBufferPointer { errors in
            withBytes(text) { bytes in
                addReject(
                    progressIndex: step, seq: seq, line: seq + 1, byteOffset: seq * 10, length: Int64(bytes.count),
                    form: form, bytes: bytes, errors: errors, kafkaOffset: kafkaOffset ?? seq, kafkaTime: 1_000)
            }
        }
        progress[step].records += 1
        progress[step].bytes += 10
    }
}
