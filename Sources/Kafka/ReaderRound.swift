// What a reader asks for in one go, and the answers so far.

/// A value. librdkafka reads a partition from one place at a time: further places of it are answered in the same round if
/// they lie so close behind that what is fetched holds them, else in a later one.
struct ReaderRound {
    /// Offsets.
    private static let reach: Int64 = 64

    private struct Want {
        let index: Int
        let offset: Int64
    }

    /// Of each partition, ascending by offset; those without an answer.
    private var wanted: [Int32: ArraySlice<Want>] = [:]
    /// By the index of the place.
    private(set) var results: [Int: ReadResult] = [:]
    /// Where to start reading each partition.
    let starts: [(partition: Int32, offset: Int64)]

    /// - Parameter places: of these, by their index.
    init(_ places: [(index: Int, partition: Int32, offset: Int64)]) {
        let byPartition = Dictionary(grouping: places) { $0.partition }
        for (partition, places) in byPartition {
            let ascending = places.map { Want(index: $0.index, offset: $0.offset) }.sorted { $0.offset < $1.offset }
            var last = ascending[0].offset
            wanted[partition] = ascending.prefix { want in
                defer { last = want.offset }
                let (distance, overflows) = want.offset.subtractingReportingOverflow(last)
                return !overflows && distance <= Self.reach
            }
        }
        starts = wanted.map { ($0, $1.first!.offset) }.sorted { $0.0 < $1.0 }
    }

    var isComplete: Bool { wanted.isEmpty }

    /// Partitions without all their answers.
    var open: [Int32] { wanted.keys.sorted() }

    /// What is wanted of a partition next; nil: nothing any more.
    func offset(_ partition: Int32) -> Int64? { wanted[partition]?.first?.offset }

    /// What is still wanted of the partition is for another round.
    mutating func leave(_ partition: Int32) { wanted[partition] = nil }

    /// Of the offset wanted next.
    mutating func answer(_ partition: Int32, _ result: ReadResult) {
        guard let want = wanted[partition]?.popFirst() else { return }
        results[want.index] = result
        if wanted[partition]?.isEmpty == true { wanted[partition] = nil }
    }
}
