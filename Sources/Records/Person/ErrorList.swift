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
            errors.append(FieldError(field: "", code: "too_many_errors", message: "more errors than are listed"))
        } else {
            errors.append(error)
        }
    }

    mutating func appendDuplicate(_ field: String) { append(field, "duplicate_key", "given more than once") }

    /// What the scanner found in a field or, with field "", in a field's name.
    mutating func append(_ flaws: JSONFlaws, in field: String) {
        if flaws.contains(.invalidUTF8) { append(field, "invalid_utf8", "not valid UTF-8") }
        if flaws.contains(.nul) { append(field, "nul_character", "contains a NUL character") }
        if flaws.contains(.loneSurrogate) { append(field, "lone_surrogate", "contains half a surrogate pair") }
        if flaws.contains(.duplicateKey) { append(field, "duplicate_key", "has a key twice in one object") }
        if flaws.contains(.numberOutOfRange) {
            append(field, "number_out_of_range", "has a number with more digits than Postgres keeps")
        }
        if flaws.contains(.tooManyDigits) {
            append(
                field, "too_many_digits",
                "brings the record's numbers to more than \(Limits.numberDigits) digits, written out")
        }
    }
}
