// What a pass over an input finds: how many records, how old people are, what is wrong with which lines.

/// One thread.
package final class RecordTally {
    /// A line with an error.
    package struct Example: Equatable, Sendable {
        package let line: UInt64
        package let error: FieldError
        /// The field's text, or the beginning of the record if the error is the record's; at most `longestValue` bytes
        /// and then "…". nil: there is none. Personal.
        package let value: [UInt8]?
    }

    /// All errors of one code.
    package struct Errors: Equatable, Sendable {
        package let code: String
        package internal(set) var count: UInt64
        /// The first ones.
        package internal(set) var examples: [Example]
    }

    static let longestValue = 60
    private static let exampleCount = 3

    /// Rejects included.
    package private(set) var records: UInt64 = 0
    package private(set) var rejects: UInt64 = 0
    /// Of the clean ones: with a field that broke its rule and stays as it came.
    package private(set) var spared: UInt64 = 0
    /// How many people are of each age, 0 to 150.
    package private(set) var ages = [UInt64](repeating: 0, count: 151)
    private var byCode: [String: Errors] = [:]

    package init() {}

    /// The most frequent first; of equally frequent ones the one that came first.
    package var errors: [Errors] {
        byCode.values.sorted { left, right in
            guard left.count == right.count else { return left.count > right.count }
            let (first, second) = (left.examples.first?.line ?? 0, right.examples.first?.line ?? 0)
            return first == second ? left.code < right.code : first < second
        }
    }

    func accept(age: Int, isSpared: Bool) {
        records += 1
        if ages.indices.contains(age) { ages[age] += 1 }
        if isSpared { spared += 1 }
    }

    func reject(_ record: ScannedRecord, _ errors: [FieldError]) {
        records += 1
        rejects += 1
        for error in errors {
            var found = byCode[error.code] ?? Errors(code: error.code, count: 0, examples: [])
            found.count += 1
            if found.examples.count < Self.exampleCount {
                found.examples.append(
                    Example(line: record.line, error: error, value: Self.value(of: error.field, in: record)))
            }
            byCode[error.code] = found
        }
    }

    private static func value(of field: String, in record: ScannedRecord) -> [UInt8]? {
        guard !field.isEmpty else { return cut(Array(record.original.prefix(longestValue + 1))) }
        guard let json = record.json else { return nil }
        let path = field.split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) }
        let value = JSONMembers.value(at: [Array(field.utf8)], in: json) ?? JSONMembers.value(at: path, in: json)
        return value.map { cut(Array($0.prefix(longestValue + 1))) }
    }

    private static func cut(_ value: [UInt8]) -> [UInt8] {
        guard value.count > longestValue else { return value }
        var count = longestValue
        while count > 0, value[count] & 0xC0 == 0x80 { count -= 1 }
        return value[..<count] + Array("…".utf8)
    }
}
