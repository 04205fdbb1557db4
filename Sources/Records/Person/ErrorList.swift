// The errors of one record under collection: each once, in a bounded number.

/// At most `maximum` errors, so that a reject fits a message: the last then says that there are more.
struct ErrorList {
    static let maximum = 32

    private(set) var errors: [FieldError] = []
    /// Beside the array: asking that costs a reference count for every record.
    private(set) var isEmpty = true

    @inline(__always)
    mutating func removeAll() {
        guard !isEmpty else { return }
        errors.removeAll(keepingCapacity: true)
        isEmpty = true
    }

    mutating func append(_ field: String, _ code: String, _ message: String) {
        guard errors.count < Self.maximum else { return }
        isEmpty = false
        let error = FieldError(field: field, code: code, message: message)
        guard !errors.contains(error) else { return }
        if errors.count == Self.maximum - 1 {
            errors.append(
                FieldError(field: "", code: "too_many_errors", message: "the record has more errors than are listed"))
        } else {
            errors.append(error)
        }
    }

    mutating func appendDuplicate(_ field: String) {
        append(field, "duplicate_key", Self.subject(field) + "is given more than once")
    }

    /// What the scanner found in a field.
    mutating func append(_ flaws: JSONFlaws, in field: String) { append(flaws, in: field, Self.subject(field)) }

    /// What the scanner found in the name of a field.
    mutating func append(inName flaws: JSONFlaws) { append(flaws, in: "", "the name of a field ") }

    private mutating func append(_ flaws: JSONFlaws, in field: String, _ subject: String) {
        func say(_ flaw: JSONFlaws, _ code: String, _ predicate: String) {
            if flaws.contains(flaw) { append(field, code, subject + predicate) }
        }
        say(.invalidUTF8, "invalid_utf8", "is not valid UTF-8")
        say(.nul, "nul_character", "has a NUL character in it")
        say(.loneSurrogate, "lone_surrogate", "has half a surrogate pair in it")
        say(.duplicateKey, "duplicate_key", "has a key twice in one object")
        say(.numberOutOfRange, "number_out_of_range", "has a number with more digits than Postgres keeps")
        say(
            .tooManyDigits, "too_many_digits",
            "brings the record's numbers to more than \(Limits.numberDigits) digits, written out")
    }

    /// JSON allows a key of no characters; nothing would stand before the message.
    private static func subject(_ field: String) -> String { field.isEmpty ? "a field without a name " : "" }
}
