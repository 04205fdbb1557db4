// Decides whether a record is a person. Push and worker share it: what push lets through, the worker lets through.

/// One per thread: it owns its scratch, and a clean record costs no allocation.
package final class Validator {
    /// Part of the plan of every job: to be raised when a record would validate otherwise, or get another key.
    package static let version = 1

    /// The record of the last `validate` that returned true.
    package private(set) var person: Person
    /// Its key: name NUL age, then NUL email or nothing and NUL phone number or nothing if these take part. No value
    /// holds a NUL, so different values make different keys. At most `Limits.keyBytes`.
    package var key: Bytes { keyBuffer.bytes }
    /// What is wrong with the record of the last `validate` that returned false.
    package var errors: [FieldError] { reader.errors.errors }

    /// Fields of the next record that may break their rule; never one of the unique key.
    package var lenient: LenientFields = []
    /// For a record that updates a row: null in a field that is no column keeps it out of `additionalInfo`.
    package var dropsNulls: Bool {
        get { reader.dropsNulls }
        set { reader.dropsNulls = newValue }
    }
    /// What the last record has null in.
    package var nulls: NullFields {
        var fields: NullFields = []
        if reader.isNull(.email) { fields.insert(.email) }
        if reader.isNull(.phoneNumber) { fields.insert(.phoneNumber) }
        if reader.isNull(.address) { fields.insert(.address) }
        if reader.hasDroppedNulls { fields.insert(.others) }
        return fields
    }
    /// The last record had a field that broke its rule and stays as it came in `additionalInfo`.
    package private(set) var isSpared = false

    private let reader = RecordReader()
    private let keyHasEmail: Bool
    private let keyHasPhoneNumber: Bool
    private let keyFields: LenientFields
    private let keyBuffer = ByteBuffer(capacity: Limits.keyBytes)
    /// Text that does not stand in the JSON as it is: unescaped, or joined.
    private let text = ByteBuffer()

    package init(key: KeyFields) {
        keyHasEmail = key.contains(.email)
        keyHasPhoneNumber = key.contains(.phoneNumber)
        keyFields = LenientFields(key)
        person = Person(name: text.bytes, age: 0)
    }

    /// True: `person` and `key` are set. False: `errors` holds all that is wrong.
    package func validate(_ json: Bytes) -> Bool {
        isSpared = false
        guard reader.read(json) else { return false }
        text.removeAll()
        textBytes = json.count
        let name = self.name()
        let age = self.age()
        let email = optionalText(reader[.email], .email)
        let phoneNumber = optionalText(reader[.phoneNumber], .phoneNumber)
        var address = reader[.address]
        if address.kind != .absent, address.kind != .object, address.kind != .string {
            if !spare(address, "address", .address) {
                reader.errors.append("address", "wrong_type", "is neither an object nor a string")
            }
            address.kind = .absent
        }
        if let name { setKey(name, age ?? 0, email, phoneNumber) }
        guard let name, let age, reader.errors.isEmpty else { return false }
        person = Person(
            name: name, age: age, email: email, phoneNumber: phoneNumber,
            address: address.kind == .absent ? nil : jsonText(address),
            additionalInfo: reader.others.count == 0 ? nil : reader.others.bytes)
        return true
    }

    /// Moves a field that breaks its rule to the others, if it may. False: it costs the person.
    private func spare(_ value: FieldValue, _ name: StaticString, _ field: LenientFields) -> Bool {
        guard lenient.contains(field), !value.isFlawed, !keyFields.contains(field) else { return false }
        reader.addToOthers(name, jsonText(value))
        isSpared = true
        return true
    }

    private func jsonText(_ value: FieldValue) -> Bytes {
        let quote = value.kind == .string ? 1 : 0
        return Bytes(start: value.start - quote, count: value.end - value.start + 2 * quote)
    }

    // MARK: Fields

    private func name() -> Bytes? {
        let value = reader[.name]
        switch value.kind {
        case .string: return requiredText(value, "name")
        case .object:
            if lenient.contains(.singleName), let part = singlePart { return requiredText(part, "name") }
            let first = requiredText(reader[.firstName], "name.firstName")
            let last = requiredText(reader[.lastName], "name.lastName")
            guard let first, let last else { return nil }
            reserveText()
            let start = text.count
            text.append(first)
            text.append(UInt8(ascii: " "))
            text.append(last)
            return text.slice(start, text.count - start)
        case .absent: reader.errors.append("name", "missing", "is missing")
        case .number, .array, .boolean:
            reader.errors.append("name", "wrong_type", "is neither a string nor an object")
        }
        return nil
    }

    /// The one part of a name that is there; nil if both are, or none.
    private var singlePart: FieldValue? {
        let (first, last) = (reader[.firstName], reader[.lastName])
        let (hasFirst, hasLast) = (reader.has(.firstName), reader.has(.lastName))
        guard hasFirst != hasLast, !first.isFlawed, !last.isFlawed else { return nil }
        return hasFirst ? first : last
    }

    /// A string with more than whitespace in it. nil: there is an error.
    @inline(__always)
    private func requiredText(_ value: FieldValue, _ field: String) -> Bytes? {
        guard !value.isFlawed else { return nil }
        guard value.kind == .string else {
            return value.kind == .absent
                ? error(field, "missing", "is missing") : error(field, "wrong_type", "is not a string")
        }
        let bytes = trimmedText(value)
        return bytes.count > 0 ? bytes : error(field, "empty", "is empty")
    }

    private func error(_ field: String, _ code: String, _ message: String) -> Bytes? {
        reader.errors.append(field, code, message)
        return nil
    }

    private func age() -> Int? {
        let value = reader[.age]
        guard !value.isFlawed else { return nil }
        switch value.kind {
        case .string, .number:
            let bytes = trimmedText(value)
            switch FieldRules.age(bytes) {
            case .years(let years): return years
            case .outOfRange: reader.errors.append("age", "out_of_range", "is not between 0 and 150")
            case .notAnInteger where bytes.count == 0: reader.errors.append("age", "empty", "is empty")
            case .notAnInteger: reader.errors.append("age", "not_an_integer", "is not a whole number")
            }
        case .absent: reader.errors.append("age", "missing", "is missing")
        case .object, .array, .boolean: reader.errors.append("age", "wrong_type", "is neither a number nor a string")
        }
        return nil
    }

    /// An email address or phone number; nil also when it is absent.
    @inline(__always)
    private func optionalText(_ value: FieldValue, _ field: KeyField) -> Bytes? {
        value.kind == .absent || value.isFlawed ? nil : presentText(value, field)
    }

    private func presentText(_ value: FieldValue, _ field: KeyField) -> Bytes? {
        let isPhoneNumber = field == .phoneNumber
        func flaw(_ code: String, _ message: String) -> Bytes? {
            spare(value, isPhoneNumber ? "phoneNumber" : "email", isPhoneNumber ? .phoneNumber : .email)
                ? nil : error(field.rawValue, code, message)
        }
        guard value.kind == .string || isPhoneNumber && value.kind == .number else {
            return flaw("wrong_type", isPhoneNumber ? "is neither a string nor a whole number" : "is not a string")
        }
        let bytes = trimmedText(value)
        if bytes.count == 0 { return flaw("empty", "is empty") }
        if isPhoneNumber {
            guard FieldRules.isPhoneNumber(bytes), value.kind == .string || bytes.allSatisfy(isDigit) else {
                return flaw("invalid_phone", "is not a phone number")
            }
        } else if bytes.count > FieldRules.longestEmail {
            return flaw("too_long", "is longer than \(FieldRules.longestEmail) bytes")
        } else if !FieldRules.isEmail(bytes) {
            return flaw("invalid_email", FieldRules.emailFlaw(bytes))
        }
        return bytes
    }

    // MARK: Text

    private var textBytes = 0

    /// All text of a record, unescaped and joined, is at most twice as long as its JSON: reserved at once, it does not
    /// move under the views into it.
    private func reserveText() { text.reserve(2 * textBytes + 1 - text.count) }

    @inline(__always)
    private func trimmedText(_ value: FieldValue) -> Bytes {
        trimmed(value.hasEscape ? unescaped(value) : value.bytes)
    }

    private func unescaped(_ value: FieldValue) -> Bytes {
        reserveText()
        let start = text.count
        JSONString.unescape(value.start, value.end, into: text)
        return text.slice(start, text.count - start)
    }

    // MARK: The key

    @inline(__always)
    private func setKey(_ name: Bytes, _ age: Int, _ email: Bytes?, _ phoneNumber: Bytes?) {
        keyBuffer.removeAll()
        var length = name.count + 1 + (age > 99 ? 3 : age > 9 ? 2 : 1)
        if keyHasEmail { length += 1 + (email?.count ?? 0) }
        if keyHasPhoneNumber { length += 1 + (phoneNumber?.count ?? 0) }
        guard length <= Limits.keyBytes else {
            reader.errors.append("name", "too_long", "makes the unique key longer than \(Limits.keyBytes) bytes")
            return
        }
        keyBuffer.append(name)
        keyBuffer.append(0)
        if age > 99 { keyBuffer.append(UInt8(ascii: "1")) }
        if age > 9 { keyBuffer.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: age / 10 % 10)) }
        keyBuffer.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: age % 10))
        if keyHasEmail { appendToKey(email) }
        if keyHasPhoneNumber { appendToKey(phoneNumber) }
    }

    private func appendToKey(_ value: Bytes?) {
        keyBuffer.append(0)
        if let value { keyBuffer.append(value) }
    }
}
