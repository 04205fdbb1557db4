// The messages a push has read and Kafka has not yet acknowledged: a ring, bounded in messages and bytes. They can be
// sent again from here (go-back-N), and the producer reads them here, uncopied, until their report.

package import Records

/// A message as the producer takes it; views into the window, valid until it is released.
package struct WindowMessage {
    package let partition: Int32
    package let seq: UInt64
    package let value: Bytes
    package let key: Bytes?
    package let header: Bytes
    package let errors: Bytes?
}

/// Messages are numbered from 0 in the order they are appended. A lane is a job in a partition; the messages of one lane
/// must come in the order of their sequence. Not thread-safe.
package final class SendWindow {
    private struct Slot {
        var base: UnsafeMutablePointer<UInt8>
        var seq: UInt64
        var offset: Int64  // of the good report; < 0: none in this session
        var position: UInt64
        var next: Int32  // how far ahead the lane's next message is, 0 none
        var job: Int32
        var partition: Int32
        var valueCount: Int32
        var keyCount: Int32  // −1: no key
        var headerCount: Int32
        var errorsCount: Int32  // −1: no errors header
        var isSettled: Bool  // acknowledged, and so is everything before it in its lane
    }

    /// A partition's log as far as it is known: of any job, the highest of our messages there.
    private struct Log {
        /// Of what was acknowledged before this session, its start marker included.
        var floor: Int64 = -1
        /// The latest message reported in this session, and its offset.
        var number = -1
        var offset: Int64 = -1

        /// Whether this can be the same log: offsets grow in the order in which messages are handed over, whichever job
        /// they are of.
        mutating func takes(_ number: Int, _ offset: Int64) -> Bool {
            guard offset > floor else { return false }
            // Nothing is known of the order in which reports come.
            guard number > self.number else { return offset < self.offset }
            guard offset > self.offset else { return false }
            self.number = number
            self.offset = offset
            return true
        }

        mutating func sessionEnded() {
            floor = max(floor, offset)
            number = -1
            offset = -1
        }
    }

    package let partitions: Int
    package let jobs: Int
    /// What is acknowledged by lane: job × partitions + partition; nil: nothing.
    package private(set) var acknowledged: [Acknowledged?]
    /// Numbers of the messages held: `first ..< end`. Settled ones may be among them.
    package private(set) var first = 0
    package private(set) var end = 0
    /// How many messages became settled, ever.
    package private(set) var settled = 0

    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int
    private var limits: Limit
    private var arena = WindowArena()
    private var heads: [Int]  // by lane: the first message not settled, −1 none
    private var tails: [Int]
    private let logs: UnsafeMutableBufferPointer<Log>  // by partition

    /// What the window holds at most: messages, and bytes of their values, keys and headers.
    package struct Limit: Equatable, Sendable {
        package var messages: Int
        package var bytes: Int

        package init(messages: Int, bytes: Int) {
            self.messages = messages
            self.bytes = bytes
        }

        /// The producer may hold the bytes once more, compressed, and the whole process stays below 64 MiB.
        package static let standard = Limit(messages: 16_384, bytes: 8 << 20)
        /// For a broker that is far away: what is sent in a round trip should not be what limits the rate. 131,072 is
        /// what the producer queues, too.
        package static let wide = Limit(messages: 131_072, bytes: 24 << 20)
    }

    private let widest: Limit

    /// - Parameter widest: the limit after `widen`.
    package init(partitions: Int, jobs: Int = 1, limit: Limit = .standard, widest: Limit = .wide) {
        self.partitions = partitions
        self.jobs = jobs
        limits = limit
        self.widest = widest
        var capacity = 1
        while capacity < max(limit.messages, widest.messages) { capacity *= 2 }
        slots = .allocate(capacity: capacity)
        mask = capacity - 1
        acknowledged = Array(repeating: nil, count: partitions * jobs)
        heads = Array(repeating: -1, count: partitions * jobs)
        tails = Array(repeating: -1, count: partitions * jobs)
        logs = .allocate(capacity: partitions)
        logs.initialize(repeating: Log())
    }

    deinit {
        slots.deallocate()
        logs.deallocate()
    }

    package var isEmpty: Bool { first == end }

    /// Whether one more message fits, of any size the wire allows. An empty window takes any message.
    @inline(__always)
    package var hasRoom: Bool {
        isEmpty || (end - first < limits.messages && arena.live + Limits.messageBytes <= limits.bytes)
    }

    /// From now on it holds as much as it may at most.
    package func widen() { limits = widest }

    /// Copies a message in. `position` is the place in the input up to which it reaches.
    package func append(
        job: Int = 0, partition: Int32, seq: UInt64, value: Bytes, key: Bytes? = nil, header: Bytes,
        errors: Bytes? = nil, position: UInt64 = 0
    ) {
        let count = value.count + (key?.count ?? 0) + header.count + (errors?.count ?? 0)
        let base = arena.allocate(count, for: end)
        var target = base
        target.append(value)
        if let key { target.append(key) }
        target.append(header)
        if let errors { target.append(errors) }
        (slots + (end & mask)).initialize(
            to: Slot(
                base: base, seq: seq, offset: -1, position: position, next: 0, job: Int32(job), partition: partition,
                valueCount: Int32(value.count), keyCount: key.map { Int32($0.count) } ?? -1,
                headerCount: Int32(header.count), errorsCount: errors.map { Int32($0.count) } ?? -1,
                isSettled: false))
        let lane = job * partitions + Int(partition)
        if tails[lane] >= 0 { slots[tails[lane] & mask].next = Int32(end - tails[lane]) }
        tails[lane] = end
        if heads[lane] < 0 { heads[lane] = end }
        end += 1
    }

    /// The message with this number.
    @inline(__always)
    package subscript(number: Int) -> WindowMessage {
        let slot = slots[number & mask]
        let key = slot.base + Int(slot.valueCount)
        let header = key + max(0, Int(slot.keyCount))
        let errors = header + Int(slot.headerCount)
        return WindowMessage(
            partition: slot.partition, seq: slot.seq,
            value: Bytes(start: slot.base, count: Int(slot.valueCount)),
            key: slot.keyCount < 0 ? nil : Bytes(start: key, count: Int(slot.keyCount)),
            header: Bytes(start: header, count: Int(slot.headerCount)),
            errors: slot.errorsCount < 0 ? nil : Bytes(start: errors, count: Int(slot.errorsCount)))
    }

    /// Whether this message is in the log, whatever is before it.
    func isAcknowledged(_ number: Int) -> Bool { number < first || slots[number & mask].offset >= 0 }

    /// Whether this message needs no sending any more.
    package func isSettled(_ number: Int) -> Bool { number < first || slots[number & mask].isSettled }

    private static var believesAll: Bool {
        Torture.has(.ackWithoutOffsetBelieved) || Torture.has(.deliveryErrorIgnored) || Torture.has(.acksAfterGapKept)
    }

    func keepsAck(_ number: Int) -> Bool { Torture.has(.acksAfterGapKept) && isAcknowledged(number) }

    /// The first job of which something is outstanding; nil: of none.
    package var firstJob: Int? { isEmpty ? nil : Int(slots[first & mask].job) }

    /// The place in a job's input up to which everything is acknowledged; `reached` if nothing is outstanding.
    package func settledPosition(of job: Int = 0, reached: UInt64) -> UInt64 {
        guard let firstJob, firstJob <= job else { return reached }
        // Of a job behind the first one there may be something, but nothing that is worth looking for.
        return firstJob < job ? 0 : min(reached, slots[first & mask].position)
    }

    /// By partition.
    package func acknowledged(of job: Int) -> [Acknowledged?] {
        Array(acknowledged[job * partitions..<(job + 1) * partitions])
    }

    /// A good report: the message is in the log. What is acknowledged moves on only as far as all before it in its lane
    /// is, too; a message acknowledged after a gap is sent again, for a worker passes it over.
    ///
    /// Returns false when the offsets did not grow: no log does that, so it is another log.
    package func report(_ number: Int, offset: Int64) -> Bool {
        let partition = Int(slots[number & mask].partition)
        let believesAll = Self.believesAll
        guard logs[partition].takes(number, offset) || believesAll else { return false }
        slots[number & mask].offset = offset
        let lane = Int(slots[number & mask].job) * partitions + partition
        var head = heads[lane]
        guard head == number else { return true }
        var grows = true
        while head >= 0, slots[head & mask].offset >= 0 {
            slots[head & mask].isSettled = true
            settled += 1
            let position = LogPosition(seq: slots[head & mask].seq, offset: slots[head & mask].offset)
            if !raise(lane, to: position) { grows = false }
            let next = slots[head & mask].next
            head = next == 0 ? -1 : head + Int(next)
        }
        heads[lane] = head
        if head < 0 { tails[lane] = -1 }
        while first < end, slots[first & mask].isSettled { first += 1 }
        arena.release(below: first)
        return grows || believesAll
    }

    /// A producer session ended: what it acknowledged after a gap does not count.
    package func forgetReports() {
        for number in first..<end where !slots[number & mask].isSettled && !keepsAck(number) {
            slots[number & mask].offset = -1
        }
        for partition in logs.indices { logs[partition].sessionEnded() }
    }

    /// Sets what is acknowledged in a lane: from the journal, or a start marker's.
    package func believe(_ lane: Int, _ acknowledged: Acknowledged?) {
        self.acknowledged[lane] = acknowledged
        if let acknowledged { passed(lane % partitions, acknowledged.last.offset) }
    }

    /// Something of ours stands at this offset: what comes must stand behind it.
    package func passed(_ partition: Int, _ offset: Int64) {
        logs[partition].floor = max(logs[partition].floor, offset)
    }

    /// The highest offset of ours that is known of a partition; −1: none is.
    package func highest(_ partition: Int) -> Int64 { max(logs[partition].floor, logs[partition].offset) }

    /// Drops every message, and what is acknowledged. Only between producer sessions, or while nothing is queued.
    package func removeAll() {
        first = end
        arena.release(below: first)
        for lane in heads.indices {
            heads[lane] = -1
            tails[lane] = -1
            acknowledged[lane] = nil
        }
        for partition in logs.indices { logs[partition] = Log() }
    }

    /// Copies every message held into memory of its own. The result keeps what they were in: for a producer that has not
    /// ended and may still read it.
    package func leaveMemory() -> AnyObject {
        var fresh = WindowArena()
        for number in first..<end {
            let slot = slots[number & mask]
            let count =
                Int(slot.valueCount) + max(0, Int(slot.keyCount)) + Int(slot.headerCount)
                + max(0, Int(slot.errorsCount))
            let base = fresh.allocate(count, for: number)
            base.update(from: slot.base, count: count)
            slots[number & mask].base = base
        }
        swap(&arena, &fresh)
        return LeftArena(fresh)
    }

    private func raise(_ lane: Int, to position: LogPosition) -> Bool {
        guard let known = acknowledged[lane] else {
            acknowledged[lane] = Acknowledged(first: position, last: position)
            return true
        }
        guard position.seq > known.last.seq else { return true }
        // Never mix the offsets of two logs: the journal would be believed by the look at one of them.
        guard position.offset > known.last.offset else { return false }
        acknowledged[lane]!.last = position
        return true
    }
}
