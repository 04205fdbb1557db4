// Sixteen bytes at a time: where the next byte is that a scanner has to look at.

typealias BytePointer = UnsafePointer<UInt8>

/// 16 bytes in one register. Loads read all 16: the caller knows that they are there.
struct ByteBlock {
    static let size = 16

    let bytes: SIMD16<UInt8>

    @inline(__always)
    init(_ start: BytePointer) {
        bytes = UnsafeRawPointer(start).loadUnaligned(as: SIMD16<UInt8>.self)
    }

    @inline(__always)
    func store(to target: UnsafeMutablePointer<UInt8>) {
        UnsafeMutableRawPointer(target).storeBytes(of: bytes, as: SIMD16<UInt8>.self)
    }

    private init(_ bytes: SIMD16<UInt8>) { self.bytes = bytes }

    /// With 20 set in every byte: `[`, `]` and `\` become `{`, `}` and `|`.
    @inline(__always)
    var folded: ByteBlock { ByteBlock(bytes | SIMD16(repeating: 0x20)) }

    /// Bytes equal to `byte`.
    @inline(__always)
    func equal(_ byte: UInt8) -> SIMDMask<SIMD16<Int8>> {
        bytes .== SIMD16(repeating: byte)
    }

    /// Control characters (below 20) and bytes of multi-byte characters (from 80): as signed numbers, all below 20.
    @inline(__always)
    var notPlain: SIMDMask<SIMD16<Int8>> {
        unsafeBitCast(bytes, to: SIMD16<Int8>.self) .< SIMD16(repeating: 0x20)
    }

    /// Control characters only.
    @inline(__always)
    var control: SIMDMask<SIMD16<Int8>> {
        bytes .< SIMD16(repeating: 0x20)
    }
}

/// The positions of a block that a comparison hit; one bit is set in each byte that was.
struct BlockHits {
    var low: UInt64
    var high: UInt64

    @inline(__always)
    init(_ mask: SIMDMask<SIMD16<Int8>>) {
        let halves = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
        low = UInt64(littleEndian: halves[0])
        high = UInt64(littleEndian: halves[1])
    }

    /// 0–15; 16 if there is none.
    @inline(__always)
    var first: Int {
        low != 0 ? low.trailingZeroBitCount &>> 3 : 8 &+ high.trailingZeroBitCount &>> 3
    }
}

extension BlockHits {
    /// `first`, which is then no hit any more.
    @inline(__always)
    mutating func removeFirst() -> Int {
        let hit = first
        if hit < 8 {
            low &= ~(0xFF &<< UInt64(hit &* 8))
        } else if hit < 16 {
            high &= ~(0xFF &<< UInt64((hit &- 8) &* 8))
        }
        return hit
    }
}

/// Byte equality of `count` bytes.
@inline(__always)
func sameBytes(_ left: BytePointer, _ right: BytePointer, _ count: Int) -> Bool {
    var position = 0
    while position &+ 8 <= count {
        let a = UnsafeRawPointer(left + position).loadUnaligned(as: UInt64.self)
        guard a == UnsafeRawPointer(right + position).loadUnaligned(as: UInt64.self) else { return false }
        position &+= 8
    }
    while position < count {
        guard left[position] == right[position] else { return false }
        position &+= 1
    }
    return true
}

/// Whitespace for trimming: 09–0D and 20.
@inline(__always)
func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }

/// `bytes` without the whitespace around them.
@inline(__always)
func trimmed(_ bytes: Bytes) -> Bytes {
    guard var start = bytes.baseAddress else { return bytes }
    var end = start + bytes.count
    while start < end, isWhitespace(start.pointee) { start += 1 }
    while start < end, isWhitespace(end[-1]) { end -= 1 }
    return Bytes(start: start, count: end - start)
}

@inline(__always)
package func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
