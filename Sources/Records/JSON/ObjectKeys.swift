// Finds a key that an object has twice; jsonb would keep the last one and say nothing.

/// The keys of all objects that are open, innermost last. Scratch of one thread, reused from record to record.
/// Keys are compared as they read unescaped, byte for byte. A handle without reference counts: who makes it
/// deallocates it.
struct ObjectKeys {
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

    private struct Storage {
        var keys: UnsafeMutablePointer<Key>
        var capacity: Int
        var count = 0
        var frames: UnsafeMutablePointer<Frame>
        var depth = 0
        /// Of the text that the keys are from.
        var textBytes = 0
        /// Keys that had escapes, unescaped.
        var unescaped: ByteBuffer?
    }

    private let storage: UnsafeMutablePointer<Storage>

    init() {
        storage = .allocate(capacity: 1)
        storage.initialize(
            to: Storage(
                keys: .allocate(capacity: 64), capacity: 64, frames: .allocate(capacity: Limits.depth + 1)))
    }

    func deallocate() {
        storage.pointee.keys.deallocate()
        storage.pointee.frames.deallocate()
        storage.deinitialize(count: 1)
        storage.deallocate()
    }

    /// Forgets everything. `bytes` is the length of the text to come: unescaped keys never move.
    @inline(__always)
    func reset(bytes: Int) {
        storage.pointee.count = 0
        storage.pointee.depth = 0
        storage.pointee.textBytes = bytes
        if storage.pointee.unescaped != nil { storage.pointee.unescaped = nil }
    }

    @inline(__always)
    func open() {
        let depth = storage.pointee.depth
        storage.pointee.frames[depth] = Frame(firstKey: storage.pointee.count, seen: 0)
        storage.pointee.depth = depth &+ 1
    }

    /// Takes a key of the innermost object. True: it was there already.
    @inline(__always)
    func add(_ start: BytePointer, _ end: BytePointer, hasEscape: Bool) -> Bool {
        hasEscape ? addUnescaped(start, end) : add(start, end - start)
    }

    private func addUnescaped(_ start: BytePointer, _ end: BytePointer) -> Bool {
        let unescaped = storage.pointee.unescaped ?? ByteBuffer(capacity: storage.pointee.textBytes)
        storage.pointee.unescaped = unescaped
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
        let count = storage.pointee.count
        if count == storage.pointee.capacity { grow() }
        storage.pointee.keys[count] = Key(
            start: start, count: UInt32(truncatingIfNeeded: length), signature: signature)
        storage.pointee.count = count &+ 1
        let bit: UInt64 = 1 &<< UInt64((signature &* 0x9E37_79B1) &>> 26)
        let frame = storage.pointee.frames + (storage.pointee.depth &- 1)
        guard frame.pointee.seen & bit != 0 else {
            frame.pointee.seen |= bit
            return false
        }
        return count &- frame.pointee.firstKey < Self.comparedAtOnce && wasThere(from: frame.pointee.firstKey)
    }

    /// Whether the last key is among those before it.
    private func wasThere(from first: Int) -> Bool {
        let keys = storage.pointee.keys
        let last = storage.pointee.count - 1
        let new = keys[last]
        for position in first..<last where keys[position].signature == new.signature {
            let old = keys[position]
            if old.count == new.count, sameBytes(old.start, new.start, Int(new.count)) { return true }
        }
        return false
    }

    /// Leaves the innermost object. Not nil: a key that was there twice, which `add` may have said already.
    @inline(__always)
    func close() -> Bytes? {
        let depth = storage.pointee.depth &- 1
        storage.pointee.depth = depth
        let first = storage.pointee.frames[depth].firstKey
        let duplicate = storage.pointee.count &- first > Self.comparedAtOnce ? duplicateBySorting(from: first) : nil
        storage.pointee.count = first
        return duplicate
    }

    /// Sorted by hash, then by bytes: nobody can choose keys that make it quadratic.
    private func duplicateBySorting(from first: Int) -> Bytes? {
        let hashed = (first..<storage.pointee.count).map { position in
            let key = storage.pointee.keys[position]
            let bytes = Bytes(start: key.start, count: Int(key.count))
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
        let capacity = storage.pointee.capacity
        let moved = UnsafeMutablePointer<Key>.allocate(capacity: capacity * 2)
        moved.update(from: storage.pointee.keys, count: storage.pointee.count)
        storage.pointee.keys.deallocate()
        storage.pointee.keys = moved
        storage.pointee.capacity = capacity * 2
    }
}
