// A record that passed validation, as the table takes it.

/// What a record has null in: an update clears it.
package struct NullFields: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let email = NullFields(rawValue: 1)
    package static let phoneNumber = NullFields(rawValue: 2)
    package static let address = NullFields(rawValue: 4)
    /// Some fields that are no column: `JSONMembers.clearedKeys`.
    package static let others = NullFields(rawValue: 8)
}

/// One person. All views belong to the validator and the JSON it read: valid until its next `validate`, and as long as
/// that JSON lives.
package struct Person {
    /// Unescaped, trimmed, not empty; valid UTF-8 without NUL.
    package var name: Bytes
    /// 0–150.
    package var age: Int
    /// Trimmed; at most 254 bytes.
    package var email: Bytes?
    /// Trimmed.
    package var phoneNumber: Bytes?
    /// JSON text of an object or a string, such as jsonb takes.
    package var address: Bytes?
    /// JSON text of an object with every other field; nil when there is none.
    package var additionalInfo: Bytes?

    package init(
        name: Bytes, age: Int, email: Bytes? = nil, phoneNumber: Bytes? = nil, address: Bytes? = nil,
        additionalInfo: Bytes? = nil
    ) {
        self.name = name
        self.age = age
        self.email = email
        self.phoneNumber = phoneNumber
        self.address = address
        self.additionalInfo = additionalInfo
    }
}
