// Which field of a record a JSON key is, and where its value stands.

/// A key of the record's object, or of a name that is an object.
struct RecordKey {
    /// Between the quotes.
    let start: BytePointer
    let end: BytePointer
    let hasEscape: Bool
    /// The first byte of its value.
    let value: BytePointer

    /// Rare: somebody wrote "n\u0061me".
    fileprivate func withUnescaped<Result>(_ body: (Bytes) -> Result) -> Result {
        let plain = ByteBuffer()
        JSONString.unescape(start, end, into: plain)
        return body(plain.bytes)
    }
}

/// A value inside the record's JSON.
struct FieldValue {
    enum Kind: UInt8 {
        /// Missing, or null.
        case absent
        case string, number, object, array, boolean
    }

    var kind = Kind.absent
    /// A string with backslashes.
    var hasEscape = false
    /// Has an error already.
    var isFlawed = false
    /// Of a string: what is between its quotes.
    var start: BytePointer
    var end: BytePointer

    @inline(__always)
    var bytes: Bytes { Bytes(start: start, count: end - start) }
}

/// The fields that are read; the two last of the known ones are parts of a name that is an object.
enum RecordField: Int {
    case name, age, email, phoneNumber, address, firstName, lastName, other

    /// How many fields have a value of their own.
    static let known = other.rawValue

    @inline(__always)
    init(_ key: RecordKey) {
        self = key.hasEscape ? key.withUnescaped { Self.named($0) } : Self.named(Bytes(key))
    }

    @inline(__always)
    init(partOfName key: RecordKey) {
        self = key.hasEscape ? key.withUnescaped { Self.partNamed($0) } : Self.partNamed(Bytes(key))
    }

    static func isColumn(_ key: [UInt8]) -> Bool { withBytes(key) { named($0) } != .other }

    @inline(__always)
    private static func named(_ key: Bytes) -> RecordField {
        switch key.count {
        case 3 where matches(key, "age"): .age
        case 4 where matches(key, "name"): .name
        case 5 where matches(key, "email"): .email
        case 7 where matches(key, "address"): .address
        case 11 where matches(key, "phoneNumber"): .phoneNumber
        default: .other
        }
    }

    @inline(__always)
    private static func partNamed(_ key: Bytes) -> RecordField {
        switch key.count {
        case 9 where matches(key, "firstName"): .firstName
        case 8 where matches(key, "lastName"): .lastName
        default: .other
        }
    }

    @inline(__always)
    private static func matches(_ key: Bytes, _ name: StaticString) -> Bool {
        guard let start = key.baseAddress else { return false }
        return sameBytes(start, name.utf8Start, name.utf8CodeUnitCount)
    }

    /// What errors call the field.
    func text(_ key: RecordKey, isPartOfName: Bool) -> String {
        switch self {
        case .name: return "name"
        case .age: return "age"
        case .email: return "email"
        case .phoneNumber: return "phoneNumber"
        case .address: return "address"
        case .firstName: return "name.firstName"
        case .lastName: return "name.lastName"
        case .other:
            return key.withUnescaped { unescaped in
                FieldError.fieldName(isPartOfName ? Array("name.".utf8) + unescaped : Array(unescaped))
            }
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate init(_ key: RecordKey) { self.init(start: key.start, count: key.end - key.start) }
}
