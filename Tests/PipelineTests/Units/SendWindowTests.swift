// The send window: what it holds, what it lets go, and that messages stay where the producer reads them.

import Pipeline
import Records
import TestSupport
import Testing

@Suite struct SendWindowTests {
    private func append(
        _ window: SendWindow, _ partition: Int32, _ seq: UInt64, _ value: String = "v", key: String? = nil,
        job: Int = 0, position: UInt64 = 0
    ) {
        var value = value
        var key = key ?? ""
        value.withUTF8 { value in
            key.withUTF8 { key in
                window.append(
                    job: job, partition: partition, seq: seq, value: value, key: key.isEmpty ? nil : key, header: value,
                    position: position)
            }
        }
    }

    private func text(_ bytes: Bytes?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    @Test func keepsEveryPart() {
        let window = SendWindow(partitions: 2)
        append(window, 1, 7, "value", key: "key")
        append(window, 0, 1, "")
        let message = window[0]
        #expect(message.partition == 1 && message.seq == 7)
        #expect(text(message.value) == "value" && text(message.key) == "key" && text(message.header) == "value")
        #expect(message.errors == nil)
        #expect(text(window[1].value) == "" && window[1].key == nil)
    }

    /// For a producer that has not ended: it may still read what it was given.
    @Test func whatIsLeftStaysAsItWasAndTheMessagesMove() {
        let window = SendWindow(partitions: 1)
        for seq in 1...3 { append(window, 0, UInt64(seq), "value \(seq)", key: "key \(seq)") }
        _ = window.report(0, offset: 10)
        let old = window[1]
        let left = window.leaveMemory()
        #expect(window.first == 1 && window.end == 3 && !window.isEmpty)
        for number in 1..<3 {
            let message = window[number]
            #expect(text(message.value) == "value \(number + 1)" && text(message.key) == "key \(number + 1)")
            #expect(text(message.header) == "value \(number + 1)" && message.seq == UInt64(number + 1))
        }
        #expect(window[1].value.baseAddress != old.value.baseAddress)
        // What follows is written elsewhere.
        _ = window.report(1, offset: 11)
        _ = window.report(2, offset: 12)
        for seq in 4...9 { append(window, 0, UInt64(seq), "another") }
        #expect(withExtendedLifetime(left) { text(old.value) == "value 2" && text(old.key) == "key 2" })
        #expect(window.acknowledged[0]?.last == LogPosition(seq: 3, offset: 12))
    }

    @Test func lastAcknowledgedStopsAtAGap() {
        let window = SendWindow(partitions: 1)
        for seq in 1...4 { append(window, 0, UInt64(seq)) }
        _ = window.report(1, offset: 11)
        _ = window.report(3, offset: 13)
        #expect(window.acknowledged == [nil])
        _ = window.report(0, offset: 10)
        #expect(window.acknowledged[0]?.first == LogPosition(seq: 1, offset: 10))
        #expect(window.acknowledged[0]?.last == LogPosition(seq: 2, offset: 11))
        #expect(window.first == 2 && window.end == 4)
        window.forgetReports()
        _ = window.report(2, offset: 20)
        #expect(window.acknowledged[0]?.last.seq == 3)
        #expect(!window.isSettled(3))
    }

    @Test func onePartitionDoesNotWaitForAnother() {
        let window = SendWindow(partitions: 2)
        append(window, 0, 1)
        append(window, 1, 1)
        append(window, 1, 2)
        _ = window.report(1, offset: 0)
        _ = window.report(2, offset: 1)
        #expect(window.acknowledged[1]?.last.seq == 2)
        #expect(window.first == 0)
        _ = window.report(0, offset: 0)
        #expect(window.isEmpty)
    }

    @Test func offsetsThatDoNotGrowAreAnotherLog() {
        let window = SendWindow(partitions: 1)
        for seq in 1...2 { append(window, 0, UInt64(seq)) }
        let first = window.report(0, offset: 100)
        let second = window.report(1, offset: 0)
        #expect(first && !second)
    }

    /// A gap in one job's sequence holds up no other job; where a job has come to is told by its own messages.
    @Test func eachJobHasLanesOfItsOwn() {
        let window = SendWindow(partitions: 2, jobs: 3)
        append(window, 0, 1, job: 0, position: 10)
        append(window, 0, 2, job: 0, position: 20)
        append(window, 0, 0, job: 1)
        append(window, 0, 1, job: 1, position: 15)
        append(window, 1, 0, job: 2)
        for (number, offset) in [(1, 11), (2, 12), (3, 13), (4, 5)] as [(Int, Int64)] {
            #expect(window.report(number, offset: offset))
        }
        #expect(window.acknowledged(of: 0) == [nil, nil])
        #expect(window.acknowledged(of: 1) == [range((0, 12), (1, 13)), nil])
        #expect(window.acknowledged(of: 2) == [nil, range((0, 5), (0, 5))])
        #expect(window.firstJob == 0 && window.isSettled(3) && !window.isSettled(1))
        #expect(window.settledPosition(of: 0, reached: 20) == 10)
        #expect(window.settledPosition(of: 1, reached: 15) == 0)
        #expect(window.report(0, offset: 10))
        #expect(window.isEmpty && window.firstJob == nil)
        #expect(window.acknowledged(of: 0) == [range((1, 10), (2, 11)), nil])
        #expect(window.settledPosition(of: 1, reached: 15) == 15)
    }

    /// Of a partition, not of a job: every report tells of the same log.
    @Test func offsetsGrowWithinAPartitionAcrossJobs() {
        let numbers: [(name: String, offsets: [(Int, Int64)], isSameLog: Bool)] = [
            ("in order", [(0, 5), (1, 6), (2, 9)], true),
            ("out of order", [(2, 9), (0, 5), (1, 6)], true),
            ("the next job below", [(0, 5), (1, 4)], false),
            ("the next job at the same place", [(0, 5), (1, 5)], false),
            ("the job before above", [(1, 4), (0, 5)], false),
            ("below what stood there before", [(0, 2)], false),
        ]
        for (name, offsets, isSameLog) in numbers {
            let window = SendWindow(partitions: 1, jobs: 3)
            window.passed(0, 2)
            for job in 0..<3 { append(window, 0, 0, job: job) }
            #expect(offsets.allSatisfy { window.report($0.0, offset: $0.1) } == isSameLog, "\(name)")
        }
        // Also from one session to the next, and of what does not count because something before it is missing.
        let window = SendWindow(partitions: 2, jobs: 2)
        append(window, 0, 1)
        append(window, 0, 2)
        append(window, 0, 0, job: 1)
        #expect(window.report(1, offset: 7))
        window.forgetReports()
        #expect(window.highest(0) == 7 && window.highest(1) == -1)
        #expect(!window.report(2, offset: 6))
        window.removeAll()
        #expect(window.highest(0) == -1)
    }

    @Test func isBoundedInMessagesAndBytes() {
        let few = SendWindow(partitions: 1, limit: .init(messages: 3, bytes: 8 << 20))
        for seq in 1...3 {
            #expect(few.hasRoom)
            append(few, 0, UInt64(seq))
        }
        #expect(!few.hasRoom)
        _ = few.report(0, offset: 0)
        #expect(few.hasRoom)

        let small = SendWindow(partitions: 1, limit: .init(messages: 16_384, bytes: 4 << 20))
        let large = String(repeating: "x", count: 1 << 20)
        var seq: UInt64 = 1
        while small.hasRoom {
            append(small, 0, seq, large)
            seq += 1
        }
        #expect((2...4).contains(seq - 1))
    }

    @Test func isWidenedForBrokersThatAreFar() {
        let window = SendWindow(
            partitions: 1, limit: .init(messages: 2, bytes: 8 << 20), widest: .init(messages: 4, bytes: 8 << 20))
        for seq in 1...2 { append(window, 0, UInt64(seq)) }
        #expect(!window.hasRoom)
        window.widen()
        for seq in 3...4 {
            #expect(window.hasRoom)
            append(window, 0, UInt64(seq))
        }
        #expect(!window.hasRoom)
    }

    /// Far is what took long at its quickest, three times; a broker that was slow once is not.
    @Test(arguments: [
        ([31, 40, 35], true), ([31, 40], false), ([31, 40, 30], false), ([500, 5, 500, 500], false),
        ([50, 50, 50, 50], true),
    ])
    func distanceIsTheShortestOfThree(milliseconds: [Int], isFar: Bool) {
        let window = SendWindow(partitions: 1)
        var latency = AckLatency()
        var now = Duration.zero
        for (number, time) in milliseconds.enumerated() {
            append(window, 0, UInt64(number + 1))
            latency.look(window, now: now)
            now += .milliseconds(time - 1)
            latency.look(window, now: now)  // not yet acknowledged: still the same one
            now += .milliseconds(1)
            _ = window.report(number, offset: Int64(number))
            latency.look(window, now: now)
        }
        #expect(latency.isFar == isFar)
    }

    /// What is sent again has waited for more than the broker.
    @Test func anEndedSessionIsNoDistance() {
        let window = SendWindow(partitions: 1)
        var latency = AckLatency()
        for number in 0..<3 {
            append(window, 0, UInt64(number + 1))
            latency.look(window, now: .zero)
            latency.sessionEnded()
            _ = window.report(number, offset: Int64(number))
            latency.look(window, now: .seconds(10))
        }
        #expect(!latency.isFar)
    }

    /// Values of all sizes go through many times the window's size; each is found as it went in until it is settled.
    @Test(arguments: [1, 2, 3]) func valuesStayUntilSettled(seed: UInt64) {
        var random = SplitMix(state: seed)
        let window = SendWindow(partitions: 3, limit: .init(messages: 64, bytes: 8 << 20))
        var sent: [Int: (address: UnsafePointer<UInt8>?, value: String)] = [:]
        var seqs: [UInt64] = [0, 0, 0]
        var offsets: [Int64] = [0, 0, 0]
        for _ in 0..<5_000 {
            if window.hasRoom, Bool.random(using: &random) {
                let partition = Int.random(in: 0..<3, using: &random)
                seqs[partition] += 1
                let size = [0, 10, 300, 70_000, 300_000].randomElement(using: &random)!
                let value = String(repeating: "\(seqs[partition] % 10)", count: size)
                append(window, Int32(partition), seqs[partition], value)
                sent[window.end - 1] = (window[window.end - 1].value.baseAddress, value)
            } else if let number = sent.keys.min() ?? nil {
                let partition = Int(window[number].partition)
                _ = window.report(number, offset: offsets[partition])
                offsets[partition] += 1
                sent[number] = nil
            }
            if let (number, held) = sent.randomElement(using: &random) {
                #expect(window[number].value.baseAddress == held.address)
                #expect(text(window[number].value) == held.value)
            }
        }
    }
}
