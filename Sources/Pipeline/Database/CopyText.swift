// The text format of COPY: columns between tabs, rows between newlines, a backslash before what would be taken for one.

internal import Records

/// Writes COPY text at a pointer that moves on; the caller made room for it.
enum CopyText {
    /// Bytes that `append(escaped:)` may write for `count` bytes.
    @inline(__always) static func bound(_ count: Int) -> Int { 2 * count + 8 }

    /// A value. Most have no byte to escape, so eight are looked at, and copied, at a time.
    @inline(__always)
    static func append(escaped value: Bytes, to target: inout UnsafeMutablePointer<UInt8>) {
        guard var source = value.baseAddress else { return }
        let end = source + value.count
        while end - source >= 8 {
            let word = UnsafeRawPointer(source).loadUnaligned(as: UInt64.self)
            if hasSpecial(word) {
                for _ in 0..<8 {
                    appendByte(source.pointee, to: &target)
                    source += 1
                }
            } else {
                UnsafeMutableRawPointer(target).storeBytes(of: word, as: UInt64.self)
                source += 8
                target += 8
            }
        }
        while source < end {
            appendByte(source.pointee, to: &target)
            source += 1
        }
    }

    /// A value that may be absent: NULL is `\N`.
    @inline(__always)
    static func append(optional value: Bytes?, to target: inout UnsafeMutablePointer<UInt8>) {
        if let value { return append(escaped: value, to: &target) }
        target[0] = UInt8(ascii: "\\")
        target[1] = UInt8(ascii: "N")
        target += 2
    }

    /// An age: 0–150, as decimal digits.
    @inline(__always)
    static func append(age: Int, to target: inout UnsafeMutablePointer<UInt8>) {
        if age >= 100 {
            target.pointee = UInt8(truncatingIfNeeded: 0x30 + age / 100)
            target += 1
        }
        if age >= 10 {
            target.pointee = UInt8(truncatingIfNeeded: 0x30 + age / 10 % 10)
            target += 1
        }
        target.pointee = UInt8(truncatingIfNeeded: 0x30 + age % 10)
        target += 1
    }

    @inline(__always)
    private static func appendByte(_ byte: UInt8, to target: inout UnsafeMutablePointer<UInt8>) {
        let letter: UInt8
        switch byte {
        case 0x09: letter = UInt8(ascii: "t")
        case 0x0A: letter = UInt8(ascii: "n")
        case 0x0D: letter = UInt8(ascii: "r")
        case 0x5C: letter = 0x5C
        default:
            target.pointee = byte
            target += 1
            return
        }
        target[0] = 0x5C
        target[1] = letter
        target += 2
    }

    /// Whether one of eight bytes is a control character or a backslash ("Bit Twiddling Hacks": hasless, haszero).
    @inline(__always)
    private static func hasSpecial(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let slashes = word ^ (ones &* 0x5C)
        let control = (word &- ones &* 0x20) & ~word
        let backslash = (slashes &- ones) & ~slashes
        return (control | backslash) & highs != 0
    }
}
