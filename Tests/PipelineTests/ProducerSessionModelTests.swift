// The producer session against a model of Kafka that fails in every way it can: whatever happens, what ends up in the log
// gives a worker that applies last + 1 only each message exactly once.

import Kafka
import Pipeline
import Records
import Testing

/// A message in a model's log: its seq; −1 is somebody else's.
private struct ModelBroker {
    var logs: [[Int]]
    var starts: [Int]  // by partition: the log's start

    mutating func makeAnew(foreign: Int) {
        for partition in logs.indices {
            logs[partition] = Array(repeating: -1, count: foreign)
            starts[partition] = 0
        }
    }

    func look(_ positions: [(partition: Int, position: LogPosition)]) -> ProducerSession.LogEvidence {
        var expired: [Int] = []
        for (partition, position) in positions {
            let offset = Int(position.offset)
            if offset < starts[partition] {
                expired.append(partition)
            } else if offset >= logs[partition].count || logs[partition][offset] != Int(position.seq) {
                return .another
            }
        }
        return expired.isEmpty ? .believed : .expired(expired)
    }

    /// What a worker has applied last, reading from the log's start.
    func applied(_ partition: Int) -> Int {
        var last = -1
        for seq in logs[partition][starts[partition]...] where seq == last + 1 { last = seq }
        return last
    }
}

/// One process that pushes; can be given up at any moment, as kill -9 does.
private struct ModelPush {
    let input: [Int]  // the partition of each record, in order
    let window: SendWindow
    var session: ProducerSession
    var inFlight: [[(token: UInt, seq: Int)]]
    var reports: [(token: UInt, offset: Int64, failed: Bool)] = []
    var place = 0
    var sequences: [Int]
    var skipped: [UInt64]
    var now = Duration.zero
    var troubles: Int
    var outcome: ProducerSession.Action?

    init(_ input: [Int], partitions: Int, journal: [Acknowledged?], isRewindable: Bool, troubles: Int) {
        self.input = input
        self.troubles = troubles
        window = SendWindow(partitions: partitions, messages: 5)
        for (partition, range) in journal.enumerated() { window.believe(partition, range) }
        let claim: ProducerSession.Claim = journal.contains { $0 != nil } ? .open : .nothing
        session = ProducerSession(
            window: window, claim: claim, isRewindable: isRewindable, stallTimeout: .seconds(1_000_000), now: .zero)
        inFlight = Array(repeating: [], count: partitions)
        sequences = Array(repeating: 0, count: partitions)
        skipped = Array(repeating: 0, count: partitions)
    }

    /// Performs one action, or lets Kafka do something.
    mutating func step(_ broker: inout ModelBroker, _ random: inout Seeded) {
        now += .milliseconds(1)
        let kafkaActs = Int.random(in: 0..<3, using: &random) == 0
        if kafkaActs { return act(&broker, &random) }
        switch session.next(now: now) {
        case .open: session.opened()
        case .sendStartMarkers:
            for partition in inFlight.indices {
                inFlight[partition].append((session.token(startMarkerOf: partition), 0))
            }
        case .verify(let check):
            let isFirst = place == 0 && session.claim == .open
            if troubled(&random) {
                session.failed(KafkaError(code: .timedOut), now: now)
            } else {
                session.verified(broker.look(session.positions(for: check)), now: now)
                if isFirst { skipped = window.acknowledged.map { $0?.last.seq ?? 0 } }
                // Nothing can promise what becomes of the log after the last look.
                if check == .firstAndLast, session.next(now: now) == .done { outcome = .done }
            }
        case .startOver:
            place = 0
            for partition in sequences.indices {
                sequences[partition] = 0
                skipped[partition] = 0
            }
        case .transmit(let number):
            let message = window[number]
            inFlight[Int(message.partition)].append((session.token(message: number), Int(message.seq)))
            session.transmitted()
        case .read: read()
        case .repeatEnd: Issue.record("nothing was pushed before")
        case .wait: act(&broker, &random)
        case .close:
            // Each message in flight may still arrive; its report says that it was purged.
            for partition in inFlight.indices {
                for message in inFlight[partition] {
                    if Bool.random(using: &random) { broker.logs[partition].append(message.seq) }
                    reports.append((message.token, -1, true))
                }
                inFlight[partition] = []
            }
            while !reports.isEmpty { report(reports.removeFirst()) }
            session.closed(now: now)
        case .rest(let end): now = end
        case let action: outcome = action
        }
    }

    private mutating func read() {
        // Records, then an end marker to each partition.
        while place < input.count + sequences.count {
            let partition = place < input.count ? input[place] : place - input.count
            place += 1
            sequences[partition] += 1
            let seq = UInt64(sequences[partition])
            if seq <= skipped[partition] { continue }
            let byte: [UInt8] = [1]
            byte.withUnsafeBufferPointer {
                window.append(partition: Int32(partition), seq: seq, value: $0, header: $0)
            }
            return
        }
        session.inputEnded()
    }

    /// A message arrives or fails, or a report comes: of any partition, in any order.
    private mutating func act(_ broker: inout ModelBroker, _ random: inout Seeded) {
        if !reports.isEmpty, Bool.random(using: &random) {
            return report(reports.remove(at: Int.random(in: reports.indices, using: &random)))
        }
        guard let partition = inFlight.indices.filter({ !inFlight[$0].isEmpty }).randomElement(using: &random) else {
            return
        }
        let message = inFlight[partition].removeFirst()
        guard troubled(&random) else {
            broker.logs[partition].append(message.seq)
            reports.append((message.token, Int64(broker.logs[partition].count - 1), false))
            return
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: reports.append((message.token, -1, true))  // lost
        case 1:  // arrived, but nobody knows
            broker.logs[partition].append(message.seq)
            reports.append((message.token, -1, true))
        case 2: reports.append((message.token, -1, false))  // "delivered", and is not
        default:  // delivered, without an offset
            broker.logs[partition].append(message.seq)
            reports.append((message.token, -1, false))
        }
    }

    private mutating func report(_ report: (token: UInt, offset: Int64, failed: Bool)) {
        session.reported(
            report.token, offset: report.offset,
            error: report.failed ? KafkaError(code: KafkaErrorCode(rawValue: -151)) : nil,
            now: now)
    }

    private mutating func troubled(_ random: inout Seeded) -> Bool {
        guard troubles > 0, Int.random(in: 0..<6, using: &random) == 0 else { return false }
        troubles -= 1
        return true
    }
}

@Suite struct ProducerSessionModelTests {
    /// Processes that are killed and started again, sessions that fail, a topic made anew, logs that expire.
    @Test(arguments: 0..<40) func everyRecordExactlyOnce(block: UInt64) {
        for seed in block * 100..<(block + 1) * 100 {
            var random = Seeded(seed)
            let partitions = Int.random(in: 1...3, using: &random)
            let input = (0..<Int.random(in: 0...25, using: &random)).map { _ in
                Int.random(in: 0..<partitions, using: &random)
            }
            var broker = ModelBroker(
                logs: (0..<partitions).map { _ in Array(repeating: -1, count: Int.random(in: 0...3, using: &random)) },
                starts: Array(repeating: 0, count: partitions))
            var journal: [Acknowledged?] = Array(repeating: nil, count: partitions)
            var makings = seed % 3 == 0 ? 0 : Int.random(in: 0...2, using: &random)
            var kills = Int.random(in: 0...3, using: &random)
            var end: ProducerSession.Action?
            for _ in 0..<20 where end == nil {
                var push = ModelPush(
                    input, partitions: partitions, journal: journal, isRewindable: true, troubles: 4)
                for _ in 0..<20_000 where push.outcome == nil {
                    if makings > 0, Int.random(in: 0..<60, using: &random) == 0 {
                        makings -= 1
                        broker.makeAnew(foreign: Int.random(in: 0...4, using: &random))
                    }
                    push.step(&broker, &random)
                    if Int.random(in: 0..<10, using: &random) == 0 { journal = push.window.acknowledged }
                    if kills > 0, Int.random(in: 0..<80, using: &random) == 0 {
                        kills -= 1
                        break
                    }
                }
                end = push.outcome
                if kills == 0, end == nil, makings > 0 { makings = 0 }
            }
            #expect(end == .done, "seed \(seed)")
            for partition in 0..<partitions {
                let records = input.count { $0 == partition }
                #expect(broker.applied(partition) == records + 1, "seed \(seed), partition \(partition)")
            }
        }
    }

    /// What can be read only once is either whole in the log or said to be lost.
    @Test(arguments: 0..<20) func aStreamIsWholeOrLost(block: UInt64) {
        var losses = 0
        for seed in block * 100..<(block + 1) * 100 {
            var random = Seeded(seed)
            let input = (0..<15).map { _ in Int.random(in: 0..<2, using: &random) }
            var broker = ModelBroker(logs: [[], []], starts: [0, 0])
            var push = ModelPush(input, partitions: 2, journal: [nil, nil], isRewindable: false, troubles: 4)
            var isMadeAnew = false
            for _ in 0..<20_000 where push.outcome == nil {
                if !isMadeAnew, Int.random(in: 0..<100, using: &random) == 0 {
                    isMadeAnew = true
                    broker.makeAnew(foreign: Int.random(in: 0...9, using: &random))
                }
                push.step(&broker, &random)
            }
            if push.outcome == .stop(.lost(isReadable: true)) {
                losses += 1
                #expect(isMadeAnew, "seed \(seed)")
                continue
            }
            #expect(push.outcome == .done, "seed \(seed)")
            for partition in 0..<2 {
                #expect(broker.applied(partition) == input.count { $0 == partition } + 1, "seed \(seed)")
            }
        }
        #expect(losses > 0)
    }
}
