// Bytes, borrowed and owned: what the hot path works on in place of String, Data and Array.

/// Borrowed bytes, valid only as long as their owner says.
package typealias Bytes = UnsafeBufferPointer<UInt8>

/// A growable run of bytes with one owner. Appending never allocates once the capacity is there;
/// `removeAll` keeps it. Not thread-safe: hand it over, do not share it.
package final class ByteBuffer {
    @usableFromInline package private(set) var base: UnsafeMutablePointer<UInt8>
    @usableFromInline package var count: Int
    @usableFromInline package private(set) var capacity: Int

    package init(capacity: Int = 256) {
        self.capacity = max(16, capacity)
        self.base = .allocate(capacity: self.capacity)
        self.count = 0
    }

    deinit { base.deallocate() }

    /// All bytes; valid until the next append or removal.
    @inlinable package var bytes: Bytes { Bytes(start: base, count: count) }

    /// Bytes `offset ..< offset + count`; valid until the next append or removal.
    @inlinable package func slice(_ offset: Int, _ count: Int) -> Bytes {
        Bytes(start: base + offset, count: count)
    }

    /// Room for `extra` more bytes.
    @inlinable @inline(__always) package func reserve(_ extra: Int) {
        if count &+ extra > capacity { grow(extra) }
    }

    @usableFromInline func grow(_ extra: Int) {
        let wanted = max(capacity * 2, count + extra)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
        moved.update(from: base, count: count)
        base.deallocate()
        base = moved
        capacity = wanted
    }

    @inlinable @inline(__always) package func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count &+= 1
    }

    @inlinable @inline(__always) package func append(_ bytes: Bytes) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        (base + count).update(from: source, count: bytes.count)
        count &+= bytes.count
    }

    /// A literal; compiled to a copy of static bytes.
    @inlinable @inline(__always) package func append(_ literal: StaticString) {
        append(Bytes(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    @inlinable package func removeAll() { count = 0 }

    /// Gives memory back when the capacity has grown past `limit`; the content is lost.
    package func shrink(to limit: Int) {
        count = 0
        guard capacity > limit else { return }
        base.deallocate()
        base = .allocate(capacity: limit)
        capacity = limit
    }
}

/// The bytes of an array for the length of `body`.
@inline(__always)
package func withBytes<Result>(_ bytes: [UInt8], _ body: (Bytes) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBufferPointer(body)
}

extension ByteBuffer {
    package func append(_ bytes: [UInt8]) { withBytes(bytes) { append($0) } }
}
