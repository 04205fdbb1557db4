// All that turns bytes into (partition, sequence), and so, with the content, the identity of a job.

/// The plan of a job. Two jobs with the same content and another plan are two jobs.
package struct Plan: Hashable, Sendable {
    package var input: Conclusion
    /// As iconv(3) calls it; nil for UTF-8.
    package var encoding: String?
    package var keyFields: KeyFields
    package var partitions: Int
    package var onDuplicate: OnDuplicate

    package init(
        input: Conclusion, encoding: String? = nil, keyFields: KeyFields, partitions: Int, onDuplicate: OnDuplicate
    ) {
        self.input = input
        self.encoding = encoding
        self.keyFields = keyFields
        self.partitions = partitions
        self.onDuplicate = onDuplicate
    }

    /// Takes nothing but what the first version took: its jobs keep their ids and travel as wire version 1.
    package var isPlain: Bool { input.isPlain && encoding == nil }

    /// The id of a regular file's job.
    /// - Parameters:
    ///   - decoded: the hash of the UTF-8 form of a file in another encoding; iconv's tables differ.
    ///   - nonce: of an `--again` job; nil otherwise.
    package func jobID(
        content: ContentHash, size: UInt64, decoded: ContentHash? = nil, label: String?, nonce: [UInt8]?
    ) -> JobID {
        let file = [content.text, String(size)] + (decoded.map { [$0.text] } ?? [])
        return identity(of: "file", file.map { Array($0.utf8) }, label, nonce)
    }

    /// The id of what can be read only once.
    package func jobID(nonce: [UInt8]) -> JobID {
        identity(of: "stream", [], nil, nonce)
    }

    /// The part of the plan that a new version of the program may change.
    private var versions: [Int] { [RecordScanner.version, Validator.version, isPlain ? 1 : 2] }

    /// XXH3_128 of the parts, each behind its length (absent: behind a length no part has): no two lists hash alike
    /// by being cut elsewhere.
    private func identity(of input: String, _ content: [[UInt8]], _ label: String?, _ nonce: [UInt8]?) -> JobID {
        let words = [input] + versions.map { String($0) } + [self.input.form.rawValue]
        let plan = [keyFields.text, String(partitions), onDuplicate.rawValue]
        var parts: [[UInt8]?] =
            words.map { Array($0.utf8) }
            + [self.input.form == .csv ? [self.input.dialect.delimiter] : nil, self.input.header]
            + plan.map { Array($0.utf8) } + content.map { $0 } + [label.map { Array($0.utf8) }, nonce]
        if !isPlain { parts += self.input.parts + [encoding.map { Array($0.utf8) }] }
        var bytes: [UInt8] = []
        for part in parts {
            let length = part.map { UInt64($0.count) } ?? .max
            withUnsafeBytes(of: length.bigEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: part ?? [])
        }
        let hash = bytes.withUnsafeBufferPointer { ContentHash(of: $0) }
        return JobID(high: hash.high, low: hash.low)
    }
}

extension Conclusion {
    /// What a plain input does not have.
    fileprivate var parts: [[UInt8]?] {
        func text(_ value: Int) -> [UInt8] { Array(String(value).utf8) }
        func list(_ path: [[UInt8]]) -> [[UInt8]?] { [text(path.count)] + path.map { $0 } }
        var parts: [[UInt8]?] = [
            text(hasDelimiterLine ? 1 : 0), text(skippedLines), null, text(isRagged ? 1 : 0),
            text(Int(lenient.rawValue)), text(columns.count),
        ]
        for column in columns { parts += list(column.source) + list(column.path) }
        if let age {
            parts += [text(age.index)] + list(age.source)
            parts += [Array(age.asOf.text.utf8), age.format.map { Array($0.rawValue.utf8) }]
        }
        if isFix { parts.append(Array("fix".utf8)) }
        return parts
    }
}
