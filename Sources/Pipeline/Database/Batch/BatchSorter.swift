// The order in which rows meet the unique index: by age, then by key bytes. Neighbours in a batch then touch
// neighbouring pages (20 % off a shuffled load), and every loader takes rows in one order.

internal import Glibc
internal import Records

/// Scratch memory of a batch's sort. The same order as the index's, but for an absent e-mail or phone number.
final class BatchSorter {
    private struct Entry {
        /// The key's first 16 bytes, big-endian: comparing them settles nearly all pairs without a look at the key, which
        /// lies elsewhere in memory.
        var first: UInt64
        var second: UInt64
        var row: UInt32
    }

    private var entries: [Entry] = []

    /// Fills `order` with the rows' numbers; of rows with one key, the first that came. `repeated` is given
    /// the others, those of one key one after the other in the order they came: the first one's number, its own.
    func sort(
        _ rows: ContiguousArray<BatchRow>, keys: Bytes, into order: inout ContiguousArray<UInt32>,
        repeated: (_ first: UInt32, _ row: UInt32) -> Void
    ) {
        if entries.count != rows.count {
            entries = [Entry](repeating: Entry(first: 0, second: 0, row: 0), count: rows.count)
        }
        entries.withUnsafeMutableBufferPointer { entries in
            rows.withUnsafeBufferPointer { rows in
                guard let keys = keys.baseAddress else { return }
                var end = 0
                for count in Self.distribute(rows, keys, entries) where count > 0 {
                    Self.sort(UnsafeMutableBufferPointer(rebasing: entries[end..<end + count]), rows, keys)
                    end += count
                }
                order.removeAll(keepingCapacity: true)
                order.reserveCapacity(rows.count)
                guard var last = entries.first else { return }
                order.append(last.row)
                for entry in entries.dropFirst() {
                    if Self.haveOneKey(entry, last, rows, keys) {
                        repeated(last.row, entry.row)
                    } else {
                        order.append(entry.row)
                        last = entry
                    }
                }
            }
        }
    }

    /// Their rows are looked at only if the entries do not differ: most neighbours settle it without a cache miss.
    @inline(__always)
    private static func haveOneKey(
        _ left: Entry, _ right: Entry, _ rows: UnsafeBufferPointer<BatchRow>, _ keys: UnsafePointer<UInt8>
    ) -> Bool {
        if Torture.has(.keyComparedAsString) {
            let texts = [left, right].map { entry in
                let row = rows[Int(entry.row)]
                return String(decoding: Bytes(start: keys + row.key, count: Int(row.keyCount)), as: UTF8.self)
            }
            return texts[0] == texts[1]
        }
        guard left.first == right.first, left.second == right.second else { return false }
        let (left, right) = (rows[Int(left.row)], rows[Int(right.row)])
        return left.age == right.age && BatchRow.compare(left, right, keys) == 0
    }

    /// A counting sort by age: what is left is 150 small sorts. Returns how many rows each age has.
    private static func distribute(
        _ rows: UnsafeBufferPointer<BatchRow>, _ keys: UnsafePointer<UInt8>,
        _ entries: UnsafeMutableBufferPointer<Entry>
    ) -> [Int] {
        var counts = [Int](repeating: 0, count: 256)
        for row in rows { counts[Int(row.age)] += 1 }
        var next = [Int](repeating: 0, count: 256)
        for age in 1..<256 { next[age] = next[age - 1] + counts[age - 1] }
        for number in rows.indices {
            let age = Int(rows[number].age)
            entries[next[age]] = entry(rows[number], number, keys)
            next[age] += 1
        }
        return counts
    }

    @inline(__always)
    private static func entry(_ row: BatchRow, _ number: Int, _ keys: UnsafePointer<UInt8>) -> Entry {
        let key = UnsafeRawPointer(keys + row.key)
        let number = UInt32(truncatingIfNeeded: number)
        if row.keyCount >= 16 {
            return Entry(
                first: UInt64(bigEndian: key.loadUnaligned(as: UInt64.self)),
                second: UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 8, as: UInt64.self)), row: number)
        }
        // A shorter key, as if NULs followed: what they leave equal, the keys themselves decide.
        var words: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &words) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: key, count: Int(row.keyCount)))
        }
        return Entry(first: UInt64(bigEndian: words.0), second: UInt64(bigEndian: words.1), row: number)
    }

    private static func sort(
        _ bucket: consuming UnsafeMutableBufferPointer<Entry>, _ rows: UnsafeBufferPointer<BatchRow>,
        _ keys: UnsafePointer<UInt8>
    ) {
        bucket.sort { left, right in
            if left.first != right.first { return left.first < right.first }
            if left.second != right.second { return left.second < right.second }
            let order = BatchRow.compare(rows[Int(left.row)], rows[Int(right.row)], keys)
            return order != 0 ? order < 0 : left.row < right.row
        }
    }
}

extension BatchRow {
    /// memcmp of two keys: negative, 0 or positive.
    @inline(__always)
    static func compare(_ left: BatchRow, _ right: BatchRow, _ keys: UnsafePointer<UInt8>) -> Int {
        let shared = Int(min(left.keyCount, right.keyCount))
        let order = memcmp(keys + left.key, keys + right.key, shared)
        return order != 0 ? Int(order) : Int(left.keyCount) - Int(right.keyCount)
    }
}

extension Batch {
    /// Fills `order`, `repeats` and `repeated`. Of rows with one key, the first that came stays. Nothing to do the second
    /// time.
    package func sortRows() {
        guard !isSorted else { return }
        isSorted = true
        repeated = [Int](repeating: 0, count: progress.count)
        repeats.removeAll(keepingCapacity: true)
        forgetFolds()
        sorter.sort(rows, keys: rowBytes.bytes, into: &order) { first, row in
            repeats.append(BatchRepeat(first: first, row: row))
            repeated[Int(rows[Int(row)].place.progressIndex)] += 1
        }
        if !repeats.isEmpty, progress.contains(where: { !$0.onDuplicate.skips }) { makeChains() }
    }

    /// For each row whose key another one repeats: the next of them.
    func nextRepeats() -> [UInt32: UInt32] {
        var next: [UInt32: UInt32] = [:]
        for (index, entry) in repeats.enumerated() {
            let isSecond = index == 0 || repeats[index - 1].first != entry.first
            next[isSecond ? entry.first : repeats[index - 1].row] = entry.row
        }
        return next
    }
}
