// The part of the input that is in memory: as much as the record at hand needs, however the input comes.

/// Reads ahead of a scanner. Its size follows the longest record so far, up to what a quote may stay open after a value
/// of the greatest length: 2.3 MiB. One thread.
final class InputWindow {
    /// How much is read at a time: it stays in a core's cache until it has been scanned.
    static let block = 262_144

    private let read: (UnsafeMutableRawBufferPointer) throws -> Int
    private var buffer: UnsafeMutablePointer<UInt8>
    private(set) var capacity: Int
    private var start = 0
    private var end = 0
    /// Of the first byte in the window, from the start of the input.
    private(set) var offset: UInt64
    /// Nothing comes after the window.
    private(set) var isLast = false

    /// `read` fills what it is given, or part of it, and returns how many bytes; 0 at the end of the input.
    /// - Parameters:
    ///   - capacity: less than a block for an input that is known to be small.
    ///   - offset: of the first byte that `read` gives.
    init(
        capacity: Int = InputWindow.block, offset: UInt64 = 0,
        read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
    ) {
        self.offset = offset
        self.read = read
        self.capacity = capacity
        buffer = Self.allocate(capacity)
    }

    /// Over bytes in memory, which must outlive it.
    convenience init(_ bytes: Bytes, offset: UInt64 = 0) {
        var position = 0
        // One byte more than there are: the end is found without growing.
        self.init(capacity: bytes.count + 1, offset: offset) { target in
            let count = min(target.count, bytes.count - position)
            target.copyBytes(from: bytes[position..<position + count])
            position += count
            return count
        }
    }

    deinit { buffer.deallocate() }

    /// With room for a block that starts at the last byte. What is there is never used, but it must be readable.
    private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<UInt8> {
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + ByteBlock.size)
        buffer.initialize(repeating: 0, count: capacity + ByteBlock.size)
        return buffer
    }

    /// The first byte; valid until the next `fill`. A `ByteBlock` may be loaded from every byte of the window.
    @inline(__always)
    var first: BytePointer { BytePointer(buffer + start) }

    @inline(__always)
    var count: Int { end &- start }

    /// Drops the first `count` bytes.
    @inline(__always)
    func consume(_ count: Int) {
        start &+= count
        offset &+= UInt64(truncatingIfNeeded: count)
    }

    /// Reads until the window has `wanted` bytes or the input ends; true: it has them.
    func fill(_ wanted: Int) throws -> Bool {
        while count < wanted, !isLast {
            if start > 0, start == end || start + wanted > capacity || end == capacity { moveToFront() }
            if wanted > capacity || end == capacity { grow(wanted) }
            let free = UnsafeMutableRawBufferPointer(start: buffer + end, count: min(capacity - end, Self.block))
            let count = try read(free)
            precondition(count >= 0 && count <= free.count, "a read beyond its buffer")
            end += count
            isLast = count == 0
        }
        return count >= wanted
    }

    /// Reads some more. By one read as long as the window is small, so that a slow pipe's records are not held back;
    /// then by a quarter each time, so that scanning a long record anew stays linear.
    func fillMore() throws {
        _ = try fill(count < 4096 ? count + 1 : count + count / 4)
    }

    private func moveToFront() {
        buffer.update(from: buffer + start, count: count)
        end -= start
        start = 0
    }

    private func grow(_ wanted: Int) {
        let larger = max(wanted, capacity) + Self.block
        let moved = Self.allocate(larger)
        moved.update(from: buffer + start, count: count)
        buffer.deallocate()
        buffer = moved
        capacity = larger
        end -= start
        start = 0
    }
}
