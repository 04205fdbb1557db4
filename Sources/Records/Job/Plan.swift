// All that turns bytes into (partition, sequence), and so, with the content, the identity of a job.

/// The plan of a job. Two jobs with the same content and another plan are two jobs.
package struct Plan: Hashable, Sendable {
    package var format: Format
    package var dialect: Dialect
    /// The raw header row of a CSV file: it decides the column mapping.
    package var header: [UInt8]?
    package var keyFields: KeyFields
    package var partitions: Int
    package var onDuplicate: OnDuplicate

    package init(
        format: Format, dialect: Dialect, header: [UInt8]?, keyFields: KeyFields, partitions: Int,
        onDuplicate: OnDuplicate
    ) {
        self.format = format
        self.dialect = dialect
        self.header = header
        self.keyFields = keyFields
        self.partitions = partitions
        self.onDuplicate = onDuplicate
    }

    /// The id of a regular file's job.
    /// - Parameter nonce: of an `--again` job; nil otherwise.
    package func jobID(content: ContentHash, size: UInt64, label: String?, nonce: [UInt8]?) -> JobID {
        identity(of: "file", [content.text, String(size)].map { Array($0.utf8) }, label, nonce)
    }

    /// The id of what can be read only once.
    package func jobID(nonce: [UInt8]) -> JobID {
        identity(of: "stream", [], nil, nonce)
    }

    /// The part of the plan that a new version of the program may change.
    private static let versions = [RecordScanner.version, Validator.version, Int(WireHeader.version)]

    /// XXH3_128 of the parts, each behind its length (absent: behind a length no part has): no two lists hash alike
    /// by being cut elsewhere.
    private func identity(of input: String, _ content: [[UInt8]], _ label: String?, _ nonce: [UInt8]?) -> JobID {
        let words = [input] + Self.versions.map { String($0) } + [format.rawValue]
        let plan = [keyFields.text, String(partitions), onDuplicate.rawValue]
        let parts: [[UInt8]?] =
            words.map { Array($0.utf8) } + [format == .csv ? [dialect.delimiter] : nil, header]
            + plan.map { Array($0.utf8) } + content.map { $0 } + [label.map { Array($0.utf8) }, nonce]
        let hasher = ContentHasher()
        for part in parts {
            let length = part.map { UInt64($0.count) } ?? .max
            withUnsafeBytes(of: length.bigEndian) { hasher.update($0.bindMemory(to: UInt8.self)) }
            withBytes(part ?? []) { hasher.update($0) }
        }
        let hash = hasher.finish()
        return JobID(high: hash.high, low: hash.low)
    }
}
