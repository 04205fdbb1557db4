// What a reader asks for in one go, and the answers so far.

/// The messages of one round: at most one of each partition, since librdkafka reads a partition from one place at a time.
struct ReaderRound {
    private var indices: [Int32: Int] = [:]
    private(set) var places: [(partition: Int32, offset: Int64)] = []
    /// By the index of the place.
    private(set) var results: [Int: ReadResult] = [:]

    mutating func add(_ index: Int, _ partition: Int32, _ offset: Int64) {
        guard indices[partition] == nil else { return }
        indices[partition] = index
        places.append((partition, offset))
    }

    var isComplete: Bool { results.count == places.count }

    /// Partitions without an answer.
    var open: [Int32] { places.map(\.partition).filter { offset($0) != nil } }

    /// What is wanted of a partition; nil: nothing any more.
    func offset(_ partition: Int32) -> Int64? {
        guard let index = indices[partition], results[index] == nil else { return nil }
        return places.first { $0.partition == partition }?.offset
    }

    mutating func answer(_ partition: Int32, _ result: ReadResult) {
        guard let index = indices[partition], results[index] == nil else { return }
        results[index] = result
    }
}
