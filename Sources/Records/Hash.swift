// XXH3 as userload uses it: 64 bits for partitions and digests, 128 bits for the content of a file.

internal import CXXHash

/// One-shot hashing.
package enum Hash {
    /// XXH3_64bits_withSeed of `bytes`.
    @inline(__always)
    package static func xxh3(_ bytes: Bytes, seed: UInt64 = 0) -> UInt64 {
        XXH3_64bits_withSeed(bytes.baseAddress, bytes.count, seed)
    }
}

/// The digest over the values of a partition's records, in order: equal digests prove equal content.
package enum Digest {
    /// XXH3_64 of `value`, seeded with the digest so far; a partition starts at 0.
    @inline(__always)
    package static func extend(_ digest: UInt64, _ value: Bytes) -> UInt64 {
        Hash.xxh3(value, seed: digest)
    }
}

/// XXH3_128 of a file's bytes: what `status FILE` looks a job up by.
package struct ContentHash: Hashable, Sendable, Codable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 lower-case hexadecimal digits.
    package var text: String { Hex.text(high) + Hex.text(low) }

    /// nil unless `text` is 32 hexadecimal digits.
    package init?(text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 32, let high = Hex.value(digits[..<16]), let low = Hex.value(digits[16...]) else {
            return nil
        }
        self.init(high: high, low: low)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let hash = ContentHash(text: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not 32 hexadecimal digits")
        }
        self = hash
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension ContentHash {
    /// Of `bytes` that are in memory as a whole.
    package init(of bytes: Bytes) {
        let hash = XXH3_128bits(bytes.baseAddress, bytes.count)
        self.init(high: hash.high64, low: hash.low64)
    }
}

/// Streaming XXH3_128. Not thread-safe.
package final class ContentHasher {
    private let state: OpaquePointer

    /// Throws when there is no memory for the state.
    package init() throws(InputError) {
        guard let state = XXH3_createState() else { throw InputError("out of memory") }
        self.state = state
        reset()
    }

    deinit { XXH3_freeState(state) }

    /// Back to no bytes at all.
    package func reset() { XXH3_128bits_reset(state) }

    package func update(_ bytes: Bytes) {
        XXH3_128bits_update(state, bytes.baseAddress, bytes.count)
    }

    /// The hash of all bytes so far; more may follow.
    package func finish() -> ContentHash {
        let hash = XXH3_128bits_digest(state)
        return ContentHash(high: hash.high64, low: hash.low64)
    }
}

/// Hexadecimal text of 64-bit numbers.
enum Hex {
    /// 16 lower-case digits.
    static func text(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// nil unless `digits` are 1 to 16 hexadecimal digits.
    static func value(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard (1...16).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard let nibble = nibble(digit) else { return nil }
            value = value << 4 | UInt64(nibble)
        }
        return value
    }

    /// 0–15, nil if `digit` is no hexadecimal digit.
    @inline(__always)
    static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit &- UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit &- UInt8(ascii: "a") &+ 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit &- UInt8(ascii: "A") &+ 10
        default: nil
        }
    }
}
