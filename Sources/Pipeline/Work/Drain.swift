// When `work --drain` is done: everything up to the high watermarks read at its start is in the database,
// whoever loaded it.

/// The aim of a drain, and how far all partitions are. A value.
package struct Drain: Sendable {
    /// A partition's end at the start of the drain; nil: nothing to read there.
    private var targets: [Int32: Int64?] = [:]

    package init() {}

    /// The log of a partition at the start, and anew when its topic was made again. `low == high`: empty.
    package mutating func setTarget(_ partition: Int32, low: Int64, high: Int64) {
        targets[partition] = .some(low >= high ? nil : high)
    }

    package var partitions: [Int32] { targets.keys.sorted() }

    /// Partitions whose position in the database has not come up to the aim. `positions`: next_offset by partition,
    /// −1 or absent for one that nobody has read.
    package func behind(_ positions: [Int32: Int64]) -> [Int32] {
        targets.compactMap { partition, target in
            guard let target else { return nil }
            return (positions[partition] ?? -1) >= target ? nil : partition
        }.sorted()
    }
}
