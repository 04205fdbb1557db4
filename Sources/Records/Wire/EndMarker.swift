// The message after the last record of a partition: what the worker must have counted by then.

/// JSON on the wire; the digest as 16 hexadecimal digits, for JSON readers know no 64-bit integers.
package struct EndMarker: Equatable, Sendable {
    /// Seq of the partition's last record; 0 if it has none.
    package var lastSeq: UInt64
    package var records: UInt64
    /// `Digest` over the values of the partition's records.
    package var digest: UInt64

    package init(lastSeq: UInt64, records: UInt64, digest: UInt64) {
        self.lastSeq = lastSeq
        self.records = records
        self.digest = digest
    }

    package func encode() throws(MarkerError) -> [UInt8] { try MarkerJSON.encode(self) }

    package init(decoding json: Bytes) throws(MarkerError) {
        let marker: EndMarker = try MarkerJSON.decode(json)
        guard marker.lastSeq <= Limits.wireNumber, marker.records <= Limits.wireNumber else {
            throw MarkerError(message: "an end marker with a number out of range")
        }
        self = marker
    }
}

extension EndMarker: Codable {
    private enum CodingKeys: String, CodingKey {
        case lastSeq, records, digest
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let digits = Array(try values.decode(String.self, forKey: .digest).utf8)
        guard digits.count == 16, let digest = Hex.value(digits[...]) else {
            throw DecodingError.dataCorruptedError(
                forKey: .digest, in: values, debugDescription: "not 16 hexadecimal digits")
        }
        self.init(
            lastSeq: try values.decode(UInt64.self, forKey: .lastSeq),
            records: try values.decode(UInt64.self, forKey: .records), digest: digest)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(lastSeq, forKey: .lastSeq)
        try values.encode(records, forKey: .records)
        try values.encode(Hex.text(digest), forKey: .digest)
    }
}
