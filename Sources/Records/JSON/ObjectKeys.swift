// Finds a key that an object has twice; jsonb would keep the last one and say nothing.

/// The keys of all objects that are open, innermost last. Scratch of one thread, reused from record to record.
/// Keys are compared as they read unescaped, byte for byte.
final class ObjectKeys {
    /// The keys of an object up to here are compared when they come; the others by sorting, when it closes. So a
    /// megabyte of keys costs n log n, and a usual object no sorting.
    private static let comparedAtOnce = 32

    private struct Key {
        let start: BytePointer
        let count: UInt32
        /// Its length and three of its bytes: different for nearly all pairs of different keys.
        let signature: UInt32
    }

    private struct Frame {
        var firstKey: Int
        /// A bit for every signature so far: most new keys need no comparison.
        var seen: UInt64
    }

    @exclusivity(unchecked) private var keys: UnsafeMutablePointer<Key>
    @exclusivity(unchecked) private var capacity = 64
    @exclusivity(unchecked) private var count = 0
    private let frames: UnsafeMutablePointer<Frame>
    @exclusivity(unchecked) private var depth = 0
    /// Keys that had escapes, unescaped.
    private let unescaped = ByteBuffer(capacity: 16)

    init() {
        keys = .allocate(capacity: capacity)
        frames = .allocate(capacity: Limits.depth + 1)
    }

    deinit {
        keys.deallocate()
        frames.deallocate()
    }

    /// Forgets everything. `bytes` is the length of the text to come: unescaped keys never move.
    @inline(__always)
    func reset(bytes: Int) {
        count = 0
        depth = 0
        textBytes = bytes
        unescaped.removeAll()
    }
    @exclusivity(unchecked) private var textBytes = 0

    @inline(__always)
    func open() {
        frames[depth] = Frame(firstKey: count, seen: 0)
        depth &+= 1
    }

    /// Takes a key of the innermost object. True: it was there already.
    @inline(__always)
    func add(_ start: BytePointer, _ end: BytePointer, hasEscape: Bool) -> Bool {
        hasEscape ? addUnescaped(start, end) : add(start, end - start)
    }

    private func addUnescaped(_ start: BytePointer, _ end: BytePointer) -> Bool {
        unescaped.reserve(textBytes - unescaped.count)
        let offset = unescaped.count
        JSONString.unescape(start, end, into: unescaped)
        return add(BytePointer(unescaped.base) + offset, unescaped.count - offset)
    }

    @inline(__always)
    private func add(_ start: BytePointer, _ length: Int) -> Bool {
        var signature = UInt32(truncatingIfNeeded: length)
        if length > 0 {
            signature |= UInt32(start[0]) << 8 | UInt32(start[length &>> 1]) << 16 | UInt32(start[length &- 1]) << 24
        }
        if count == capacity { grow() }
        keys[count] = Key(start: start, count: UInt32(truncatingIfNeeded: length), signature: signature)
        count &+= 1
        let bit: UInt64 = 1 << UInt64((signature &* 0x9E37_79B1) &>> 26)
        let frame = frames + (depth &- 1)
        guard frame.pointee.seen & bit != 0 else {
            frame.pointee.seen |= bit
            return false
        }
        return count &- frame.pointee.firstKey <= Self.comparedAtOnce && wasThere(from: frame.pointee.firstKey)
    }

    private func wasThere(from first: Int) -> Bool {
        let new = keys[count - 1]
        for position in first..<count - 1 where keys[position].signature == new.signature {
            let old = keys[position]
            if old.count == new.count, sameBytes(old.start, new.start, Int(new.count)) { return true }
        }
        return false
    }

    /// Leaves the innermost object. Not nil: a key that was there twice and has not been reported by `add`.
    @inline(__always)
    func close() -> Bytes? {
        depth &-= 1
        let first = frames[depth].firstKey
        let duplicate = count &- first > Self.comparedAtOnce ? duplicateBySorting(from: first) : nil
        count = first
        return duplicate
    }

    /// Sorted by hash, then by bytes: nobody can choose keys that make it quadratic.
    private func duplicateBySorting(from first: Int) -> Bytes? {
        let hashed = (first..<count).map { position in
            let bytes = Bytes(start: keys[position].start, count: Int(keys[position].count))
            return (hash: Hash.xxh3(bytes), bytes: bytes)
        }.sorted { left, right in
            left.hash != right.hash
                ? left.hash < right.hash : left.bytes.lexicographicallyPrecedes(right.bytes)
        }
        return zip(hashed, hashed.dropFirst()).first { left, right in
            left.hash == right.hash && left.bytes.elementsEqual(right.bytes)
        }?.0.bytes
    }

    private func grow() {
        let moved = UnsafeMutablePointer<Key>.allocate(capacity: capacity * 2)
        moved.update(from: keys, count: count)
        keys.deallocate()
        keys = moved
        capacity *= 2
    }
}
