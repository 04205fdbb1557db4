// Only last + 1 is applied: every way a message can stand to what was counted before.

import Records
import Testing

@testable import Pipeline

private let job = JobID(high: 1, low: 2)

private func value(_ text: String, _ body: (Bytes) -> Void) {
    Array(text.utf8).withUnsafeBufferPointer(body)
}

@Suite struct SequenceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let last: Int64
        var ended = false
        let kind: MessageKind
        let seq: Int64
        let verdict: SequenceDecision
        var testDescription: String { "\(kind) \(seq) after \(last)\(ended ? " (ended)" : ""): \(verdict)" }
    }

    @Test(arguments: [
        Case(last: -1, kind: .start, seq: 0, verdict: .apply),
        Case(last: 0, kind: .start, seq: 0, verdict: .drop),
        Case(last: 7, kind: .start, seq: 0, verdict: .drop),
        Case(last: -1, kind: .record, seq: 1, verdict: .passOver),
        Case(last: -1, kind: .end, seq: 1, verdict: .passOver),
        Case(last: 0, kind: .record, seq: 1, verdict: .apply),
        Case(last: 0, kind: .end, seq: 1, verdict: .apply),
        Case(last: 0, kind: .record, seq: 2, verdict: .passOver),
        Case(last: 5, kind: .record, seq: 5, verdict: .drop),
        Case(last: 5, kind: .raw, seq: 6, verdict: .apply),
        Case(last: 5, kind: .truncated, seq: 6, verdict: .apply),
        Case(last: 5, kind: .raw, seq: 7, verdict: .passOver),
        Case(last: 5, kind: .end, seq: 8, verdict: .passOver),
        Case(last: 6, ended: true, kind: .end, seq: 6, verdict: .drop),
        Case(last: 6, ended: true, kind: .record, seq: 7, verdict: .drop),
        // A marker and a record cannot stand in each other's places.
        Case(last: -1, kind: .record, seq: 0, verdict: .drop),
        Case(last: 0, kind: .start, seq: 1, verdict: .drop),
        // Broken stands outside the sequence.
        Case(last: -1, kind: .broken, seq: 0, verdict: .apply),
        Case(last: 9, kind: .broken, seq: 0, verdict: .apply),
    ]) func verdict(_ row: Case) {
        let progress = JobProgress(
            job: job, partition: 0,
            Progress(last: row.last, passedOver: -1, digest: 0, ended: row.ended, exists: true))
        #expect(progress.decide(row.kind, row.seq) == row.verdict)
    }

    @Test func applyingMovesLastAndChainsTheDigestOverRecordsOnly() {
        let progress = JobProgress(
            job: job, partition: 0,
            Progress(last: -1, passedOver: -1, digest: 0, ended: false, exists: false))
        value("a start marker") { progress.apply(.start, 0, value: $0) }
        #expect(progress.last == 0)
        #expect(progress.digest == 0)
        var digest: UInt64 = 0
        for (seq, text) in [(1, "one"), (2, "two")] {
            value(text) {
                progress.apply(seq == 1 ? .record : .raw, Int64(seq), value: $0)
                digest = Digest.extend(digest, $0)
            }
        }
        #expect(progress.last == 2)
        #expect(progress.digest == digest)
        value("an end marker") { progress.apply(.end, 3, value: $0) }
        #expect(progress.ended)
        #expect(progress.last == 3)
        #expect(progress.digest == digest)
        value("") { progress.apply(.broken, 0, value: $0) }
        #expect(progress.last == 3)
    }

    @Test func theHighestPassedOverIsRemembered() {
        let progress = JobProgress(
            job: job, partition: 0, Progress(last: 0, passedOver: 4, digest: 0, ended: false, exists: true))
        progress.passOver(9)
        progress.passOver(3)
        #expect(progress.passedOver == 9)
        #expect(progress.last == 0)
    }
}
