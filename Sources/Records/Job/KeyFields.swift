// What makes two records the same person, and what becomes of the second one.

/// A field that can be part of the unique key.
package enum KeyField: String, Codable, Sendable, CaseIterable {
    case name, age, email, phoneNumber
}

/// A unique key that was refused; `message` is a sentence without its end.
package struct KeyFieldsError: Error, Equatable {
    package let message: String
}

/// The unique key: name and age always, email and phoneNumber if asked for, in this order.
/// Codable as the list of their names.
package struct KeyFields: Hashable, Sendable, Codable {
    package let fields: [KeyField]

    /// name, age: the default.
    package static let standard = KeyFields([.name, .age])

    private init(_ fields: Set<KeyField>) {
        self.fields = KeyField.allCases.filter(fields.contains)
    }

    /// Reads "name,age,email": spaces around a field and the order do not matter.
    package init(parsing text: String) throws(KeyFieldsError) {
        try self.init(
            names: text.split(separator: ",", omittingEmptySubsequences: false).map {
                String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            })
    }

    /// The same from a list of names, as Postgres and the markers keep it.
    package init(names: [String]) throws(KeyFieldsError) {
        let known = "name, age, email and phoneNumber"
        var fields: Set<KeyField> = []
        for name in names {
            guard let field = KeyField(rawValue: name) else {
                throw KeyFieldsError(message: "the unique key can have \(known), not \"\(name)\"")
            }
            guard fields.insert(field).inserted else {
                throw KeyFieldsError(message: "the unique key names \(name) twice")
            }
        }
        guard fields.isSuperset(of: [.name, .age]) else {
            throw KeyFieldsError(message: "the unique key needs name and age; email and phoneNumber may join")
        }
        self.init(fields)
    }

    package var names: [String] { fields.map(\.rawValue) }

    /// "name,age,email": what `init(parsing:)` reads.
    package var text: String { names.joined(separator: ",") }

    package func contains(_ field: KeyField) -> Bool { fields.contains(field) }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(names: try container.decode([String].self))
        } catch let error as KeyFieldsError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(names)
    }
}

/// What becomes of a record whose key the table has.
package enum OnDuplicate: String, Codable, Sendable, CaseIterable {
    /// The row stays as it is; the duplicate's other fields are not loaded.
    case skip
    /// The row gets the fields that the record gives.
    case update
    /// The row stays as it is, and the record is kept as a reject.
    case reject

    // For hot paths: `==` and `!=` may compare the raw values, which are strings.

    @inline(__always)
    package var skips: Bool { if case .skip = self { true } else { false } }

    @inline(__always)
    package var updates: Bool { if case .update = self { true } else { false } }
}
