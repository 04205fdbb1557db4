// What is wrong with which records of an input: counted as they are rejected, so that clean ones cost nothing.

/// One thread. As large as there are codes, of which this program has a few dozen.
package struct ErrorTally {
    /// A line with an error.
    package struct Example: Equatable, Sendable {
        package let line: UInt64
        package let error: FieldError
        /// See `QuotedValue`. Personal.
        package let value: [UInt8]?

        package init(line: UInt64, error: FieldError, value: [UInt8]?) {
            self.line = line
            self.error = error
            self.value = value
        }
    }

    /// All errors of one code.
    package struct Errors: Equatable, Sendable {
        package let code: String
        package internal(set) var count: UInt64
        /// The first ones.
        package internal(set) var examples: [Example]

        package init(code: String, count: UInt64, examples: [Example]) {
            self.code = code
            self.count = count
            self.examples = examples
        }

        /// Returns whether its line is to be kept.
        fileprivate mutating func countOne() -> Bool {
            count += 1
            return examples.count < exampleCount
        }
    }

    /// How many lines of a code are kept.
    package static let exampleCount = 3

    private var byCode: [String: Errors] = [:]

    /// The most frequent first; of equally frequent ones the one that came first.
    package var errors: [Errors] {
        byCode.values.sorted { left, right in
            guard left.count == right.count else { return left.count > right.count }
            let (first, second) = (left.examples.first?.line ?? 0, right.examples.first?.line ?? 0)
            return first == second ? left.code < right.code : first < second
        }
    }

    mutating func reject(_ record: ScannedRecord, _ errors: [FieldError]) {
        for error in errors {
            guard byCode[error.code, default: Errors(code: error.code, count: 0, examples: [])].countOne() else {
                continue
            }
            let example = Example(line: record.line, error: error, value: QuotedValue.value(of: error, in: record))
            byCode[error.code]?.examples.append(example)
        }
    }
}
