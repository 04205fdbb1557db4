// When `work --drain` is done: everything up to the ends of the logs at its start is in the database, whoever loaded it.

/// The aim of a drain, and whether it is reached. A value.
package struct Drain: Sendable {
    package enum Decision: Equatable, Sendable {
        /// Everything up to the aim is in the database, and every anchor was found.
        case done
        /// Some partitions are behind.
        case behind([Int32])
    }

    /// A partition's end at the start of the drain; nil: nothing to read there.
    private var targets: [Int32: Int64?] = [:]
    private var sum: Int64?

    package init() {}

    /// The log of a partition at the start, and again when its topic was created again. `low == high`: empty.
    package mutating func setTarget(_ partition: Int32, low: Int64, high: Int64) {
        targets[partition] = .some(low >= high ? nil : high)
    }

    /// The log ends below the aim: it is another one than at the start, even where nothing was taken by which it would be
    /// known. `low`, `high`: as it is now.
    package mutating func cap(_ partition: Int32, low: Int64, high: Int64) {
        if let target = target(of: partition), target > high { setTarget(partition, low: low, high: high) }
    }

    /// The topic does not have these partitions any more.
    package mutating func remove(_ partitions: [Int32]) { partitions.forEach { targets[$0] = nil } }

    package var partitions: [Int32] { targets.keys.sorted() }

    package func target(of partition: Int32) -> Int64? { targets[partition] ?? nil }

    /// Partitions whose position in the database has not come up to the aim. `positions`: next_offset by partition,
    /// −1 or absent for one that nobody has read.
    package func behind(_ positions: [Int32: Int64]) -> [Int32] {
        targets.compactMap { partition, target in
            guard let target else { return nil }
            return (positions[partition] ?? -1) >= target ? nil : partition
        }.sorted()
    }

    /// - Parameter replaced: partitions whose anchor was not found; looked for only where nothing is behind.
    package func decide(_ positions: [Int32: Int64], replaced: [Int32]) -> Decision {
        let open = behind(positions) + replaced.filter { targets.keys.contains($0) }
        return open.isEmpty ? .done : .behind(open)
    }

    /// Whether positions moved, ours or others', since this was asked last.
    package mutating func hasMoved(_ positions: [Int32: Int64]) -> Bool {
        let now = positions.values.reduce(Int64(0)) { $0 &+ $1 }
        defer { sum = now }
        return sum != now
    }
}
