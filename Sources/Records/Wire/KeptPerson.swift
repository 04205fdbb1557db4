// Whom a record names that was kept as it stood in its file.

extension KeptRecords {
    /// The name as it would be stored, and the age; nil: no name can be told.
    package func person(in record: [UInt8], isOriginal: Bool) -> (name: [UInt8], age: Int?)? {
        func value(_ field: String) -> [UInt8]? {
            whole(field, in: record, isOriginal: isOriginal).map { withBytes($0) { Array(trimmed($0)) } }
        }
        var name = value("name.firstName").flatMap { first in
            value("name.lastName").map { first + [UInt8(ascii: " ")] + $0 }
        }
        if name == nil { name = value("name") }
        guard let name, !name.isEmpty else { return nil }
        let age = value("age").flatMap { text -> Int? in
            guard case .years(let years) = withBytes(text, { FieldRules.age($0) }) else { return nil }
            return years
        }
        return (name, age)
    }
}
