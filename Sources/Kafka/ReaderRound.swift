// What a reader asks for in one go, and the answers so far.

/// The places of one round. librdkafka reads a partition from one place on, so of each partition the first place is asked
/// for, and what lies close behind it is read on the way; the rest is left to another round.
struct ReaderRound {
    /// Beginning anew at a place further away is faster than reading on to it.
    private static let nearOffsets: Int64 = 1_000
    private static let nearBytes = 256 << 10

    private struct Row {
        /// Ascending by offset; with the index of the place.
        var wanted: [(offset: Int64, index: Int)] = []
        var next = 0
        /// Read since the last one that was wanted.
        var passedBytes = 0
        var isClosed = false

        var offset: Int64? { isClosed || next == wanted.count ? nil : wanted[next].offset }
    }

    /// Where each partition is read from.
    let places: [(partition: Int32, offset: Int64)]
    private var rows: [Int32: Row] = [:]
    private var openRows: Int
    /// By the index of the place.
    private(set) var results: [(index: Int, result: ReadResult)] = []

    /// - Parameter indices: of those of `all` that have no answer yet.
    init(_ all: [(partition: Int32, offset: Int64)], _ indices: [Int]) {
        for index in indices {
            rows[all[index].partition, default: Row()].wanted.append((all[index].offset, index))
        }
        for partition in rows.keys { rows[partition]!.wanted.sort { $0 < $1 } }
        places = rows.map { ($0.key, $0.value.wanted[0].offset) }.sorted { $0.partition < $1.partition }
        openRows = rows.count
    }

    var isComplete: Bool { openRows == 0 }

    /// Partitions of which something is awaited.
    var open: [Int32] { rows.filter { $0.value.offset != nil }.map(\.key) }

    /// What is wanted next of a partition; nil: nothing any more.
    func offset(_ partition: Int32) -> Int64? { rows[partition]?.offset }

    /// A message came.
    /// - Returns: whether it answers something.
    mutating func arrived(
        _ partition: Int32, offset: Int64, bytes: Int, _ message: () -> ReadResult
    ) -> Bool {
        guard let first = self.offset(partition), offset >= first else { return passed(partition, bytes) }
        answer(partition, below: offset, .absent(next: offset))
        if self.offset(partition) == offset { answer(partition, below: offset + 1, message()) }
        rows[partition]!.passedBytes = 0
        if let next = self.offset(partition), next - offset > Self.nearOffsets { close(partition) }
        return true
    }

    /// The log has nothing at or behind the place that is wanted.
    mutating func ended(_ partition: Int32) { answer(partition, below: .max, .absent(next: nil)) }

    /// Where the log begins.
    mutating func begins(_ partition: Int32, at low: Int64) {
        guard let first = offset(partition) else { return }
        if first < low { answer(partition, below: low, .belowStart(low: low)) } else { ended(partition) }
        // The next one is asked for anew.
        if offset(partition) != nil { close(partition) }
    }

    private mutating func passed(_ partition: Int32, _ bytes: Int) -> Bool {
        guard var row = rows[partition], row.offset != nil, row.next > 0 else { return false }
        row.passedBytes += bytes
        rows[partition] = row
        if row.passedBytes > Self.nearBytes { close(partition) }
        return false
    }

    private mutating func answer(_ partition: Int32, below limit: Int64, _ result: ReadResult) {
        guard var row = rows[partition] else { return }
        while let offset = row.offset, offset < limit {
            results.append((row.wanted[row.next].index, result))
            row.next += 1
        }
        if row.offset == nil, !row.isClosed {
            row.isClosed = true
            openRows -= 1
        }
        rows[partition] = row
    }

    private mutating func close(_ partition: Int32) {
        rows[partition]!.isClosed = true
        openRows -= 1
    }
}
