// Where a batch ends that cannot be read, in logs of every kind.

import Testing

@testable import Pipeline

@Suite struct BatchSearchTests {
    struct Log: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// By first offset: batches that cannot be read, each up to where the next one or anything else begins.
        let unreadable: [Range<Int64>]
        var end: Int64
        var start: Int64 = 0
        /// Whether an error says where its batch begins.
        var tellsBatch = true

        func look(_ offset: Int64) -> BatchSearch.Answer {
            if offset < start { return .expired }
            if let batch = unreadable.first(where: { $0.contains(offset) }) {
                return .unreadable(batch: tellsBatch ? batch.lowerBound : nil)
            }
            return offset >= end ? .end : .readable
        }
    }

    /// What a search asks for, and what it ends with.
    private func search(_ log: Log, from first: Int64) -> (probes: [Int64], last: BatchSearch.Action) {
        var search = BatchSearch(first: first)
        var probes = [search.start]
        while true {
            let action = search.answered(log.look(probes[probes.count - 1]))
            guard case .probe(let offset) = action, probes.count < 200 else { return (probes, action) }
            probes.append(offset)
        }
    }

    @Test func stepsGrowAndAreThenHalved() {
        let log = Log(testDescription: "", unreadable: [3..<123], end: 500)
        let (probes, last) = search(log, from: 3)
        #expect(probes == [3, 4, 5, 7, 11, 19, 35, 67, 131, 99, 115, 123, 119, 121, 122])
        #expect(last == .found(next: 123))
    }

    @Test(
        arguments: [
            (Log(testDescription: "one message", unreadable: [5..<6], end: 9), 5, 6),
            (Log(testDescription: "the last of the log", unreadable: [5..<9], end: 9), 5, 9),
            (Log(testDescription: "the whole log", unreadable: [0..<1000], end: 1000), 0, 1000),
            (Log(testDescription: "begun in its middle", unreadable: [5..<400], end: 600), 200, 400),
            (Log(testDescription: "another behind it", unreadable: [5..<9, 9..<40], end: 60), 5, 9),
            (Log(testDescription: "messages between two", unreadable: [0..<100, 111..<300], end: 301), 0, 100),
            (Log(testDescription: "without a name", unreadable: [5..<9], end: 60, tellsBatch: false), 5, 9),
            (
                Log(testDescription: "two without a name", unreadable: [5..<9, 9..<12], end: 60, tellsBatch: false), 5,
                12
            ),
            (Log(testDescription: "a marker in front of it", unreadable: [4..<9], end: 60), 4, 9),
            (
                Log(testDescription: "as long as can be", unreadable: [0..<Int64(Int32.max)], end: .max), 0,
                Int64(Int32.max)
            ),
            (Log(testDescription: "the highest offsets", unreadable: [.max - 3 ..< .max], end: .max), .max - 3, .max),
        ] as [(Log, Int64, Int64)])
    func theEndIsFound(log: Log, first: Int64, next: Int64) {
        let (probes, last) = search(log, from: first)
        #expect(last == .found(next: next), "\(probes)")
        #expect(probes.count <= 64, "\(probes)")
    }

    @Test(arguments: [
        Log(testDescription: "it can be read now", unreadable: [], end: 60),
        Log(testDescription: "the log was cut", unreadable: [], end: 3),
        Log(testDescription: "it expired", unreadable: [5..<9], end: 60, start: 9),
    ]) func nothingIsPassedOverThatNeedNotBe(log: Log) {
        #expect(search(log, from: 5).last == .giveUp)
    }

    @Test func theLogMayLoseItsStartMeanwhile() {
        var search = BatchSearch(first: 5)
        #expect(search.answered(.unreadable(batch: 5)) == .probe(6))
        #expect(search.answered(.expired) == .giveUp)
    }
}
