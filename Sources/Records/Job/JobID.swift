// The identity of a job: 128 bits, and the ways it is written.

/// 128 bits; ordered as numbers. Codable as `text`.
package struct JobID: Hashable, Sendable, Comparable, Codable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 16 bytes, big-endian, as they stand in a wire header.
    package init(bytes16: UnsafePointer<UInt8>) {
        let raw = UnsafeRawPointer(bytes16)
        high = UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self))
        low = UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// The job "-" of messages that other producers wrote: all zero.
    package static let foreign = JobID(high: 0, low: 0)

    /// 26 characters of lower-case Crockford base32, left-aligned: its first 8 characters are the id's first 40 bits.
    /// "-" for `foreign`.
    package var text: String {
        if self == .foreign { return "-" }
        let bits = UInt128(high) << 64 | UInt128(low)
        return String(
            decoding: (0..<26).map { position in
                let digit = position < 25 ? bits >> (123 - 5 * position) : bits << 2
                return Crockford.alphabet[Int(truncatingIfNeeded: digit & 31)]
            }, as: UTF8.self)
    }

    /// What people type: the first 8 characters of `text`; "-" for `foreign`.
    package var slug: String { String(text.prefix(8)) }

    /// 8-4-4-4-12 lower-case hexadecimal digits, as Postgres prints a uuid.
    package var uuid: String {
        let digits = Array((Hex.text(high) + Hex.text(low)).utf8)
        return [digits[..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20...]]
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
    }

    /// Reads `text`; upper case, and o, i, l for 0, 1, 1, as Crockford has it. nil for anything else.
    package init?(text: String) {
        if text == "-" {
            self = .foreign
            return
        }
        let digits = Array(text.utf8)
        guard digits.count == 26 else { return nil }
        var bits: UInt128 = 0
        for (position, digit) in digits.enumerated() {
            guard let value = Crockford.value(ofDigit: digit) else { return nil }
            if position < 25 {
                bits = bits << 5 | UInt128(value)
            } else {
                guard value & 3 == 0 else { return nil }
                bits = bits << 3 | UInt128(value >> 2)
            }
        }
        self.init(high: UInt64(truncatingIfNeeded: bits >> 64), low: UInt64(truncatingIfNeeded: bits))
    }

    /// Reads `uuid`, with its hyphens, in either case. nil for anything else.
    package init?(uuid: String) {
        let parts = uuid.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [8, 4, 4, 4, 12] else { return nil }
        let digits = parts.flatMap { Array($0) }
        guard let high = Hex.value(digits[..<16]), let low = Hex.value(digits[16...]) else { return nil }
        self.init(high: high, low: low)
    }

    package static func < (left: JobID, right: JobID) -> Bool { (left.high, left.low) < (right.high, right.low) }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = JobID(text: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a job id")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
