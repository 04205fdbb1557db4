// Bytes that were read in order to look at them, before they are handed out.

struct Lookahead {
    /// Not handed out yet.
    private(set) var bytes: ArraySlice<UInt8> = []
    private(set) var isAtEnd = false

    /// Reads once more; false if the input ended, or if there are `limit` bytes already.
    mutating func extend(
        to limit: Int, _ read: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> Bool {
        guard !isAtEnd, bytes.count < limit else { return false }
        let more = try [UInt8](unsafeUninitializedCapacity: limit - bytes.count) { buffer, count in
            count = try read(UnsafeMutableRawBufferPointer(buffer))
        }
        isAtEnd = more.isEmpty
        bytes += more
        return !isAtEnd
    }

    /// Hands out what fits into `buffer`.
    mutating func take(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count)
        buffer.copyBytes(from: bytes.prefix(count))
        bytes.removeFirst(count)
        return count
    }
}
