// A batch without a database: its text, its order, its duplicates.

import FoundationEssentials
import Records
import TestSupport
import Testing

@testable import Pipeline

@Suite struct BatchTests {
    /// PGCOPY's bytes as the documentation gives them: lengths, values, −1 for NULL, a version before jsonb.
    @Test func writesCopyRows() {
        let batch = batch([])
        let info = #"{"a\tb":"\\"}"#
        withBytes("A\tÄ") { name in
            withBytes("") { email in
                withBytes(info) { info in
                    batch.addRow(
                        person: Person(name: name, age: 150, email: email, additionalInfo: info), key: name,
                        progressIndex: 0, seq: 1, line: 0, byteOffset: 0, length: 0, kafkaOffset: 0, kafkaTime: 0,
                        wire: name)
                }
            }
        }
        let expected: [UInt8] =
            [0, 7] + [0, 0, 0, 4] + Array("A\tÄ".utf8) + [0, 0, 0, 4, 0, 0, 0, 150] + [0, 0, 0, 0]
            + [255, 255, 255, 255] + [255, 255, 255, 255] + [0, 0, 0, UInt8(info.utf8.count + 1), 1] + Array(info.utf8)
            + [0, 0, 0, 16] + [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]
        #expect(Array(batch.copy(of: batch.rows[0])) == expected)
        #expect(Array(batch.name(of: batch.rows[0])) == Array("A\tÄ".utf8))
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

    /// A batch with records that were folded into one serves again like any other.
    @Test func afterAFoldItIsEmptyAgain() {
        let batch = batch([TestRow("A", 1, email: "a@b"), TestRow("A", 1, email: "c@d"), TestRow("B", 2)])
        batch.progress[0].onDuplicate = .update
        batch.sortRows()
        #expect(batch.folds.count == 1 && batch.rowCount == 4)
        batch.reset()
        #expect(batch.rowCount == 0 && batch.folds.isEmpty)
    }

    /// A batch ends by what it holds, too: a megabyte of blanks is no part of what the server is sent.
    @Test func whatIsHeldCounts() {
        let megabyte = String(repeating: " ", count: 1 << 20)
        func add(_ count: Int, wire: String, to batch: Batch) {
            withBytes(wire) { wire in
                withBytes("A") { name in
                    for number in 0..<count {
                        batch.addRow(
                            person: Person(name: name, age: 1), key: name, progressIndex: 0, seq: Int64(number),
                            line: 0,
                            byteOffset: 0, length: 0, kafkaOffset: 0, kafkaTime: 0, wire: wire)
                    }
                }
            }
        }
        let limit = 16 << 20
        let blanks = batch([])
        add(47, wire: megabyte, to: blanks)
        #expect(blanks.byteCount < limit)
        add(1, wire: megabyte, to: blanks)
        #expect(blanks.byteCount >= limit)
        blanks.reset()
        #expect(blanks.byteCount == 0)
        #expect(blanks.rowBytes.capacity <= 24 << 20)
        // A full batch of usual rows is not ended by it, nor does it grow its buffer.
        let usual = batch([])
        add(50_000, wire: String(repeating: "x", count: 150), to: usual)
        #expect(usual.byteCount < limit)
        #expect(usual.rowBytes.capacity == 24 << 20)
        // Start markers and jobs of a newer version are held, too.
        let jobs = batch([])
        for _ in 0..<1_600_000 { jobs.jobVersions.append((JobID(high: 1, low: 1), 2)) }
        #expect(jobs.byteCount >= limit)
        let starts = batch([])
        let marker = StartMarker(
            job: JobID(high: 1, low: 1), contentHash: nil, label: nil, path: "/a", size: nil, host: "h", format: .csv,
            delimiter: nil, header: [UInt8](repeating: 0x61, count: 60_000), options: [], keyFields: .standard,
            onDuplicate: .skip, partitions: 1, again: false, runAt: .now)
        for _ in 0..<900 { starts.starts.append(marker) }
        #expect(starts.byteCount >= limit)
        starts.starts = [marker]
        starts.reset()
        #expect(starts.byteCount == 0)
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
            Array(batch.copy(of: batch.rows[0]).suffix(16)) == [0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4])
        batch.reset()
        batch.sortRows()
        #expect(batch.order.isEmpty)
    }
}

extension TestRow {
    fileprivate var key: String { "\(name)\0\(age)" }
}

extension SplitMix {
    fileprivate mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
