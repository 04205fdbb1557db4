// Takes a record's JSON apart: where its known fields are, and the text of all others. What the values must be, the
// validator knows.

/// One per thread, reused from record to record.
final class RecordReader {
    /// By `RecordField.rawValue`.
    private let values: UnsafeMutablePointer<FieldValue>
    private var present: UInt32 = 0
    /// The text of the fields that are no column: `{"gender":"male"}`; empty if there are none.
    let others = ByteBuffer(capacity: 1024)
    var errors = ErrorList()
    /// Fields that are no column and null stay out of `others`.
    var dropsNulls = false
    /// One of the last record did.
    private(set) var hasDroppedNulls = false
    private let keys = ObjectKeys()

    init() {
        let nowhere = BytePointer(others.base)
        values = .allocate(capacity: RecordField.known)
        values.initialize(repeating: FieldValue(start: nowhere, end: nowhere), count: RecordField.known)
    }

    deinit {
        values.deallocate()
        keys.deallocate()
    }

    /// The value found for `field`.
    @inline(__always)
    subscript(field: RecordField) -> FieldValue { values[field.rawValue] }

    /// Whether a field of the last record has a value, if only a wrong one.
    func has(_ field: RecordField) -> Bool {
        let value = self[field]
        return value.kind != .absent && (value.kind != .string || trimmed(value.bytes).count > 0)
    }

    /// Whether the last record has the field, and null in it.
    func isNull(_ field: RecordField) -> Bool {
        present & 1 << UInt32(field.rawValue) != 0 && self[field].kind == .absent
    }

    var hasName: Bool {
        self[.name].kind == .object ? has(.firstName) || has(.lastName) : has(.name)
    }

    /// False: the text is no JSON object, and nothing but `errors` means anything.
    func read(_ json: Bytes) -> Bool {
        errors.removeAll()
        others.removeAll()
        present = 0
        hasDroppedNulls = false
        keepsNameObject = false
        for field in 0..<RecordField.known {
            values[field].kind = .absent
            values[field].isFlawed = false
        }
        keys.reset(bytes: json.count)
        guard let start = json.baseAddress else {
            errors.append("", "malformed_json", "the record is not valid JSON at byte 1")
            return false
        }
        var scan = JSONScanner(end: start + json.count, keys: keys)
        let first = scan.token(start)
        if first < scan.end, first.pointee != UInt8(ascii: "{") {
            if let next = scan.value(first, depth: 0), scan.token(next) == scan.end {
                errors.append("", "not_an_object", "the record is not a JSON object")
                return false
            }
            report(scan.fault ?? .malformed(first), from: start)
            return false
        }
        guard first < scan.end, let next = members(&scan, first), isEnd(&scan, next) else {
            report(scan.fault ?? .malformed(first), from: start)
            return false
        }
        return true
    }

    private func isEnd(_ scan: inout JSONScanner, _ position: BytePointer) -> Bool {
        let rest = scan.token(position)
        if rest < scan.end { _ = scan.malformed(rest) }
        return rest == scan.end
    }

    private func report(_ fault: JSONFault, from start: BytePointer) {
        switch fault {
        case .malformed(let position):
            errors.append("", "malformed_json", "the record is not valid JSON at byte \(position - start + 1)")
        case .tooDeep:
            errors.append(
                "", "too_deep", "the record has more than \(Limits.depth) objects and arrays inside each other")
        }
    }

    /// The record's own object. Neighbouring fields that are no column are copied to `others` in one piece.
    private func members(_ scan: inout JSONScanner, _ brace: BytePointer) -> BytePointer? {
        var runStart: BytePointer?
        var runEnd = brace
        keys.open()
        var position = scan.token(brace + 1)
        if position < scan.end, position.pointee == UInt8(ascii: "}") { return position + 1 }
        while true {
            let quote = position
            guard let key = self.key(&scan, quote) else { return nil }
            let field = RecordField(key)
            guard let valueEnd = value(&scan, key, field, depth: 1) else { return nil }
            if field == .other ? isKept(key) : field == .name && keepsNameObject {
                runStart = runStart ?? quote
                runEnd = valueEnd
            } else if let start = runStart {
                appendOthers(Bytes(start: start, count: runEnd - start))
                runStart = nil
            }
            position = scan.token(valueEnd)
            guard position < scan.end else { return scan.malformed(position) }
            if position.pointee == UInt8(ascii: "}") { break }
            guard position.pointee == UInt8(ascii: ",") else { return scan.malformed(position) }
            position = scan.token(position + 1)
        }
        if let start = runStart { appendOthers(Bytes(start: start, count: runEnd - start)) }
        if others.count > 0 { others.append(UInt8(ascii: "}")) }
        if let twice = keys.close() { errors.appendDuplicate(FieldError.fieldName(twice)) }
        return position + 1
    }

    @inline(__always)
    private func isKept(_ key: RecordKey) -> Bool {
        guard dropsNulls, key.value.pointee == UInt8(ascii: "n") else { return true }
        hasDroppedNulls = true
        return false
    }

    /// One more field that is no column, behind the others.
    func addToOthers(_ name: StaticString, _ json: Bytes) {
        if others.count > 0 { others.count -= 1 }
        others.append(others.count == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
        others.append(UInt8(ascii: "\""))
        others.append(name)
        others.append("\":")
        others.append(json)
        others.append(UInt8(ascii: "}"))
    }

    private func appendOthers(_ members: Bytes) {
        others.append(others.count == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
        others.append(members)
    }

    /// A key at its opening quote, up to where its value starts.
    @inline(__always)
    private func key(_ scan: inout JSONScanner, _ quote: BytePointer) -> RecordKey? {
        guard quote < scan.end, quote.pointee == UInt8(ascii: "\"") else {
            _ = scan.malformed(quote)
            return nil
        }
        scan.sawEscape = false
        guard let closing = scan.string(quote + 1) else { return nil }
        let colon = scan.token(closing + 1)
        guard colon < scan.end, colon.pointee == UInt8(ascii: ":") else {
            _ = scan.malformed(colon)
            return nil
        }
        if !scan.flaws.isEmpty {
            errors.append(inName: scan.flaws)
            scan.flaws = []
        }
        return RecordKey(start: quote + 1, end: closing, hasEscape: scan.sawEscape, value: scan.token(colon + 1))
    }

    /// The value behind a key: kept under its field, and its flaws reported under that field's name.
    @inline(__always)
    private func value(_ scan: inout JSONScanner, _ key: RecordKey, _ field: RecordField, depth: Int) -> BytePointer? {
        let start = key.value
        guard start < scan.end else { return scan.malformed(start) }
        let byte = start.pointee
        var found = FieldValue(start: start, end: start)
        if byte == UInt8(ascii: "\"") {
            scan.sawEscape = false
            guard let closing = scan.string(start + 1) else { return nil }
            found.kind = .string
            found.hasEscape = scan.sawEscape
            found.start = start + 1
            found.end = closing
        } else if isDigit(byte) {
            guard let end = scan.number(start) else { return nil }
            found.kind = .number
            found.end = end
        } else if byte == UInt8(ascii: "{"), field == .name {
            guard let end = nameMembers(&scan, start) else { return nil }
            found.kind = .object
            found.end = end
        } else {
            guard let end = scan.value(start, depth: depth) else { return nil }
            found.kind =
                switch byte {
                case UInt8(ascii: "{"): .object
                case UInt8(ascii: "["): .array
                case UInt8(ascii: "-"): .number
                case UInt8(ascii: "n"): .absent
                default: .boolean
                }
            found.end = end
        }
        if !scan.flaws.isEmpty {
            found.isFlawed = true
            errors.append(scan.flaws, in: field.text(key, isPartOfName: depth > 1))
            scan.flaws = []
        }
        keep(found, as: field, key, depth: depth)
        return found.kind == .string ? found.end + 1 : found.end
    }

    @inline(__always)
    private func keep(_ value: FieldValue, as field: RecordField, _ key: RecordKey, depth: Int) {
        if field == .other {
            if keys.add(key.start, key.end, hasEscape: key.hasEscape) {
                errors.appendDuplicate(field.text(key, isPartOfName: depth > 1))
            }
            return
        }
        let bit: UInt32 = 1 << UInt32(field.rawValue)
        if present & bit != 0 {
            errors.appendDuplicate(field.text(key, isPartOfName: depth > 1))
        } else {
            present |= bit
            values[field.rawValue] = value
        }
    }

    // MARK: The name as an object

    /// Whether the name is an object with other parts than firstName and lastName.
    private var keepsNameObject = false

    private func nameMembers(_ scan: inout JSONScanner, _ brace: BytePointer) -> BytePointer? {
        present &= ~(1 << UInt32(RecordField.firstName.rawValue) | 1 << UInt32(RecordField.lastName.rawValue))
        keys.open()
        var position = scan.token(brace + 1)
        if position < scan.end, position.pointee == UInt8(ascii: "}") {
            _ = keys.close()
            return position + 1
        }
        while true {
            guard let key = self.key(&scan, position) else { return nil }
            let field = RecordField(partOfName: key)
            guard let valueEnd = value(&scan, key, field, depth: 2) else { return nil }
            if field == .other { keepsNameObject = true }
            position = scan.token(valueEnd)
            guard position < scan.end else { return scan.malformed(position) }
            if position.pointee == UInt8(ascii: "}") { break }
            guard position.pointee == UInt8(ascii: ",") else { return scan.malformed(position) }
            position = scan.token(position + 1)
        }
        if keys.close() != nil { scan.flaws.insert(.duplicateKey) }
        return position + 1
    }
}
