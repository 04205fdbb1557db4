// The producer session against a model of Kafka that fails in every way it can: whatever happens, what ends up in the log
// gives a worker that applies last + 1 only each message exactly once.

import Kafka
import Pipeline
import Records
import TestSupport
import Testing

/// Messages in a model's log are numbers: `modelMessage`, or −1 for somebody else's.
private struct ModelBroker {
    var logs: [[Int]]
    var starts: [Int]  // by partition: the log's start

    mutating func makeAnew(foreign: Int) {
        for partition in logs.indices {
            logs[partition] = Array(repeating: -1, count: foreign)
            starts[partition] = 0
        }
    }

    /// - Parameter jobs: by their numbers in a group.
    func look(_ places: [LogPlace], _ jobs: [Int]) -> ProducerSession.LogEvidence {
        var expired: [Int] = []
        for place in places {
            let (partition, offset) = (place.partition, Int(place.position.offset))
            if offset < starts[partition] {
                expired.append(place.lane)
            } else if offset >= logs[partition].count
                || logs[partition][offset] != modelMessage(jobs[place.job], Int(place.position.seq))
            {
                return .another
            }
        }
        return expired.isEmpty ? .believed : .expired(expired)
    }

    /// What a worker has applied last of a job, reading from the log's start.
    func applied(_ job: Int, _ partition: Int) -> Int {
        var last = -1
        for message in logs[partition][starts[partition]...] where message == modelMessage(job, last + 1) { last += 1 }
        return last
    }
}

private func modelMessage(_ job: Int, _ seq: Int) -> Int { job * 1_000 + seq }

/// What the journal of a model says of its jobs.
private struct ModelJournal {
    var acknowledged: [[Acknowledged?]]
    var isPushed: [Bool]

    init(jobs: Int, partitions: Int) {
        acknowledged = Array(repeating: Array(repeating: nil, count: partitions), count: jobs)
        isPushed = Array(repeating: false, count: jobs)
    }

    func claim(_ job: Int) -> ProducerSession.Claim {
        isPushed[job] ? .pushed : acknowledged[job].contains { $0 != nil } ? .open : .nothing
    }
}

/// One process that pushes a group; can be given up at any moment, as kill -9 does.
private struct ModelPush {
    /// By job, the partition of each record, in order.
    let inputs: [[Int]]
    /// The numbers of the group's jobs in the journal.
    let jobs: [Int]
    let window: SendWindow
    var session: ProducerSession
    var inFlight: [[(token: UInt, message: Int)]]
    var reports: [(token: UInt, offset: Int64, failed: Bool)] = []
    var job = 0
    var place = 0
    /// By message of the window.
    var jobOf: [Int] = []
    var sequences: [Int]
    var skipped: [[UInt64]]
    var now = Duration.zero
    var troubles: Int
    var outcome: ProducerSession.Action?

    init(
        _ inputs: [[Int]], jobs: [Int], partitions: Int, journal: ModelJournal, isRewindable: Bool, troubles: Int
    ) {
        self.inputs = inputs
        self.jobs = jobs
        self.troubles = troubles
        window = SendWindow(partitions: partitions, jobs: jobs.count, limit: .init(messages: 5, bytes: 8 << 20))
        for (number, job) in jobs.enumerated() {
            for (partition, range) in journal.acknowledged[job].enumerated() {
                window.believe(number * partitions + partition, range)
            }
        }
        session = ProducerSession(
            window: window, claims: jobs.map(journal.claim), isRewindable: isRewindable,
            stallTimeout: .seconds(1_000_000), now: .zero)
        inFlight = Array(repeating: [], count: partitions)
        sequences = Array(repeating: 0, count: partitions)
        skipped = Array(repeating: Array(repeating: 0, count: partitions), count: jobs.count)
    }

    /// What is written down of it.
    func note(in journal: inout ModelJournal) {
        for (number, job) in jobs.enumerated() where session.claims[number] != .pushed {
            journal.acknowledged[job] = window.acknowledged(of: number)
            journal.isPushed[job] = outcome == .done
        }
    }

    /// Performs one action, or lets Kafka do something.
    mutating func step(_ broker: inout ModelBroker, _ random: inout SplitMix) {
        now += .milliseconds(1)
        let kafkaActs = Int.random(in: 0..<3, using: &random) == 0
        if kafkaActs { return act(&broker, &random) }
        switch session.next(now: now) {
        case .open: session.opened()
        case .sendStartMarkers:
            for partition in inFlight.indices {
                inFlight[partition].append((session.token(startMarkerOf: partition), modelMessage(jobs[0], 0)))
            }
        case .verify(let check): look(check, broker, &random)
        case .startOver: rewind()
        case .transmit(let number):
            let message = window[number]
            inFlight[Int(message.partition)].append(
                (session.token(message: number), modelMessage(jobs[jobOf[number]], Int(message.seq))))
            session.transmitted()
        case .read, .repeatEnd: read()
        case .wait: act(&broker, &random)
        case .close:
            // Each message in flight may still arrive; its report says that it was purged.
            for partition in inFlight.indices {
                for message in inFlight[partition] {
                    if Bool.random(using: &random) { broker.logs[partition].append(message.message) }
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

    private mutating func look(_ look: ProducerSession.LogLook, _ broker: ModelBroker, _ random: inout SplitMix) {
        if troubled(&random) { return session.failed(KafkaError(code: .timedOut), now: now) }
        let isFirst = !session.hasRead
        let claims = session.claims
        session.verified(broker.look(session.positions(for: look), jobs), now: now)
        if isFirst, session.claims != claims { rewind() }
        if isFirst {
            for number in jobs.indices where session.claims[number] != .pushed {
                skipped[number] = window.acknowledged(of: number).map { $0?.last.seq ?? 0 }
            }
        }
        // Nothing can promise what becomes of the log after the last look.
        if look == .firstAndLast, session.next(now: now) == .done { outcome = .done }
    }

    private mutating func rewind() {
        job = 0
        place = 0
        for partition in sequences.indices { sequences[partition] = 0 }
        for number in skipped.indices {
            for partition in sequences.indices { skipped[number][partition] = 0 }
        }
    }

    private mutating func read() {
        while job < jobs.count {
            if readJob() { return }
            job += 1
            place = 0
            for partition in sequences.indices { sequences[partition] = 0 }
        }
        session.inputEnded()
    }

    /// A start marker to each partition, but for the first job; records; an end marker to each partition.
    private mutating func readJob() -> Bool {
        let input = inputs[jobs[job]]
        let starts = job == 0 ? 0 : sequences.count
        while place < starts + input.count + sequences.count {
            defer { place += 1 }
            if place < starts {
                append(place, 0)
                return true
            }
            let partition = place < starts + input.count ? input[place - starts] : place - starts - input.count
            sequences[partition] += 1
            let isPushed = session.claims[job] == .pushed
            if isPushed && place < starts + input.count { continue }
            if !isPushed, UInt64(sequences[partition]) <= skipped[job][partition] { continue }
            append(partition, UInt64(sequences[partition]))
            return true
        }
        return false
    }

    private mutating func append(_ partition: Int, _ seq: UInt64) {
        jobOf.append(job)
        let byte: [UInt8] = [1]
        byte.withUnsafeBufferPointer {
            window.append(job: job, partition: Int32(partition), seq: seq, value: $0, header: $0)
        }
    }

    /// A message arrives or fails, or a report comes: of any partition, in any order.
    private mutating func act(_ broker: inout ModelBroker, _ random: inout SplitMix) {
        if !reports.isEmpty, Bool.random(using: &random) {
            return report(reports.remove(at: Int.random(in: reports.indices, using: &random)))
        }
        guard let partition = inFlight.indices.filter({ !inFlight[$0].isEmpty }).randomElement(using: &random) else {
            return
        }
        let message = inFlight[partition].removeFirst()
        guard troubled(&random) else {
            broker.logs[partition].append(message.message)
            reports.append((message.token, Int64(broker.logs[partition].count - 1), false))
            return
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: reports.append((message.token, -1, true))  // lost
        case 1:  // arrived, but nobody knows
            broker.logs[partition].append(message.message)
            reports.append((message.token, -1, true))
        case 2: reports.append((message.token, -1, false))  // "delivered", and is not
        default:  // delivered, without an offset
            broker.logs[partition].append(message.message)
            reports.append((message.token, -1, false))
        }
    }

    private mutating func report(_ report: (token: UInt, offset: Int64, failed: Bool)) {
        session.reported(
            report.token, offset: report.offset,
            error: report.failed ? KafkaError(code: KafkaErrorCode(rawValue: -151)) : nil,
            now: now)
    }

    private mutating func troubled(_ random: inout SplitMix) -> Bool {
        guard troubles > 0, Int.random(in: 0..<6, using: &random) == 0 else { return false }
        troubles -= 1
        return true
    }
}

@Suite struct ProducerSessionModelTests {
    private func inputs(_ jobs: Int, _ partitions: Int, _ random: inout SplitMix) -> [[Int]] {
        (0..<jobs).map { _ in
            let records = Int.random(in: 0...25 / jobs, using: &random)
            return (0..<records).map { _ in Int.random(in: 0..<partitions, using: &random) }
        }
    }

    private func broker(_ partitions: Int, _ random: inout SplitMix) -> ModelBroker {
        ModelBroker(
            logs: (0..<partitions).map { _ in Array(repeating: -1, count: Int.random(in: 0...3, using: &random)) },
            starts: Array(repeating: 0, count: partitions))
    }

    /// Processes that are killed and started again, sessions that fail, a topic made anew.
    private func push(
        _ inputs: [[Int]], jobs: [Int], _ broker: inout ModelBroker, _ journal: inout ModelJournal, makings: Int,
        _ random: inout SplitMix
    ) -> ProducerSession.Action? {
        var makings = makings
        var kills = Int.random(in: 0...3, using: &random)
        for _ in 0..<20 {
            var push = ModelPush(
                inputs, jobs: jobs, partitions: broker.logs.count, journal: journal, isRewindable: true, troubles: 4)
            for _ in 0..<20_000 where push.outcome == nil {
                if makings > 0, Int.random(in: 0..<60, using: &random) == 0 {
                    makings -= 1
                    broker.makeAnew(foreign: Int.random(in: 0...4, using: &random))
                }
                push.step(&broker, &random)
                if Int.random(in: 0..<10, using: &random) == 0 { push.note(in: &journal) }
                if kills > 0, push.outcome == nil, Int.random(in: 0..<80, using: &random) == 0 {
                    kills -= 1
                    break
                }
            }
            if push.outcome != nil {
                push.note(in: &journal)
                return push.outcome
            }
            if kills == 0, makings > 0 { makings = 0 }
        }
        return nil
    }

    private func expectWhole(_ inputs: [[Int]], _ broker: ModelBroker, _ words: String) {
        for (job, input) in inputs.enumerated() {
            for partition in broker.logs.indices {
                let records = input.count { $0 == partition }
                #expect(
                    broker.applied(job, partition) == records + 1, "\(words), job \(job), partition \(partition)")
            }
        }
    }

    @Test(arguments: 0..<40) func everyRecordExactlyOnce(block: UInt64) {
        for seed in block * 100..<(block + 1) * 100 {
            var random = SplitMix(state: seed)
            let partitions = Int.random(in: 1...3, using: &random)
            let inputs = inputs(1, partitions, &random)
            var broker = broker(partitions, &random)
            var journal = ModelJournal(jobs: 1, partitions: partitions)
            let makings = seed % 3 == 0 ? 0 : Int.random(in: 0...2, using: &random)
            let end = push(inputs, jobs: [0], &broker, &journal, makings: makings, &random)
            #expect(end == .done, "seed \(seed)")
            expectWhole(inputs, broker, "seed \(seed)")
        }
    }

    /// Some jobs of a group were pushed before, some half, and the topic may be another one by now.
    @Test(arguments: 0..<40) func everyRecordOfAGroupExactlyOnce(block: UInt64) {
        for seed in block * 100..<(block + 1) * 100 {
            var random = SplitMix(state: seed)
            let partitions = Int.random(in: 1...3, using: &random)
            let count = Int.random(in: 2...4, using: &random)
            let inputs = inputs(count, partitions, &random)
            var broker = broker(partitions, &random)
            var journal = ModelJournal(jobs: count, partitions: partitions)
            let earlier = (0..<count).filter { _ in Bool.random(using: &random) }
            // Whoever pushes nothing else believes the log at the first look.
            if !earlier.isEmpty, earlier.count < count {
                let makings = seed % 3 == 0 ? 0 : 1
                let end = push(inputs, jobs: earlier, &broker, &journal, makings: makings, &random)
                #expect(end == .done, "seed \(seed)")
                if seed % 5 == 1 { broker.makeAnew(foreign: Int.random(in: 0...9, using: &random)) }
            }
            let makings = seed % 3 == 0 ? 0 : Int.random(in: 0...2, using: &random)
            let end = push(inputs, jobs: Array(0..<count), &broker, &journal, makings: makings, &random)
            #expect(end == .done, "seed \(seed)")
            expectWhole(inputs, broker, "seed \(seed)")
        }
    }

    /// What can be read only once is either whole in the log or said to be lost.
    @Test(arguments: 0..<20) func aStreamIsWholeOrLost(block: UInt64) {
        var losses = 0
        for seed in block * 100..<(block + 1) * 100 {
            var random = SplitMix(state: seed)
            let input = (0..<15).map { _ in Int.random(in: 0..<2, using: &random) }
            var broker = ModelBroker(logs: [[], []], starts: [0, 0])
            var push = ModelPush(
                [input], jobs: [0], partitions: 2, journal: ModelJournal(jobs: 1, partitions: 2), isRewindable: false,
                troubles: 4)
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
            expectWhole([input], broker, "seed \(seed)")
        }
        #expect(losses > 0)
    }
}
