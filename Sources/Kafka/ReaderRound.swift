// What a reader asks for in one go, and the answers so far.

/// A value. librdkafka reads a partition from one place at a time: further places of it are answered in the same round if
/// they lie so close behind that what is fetched holds them, else in a later one.
struct ReaderRound {
    /// How far behind a place the next one may lie: beyond it, beginning anew there is faster than reading on.
    struct Reach {
        let offsets: Int64
        let bytes: Int
        let settings: [(String, String)]

        static let few = Reach(offsets: 64, bytes: 65_536, settings: [])
        /// As much as the consumer takes at a time: a batch that is longer than this is given for one partition only in
        /// each answer.
        static let many = Reach(offsets: 1_000, bytes: 262_144, settings: [("fetch.message.max.bytes", "131072")])
    }

    private let reach: Reach

    private struct Want {
        let index: Int
        let offset: Int64
    }

    private var askedAgain: Set<Int32> = []
    /// Of each partition, the bytes read since the last place that was wanted.
    private var passedBytes: [Int32: Int] = [:]
    /// Of each partition, ascending by offset; those without an answer.
    private var wanted: [Int32: ArraySlice<Want>] = [:]
    /// By the index of the place.
    private(set) var results: [Int: ReadResult] = [:]
    /// Where to start reading each partition.
    let starts: [(partition: Int32, offset: Int64)]

    /// - Parameter places: of these, by their index.
    init(_ places: [(index: Int, partition: Int32, offset: Int64)], _ reach: Reach) {
        self.reach = reach
        let byPartition = Dictionary(grouping: places) { $0.partition }
        for (partition, places) in byPartition {
            let ascending = places.map { Want(index: $0.index, offset: $0.offset) }.sorted { $0.offset < $1.offset }
            var last = ascending[0].offset
            wanted[partition] = ascending.prefix { want in
                defer { last = want.offset }
                let (distance, overflows) = want.offset.subtractingReportingOverflow(last)
                return !overflows && distance <= reach.offsets
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

    /// Whether to read a partition once more because its log seems to end at or before what is wanted. The answer may come
    /// from a broker that has just lost the partition: it still answers as a follower, and its log may be shorter.
    /// - Parameter leadersEnd: what lies below it is in the log, or is a marker or an aborted message.
    mutating func asksAgain(_ partition: Int32, leadersEnd: Int64) -> Bool {
        guard let offset = offset(partition), offset < leadersEnd else { return false }
        return askedAgain.insert(partition).inserted
    }

    /// A message that was not wanted came on the way.
    mutating func passed(_ partition: Int32, bytes: Int) {
        // The first place is where reading began.
        guard let passed = passedBytes[partition] else { return }
        passedBytes[partition] = passed + bytes
        if passed + bytes > reach.bytes { leave(partition) }
    }

    /// Of the offset wanted next.
    mutating func answer(_ partition: Int32, _ result: ReadResult) {
        passedBytes[partition] = 0
        guard let want = wanted[partition]?.popFirst() else { return }
        results[want.index] = result
        if wanted[partition]?.isEmpty == true { wanted[partition] = nil }
    }
}
