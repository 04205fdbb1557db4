// A batch without a database: its text, its order, its duplicates.

import Records
import Testing

@testable import Pipeline

@Suite struct BatchTests {
    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("12345678", "12345678"), ("a\tb", "a\\tb"), ("a\nb\r", "a\\nb\\r"),
        ("\\", "\\\\"), ("1234567\\", "1234567\\\\"), ("12345678\\.", "12345678\\\\."),
        ("\u{1}\u{1F}\u{7F}", "\u{1}\u{1F}\u{7F}"),
        ("ÄÖÜäöüß\u{1F600}", "ÄÖÜäöüß\u{1F600}"), ("\\\\\\\\\\\\\\\\\t", "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\t"),
        ("[\\u005c{|}~]^\u{DC}\u{5C}", "[\\\\u005c{|}~]^\u{DC}\\\\"),
    ])
    func escapes(value: String, text: String) {
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: CopyText.bound(value.utf8.count))
        defer { buffer.deallocate() }
        var end = buffer
        withBytes(value) { CopyText.append(escaped: $0, to: &end) }
        #expect(String(decoding: Bytes(start: buffer, count: end - buffer), as: UTF8.self) == text)
    }

    /// Every byte, at every place of a word, beside the plain way to do it.
    @Test func escapesEveryByteEverywhere() {
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: CopyText.bound(20))
        defer { buffer.deallocate() }
        for byte in UInt8.min...UInt8.max {
            for place in 0..<20 {
                var value = [UInt8](repeating: 0xC3, count: 20)
                value[place] = byte
                let expected = value.flatMap { byte -> [UInt8] in
                    switch byte {
                    case 0x09: Array("\\t".utf8)
                    case 0x0A: Array("\\n".utf8)
                    case 0x0D: Array("\\r".utf8)
                    case 0x5C: Array("\\\\".utf8)
                    default: [byte]
                    }
                }
                var end = buffer
                value.withUnsafeBufferPointer { CopyText.append(escaped: $0, to: &end) }
                #expect(Array(Bytes(start: buffer, count: end - buffer)) == expected)
            }
        }
    }

    @Test(arguments: [(0, "0"), (9, "9"), (10, "10"), (99, "99"), (100, "100"), (150, "150")])
    func writesAges(age: Int, text: String) {
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: 3)
        defer { buffer.deallocate() }
        var end = buffer
        CopyText.append(age: age, to: &end)
        #expect(String(decoding: Bytes(start: buffer, count: end - buffer), as: UTF8.self) == text)
    }

    private func batch(_ rows: [TestRow]) -> Batch {
        let batch = Batch()
        batch.progress = [Batch.ProgressStep(job: JobID(high: 1, low: 2), partition: 0, isNew: true, expectedLast: -1)]
        for (index, row) in rows.enumerated() { batch.add(row, seq: Int64(index) + 1) }
        return batch
    }

    @Test func sortsAsTheIndexDoes() {
        // Few names and ages: many that share a prefix, many that are equal.
        var random = SplitMix(state: 42)
        let names = [
            "a", "aa", "aaaaaaa", "aaaaaaaa", "aaaaaaaab", "aaaaaaaa b", "b", "B", "é", "日本語", "zzzzzzzzzzzzzzzz",
        ]
        let rows = (0..<5_000).map { _ in TestRow(names[random.below(names.count)], random.below(151)) }
        let batch = batch(rows)
        batch.sortRows()
        var seen: Set<String> = []
        let expected = rows.enumerated().filter { seen.insert($0.element.key).inserted }.sorted {
            let (left, right) = ($0.element, $1.element)
            return left.age != right.age
                ? left.age < right.age : left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }.map { UInt32($0.offset) }
        #expect(Array(batch.order) == expected)
        #expect(batch.repeated == [5_000 - expected.count])
        // Sorting again changes nothing; another row does.
        batch.sortRows()
        #expect(Array(batch.order) == expected)
        batch.add(TestRow("new", 0), seq: 5_001)
        batch.sortRows()
        #expect(batch.order.count == expected.count + 1)
    }

    @Test func isUsedAgainAfterReset() {
        let batch = batch([TestRow("A", 1), TestRow("A", 1)])
        batch.addReject("x", seq: 3)
        batch.sortRows()
        #expect([batch.rowCount, batch.rejectCount, batch.progress[0].rejected] == [2, 1, 1])
        #expect(batch.byteCount > 0)
        batch.reset()
        #expect(
            [batch.rowCount, batch.rejectCount, batch.byteCount, batch.progress.count, batch.order.count]
                == [0, 0, 0, 0, 0])
        batch.progress = [Batch.ProgressStep(job: JobID(high: 3, low: 4), partition: 1, isNew: true, expectedLast: -1)]
        batch.add(TestRow("B", 2), seq: 1)
        batch.sortRows()
        #expect(
            String(decoding: batch.text(of: batch.rows[0]), as: UTF8.self)
                == "B\t2\t\\N\t\\N\t\\N\t\\N\t00000000000000030000000000000004\n")
        batch.reset()
        batch.sortRows()
        #expect(batch.order.isEmpty)
    }
}

extension TestRow {
    fileprivate var key: String { "\(name)\0\(age)" }
}

/// A reproducible source of numbers.
private struct SplitMix {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
