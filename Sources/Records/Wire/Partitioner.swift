// Which partition a message goes to: our own function of its key or line, never the client library's.

package enum Partitioner {
    /// Of a clean record: XXH3_64 of the key, modulo the number of partitions.
    @inline(__always)
    package static func partition(_ key: Bytes, _ count: Int) -> Int32 {
        Int32(truncatingIfNeeded: Hash.xxh3(key) % UInt64(count))
    }

    /// Of a reject, which has no key.
    @inline(__always)
    package static func partition(line: UInt64, _ count: Int) -> Int32 {
        Int32(truncatingIfNeeded: line % UInt64(count))
    }
}
