// The order in which rows meet the unique index: by age, then by key bytes. Neighbours in a batch then touch
// neighbouring pages (20 % off a shuffled load), and every loader takes rows in one order.

internal import Glibc
internal import Records

/// Scratch memory of a batch's sort. The same order as the index's, but for an absent e-mail or phone number.
final class BatchSorter {
    private struct Entry {
        /// Bytes 0–7 of the key, big-endian: comparing them settles most pairs without a look at the key.
        var prefix: UInt64
        var row: UInt32
    }

    private var entries: [Entry] = []
    private var starts: [Int] = []

    /// Fills `order` with the rows' numbers. Rows with equal keys keep the order they came in.
    func sort(_ rows: ContiguousArray<BatchRow>, keys: Bytes, into order: inout ContiguousArray<UInt32>) {
        distribute(rows, keys: keys)
        entries.withUnsafeMutableBufferPointer { entries in
            rows.withUnsafeBufferPointer { rows in
                for age in 0..<256 {
                    let bucket = UnsafeMutableBufferPointer(rebasing: entries[starts[age]..<starts[age + 1]])
                    if bucket.count > 1 { Self.sort(bucket, rows, keys.baseAddress!) }
                }
            }
        }
        order.removeAll(keepingCapacity: true)
        order.reserveCapacity(rows.count)
        for entry in entries { order.append(entry.row) }
    }

    /// A counting sort by age: what is left is 150 small sorts.
    private func distribute(_ rows: ContiguousArray<BatchRow>, keys: Bytes) {
        starts = [Int](repeating: 0, count: 257)
        for row in rows { starts[Int(row.age) + 1] += 1 }
        for age in 0..<256 { starts[age + 1] += starts[age] }
        var next = starts
        if entries.count != rows.count { entries = [Entry](repeating: Entry(prefix: 0, row: 0), count: rows.count) }
        for (number, row) in rows.enumerated() {
            let place = next[Int(row.age)]
            next[Int(row.age)] += 1
            entries[place] = Entry(prefix: Self.prefix(keys, row), row: UInt32(truncatingIfNeeded: number))
        }
    }

    @inline(__always)
    private static func prefix(_ keys: Bytes, _ row: BatchRow) -> UInt64 {
        let count = Int(row.keyCount)
        if count >= 8 {
            return UInt64(bigEndian: UnsafeRawPointer(keys.baseAddress! + row.key).loadUnaligned(as: UInt64.self))
        }
        var prefix: UInt64 = 0
        for index in 0..<8 { prefix = prefix << 8 | (index < count ? UInt64(keys[row.key + index]) : 0) }
        return prefix
    }

    private static func sort(
        _ bucket: consuming UnsafeMutableBufferPointer<Entry>, _ rows: UnsafeBufferPointer<BatchRow>,
        _ keys: UnsafePointer<UInt8>
    ) {
        bucket.sort { left, right in
            if left.prefix != right.prefix { return left.prefix < right.prefix }
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
    /// Fills `order` and `repeated`. Of rows with one key, the first that came stays. Nothing to do the second time.
    package func sortRows() {
        guard !isSorted else { return }
        isSorted = true
        repeated = [Int](repeating: 0, count: progress.count)
        sorter.sort(rows, keys: keys.bytes, into: &order)
        guard var last = order.first.map({ rows[Int($0)] }) else { return }
        var kept = 1
        for index in 1..<order.count {
            let row = rows[Int(order[index])]
            if row.age == last.age, BatchRow.compare(row, last, keys.bytes.baseAddress!) == 0 {
                repeated[Int(row.place.progressIndex)] += 1
            } else {
                order[kept] = order[index]
                kept += 1
                last = row
            }
        }
        order.removeLast(order.count - kept)
    }
}
