// A producer session driven by hand, decision by decision.

import Kafka
import Pipeline
import Records
import Testing

/// A session of two partitions, driven by hand.
struct Driver {
    let window: SendWindow
    var session: ProducerSession
    var now = Duration.zero

    init(
        claim: ProducerSession.Claim = .nothing, journal: [Acknowledged?] = [nil, nil], isRewindable: Bool = true
    ) {
        self.init(claims: [claim], journal: journal, isRewindable: isRewindable)
    }

    /// - Parameters:
    ///   - claims: by job.
    ///   - journal: by job and partition.
    init(claims: [ProducerSession.Claim], journal: [Acknowledged?], messages: Int = 100, isRewindable: Bool = true) {
        window = SendWindow(partitions: 2, jobs: claims.count, limit: .init(messages: messages, bytes: 8 << 20))
        for (lane, range) in journal.enumerated() { window.believe(lane, range) }
        session = ProducerSession(
            window: window, claims: claims, isRewindable: isRewindable, stallTimeout: .seconds(60), now: .zero)
    }

    mutating func next() -> ProducerSession.Action { session.next(now: now) }

    mutating func append(_ partition: Int32, _ seq: UInt64, job: Int = 0) {
        let byte: [UInt8] = [1]
        byte.withUnsafeBufferPointer {
            window.append(job: job, partition: partition, seq: seq, value: $0, header: $0)
        }
    }

    mutating func acknowledgeStart(_ partition: Int, _ offset: Int64) {
        session.reported(session.token(startMarkerOf: partition), offset: offset, error: nil, now: now)
    }

    mutating func report(_ number: Int, _ offset: Int64, error: KafkaErrorCode? = nil) {
        session.reported(
            session.token(message: number), offset: offset, error: error.map { KafkaError(code: $0) }, now: now)
    }

    /// Opens a session and has its start markers acknowledged at these offsets.
    mutating func open(_ offsets: [Int64] = [0, 0]) {
        #expect(next() == .open)
        session.opened()
        #expect(next() == .sendStartMarkers)
        for (partition, offset) in offsets.enumerated() { acknowledgeStart(partition, offset) }
    }

    /// Closes the failed session and waits for the next one.
    mutating func close() {
        #expect(next() == .close)
        session.closed(now: now)
        if case .rest(let end) = next() { now = end }
    }

    /// Sends all that the window has; the numbers.
    mutating func transmitAll() -> [Int] {
        var numbers: [Int] = []
        while case .transmit(let number) = next() {
            numbers.append(number)
            session.transmitted()
        }
        return numbers
    }
}

func range(_ first: (UInt64, Int64), _ last: (UInt64, Int64)) -> Acknowledged {
    Acknowledged(first: LogPosition(seq: first.0, offset: first.1), last: LogPosition(seq: last.0, offset: last.1))
}
