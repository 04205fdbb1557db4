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

/// Messages are numbered from 0 in the order they are appended; those of one partition must come in the order of their
/// sequence. Not thread-safe.
package final class SendWindow {
    private struct Slot {
        var base: UnsafeMutablePointer<UInt8>
        var seq: UInt64
        var offset: Int64  // of the good report; < 0: none in this session
        var position: UInt64
        var next: Int  // the partition's next message, −1 none
        var partition: Int32
        var valueCount: Int32
        var keyCount: Int32  // −1: no key
        var headerCount: Int32
        var errorsCount: Int32  // −1: no errors header
        var isSettled: Bool  // acknowledged, and so is everything before it in its partition
    }

    /// What is acknowledged per partition; nil: nothing.
    package private(set) var acknowledged: [Acknowledged?]
    /// Numbers of the messages held: `first ..< end`. Settled ones may be among them.
    package private(set) var first = 0
    package private(set) var end = 0
    /// How many messages became settled, ever.
    package private(set) var settled = 0

    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int
    private let messageLimit: Int
    private let byteLimit: Int
    private var arena = WindowArena()
    private var heads: [Int]  // per partition: the first message not settled, −1 none
    private var tails: [Int]

    /// - Parameters:
    ///   - messages: at most this many are held; 16,384 is what the producer queues, too.
    ///   - bytes: at most this many bytes of values, keys and headers, 8 MiB by default: the producer may hold them
    ///     once more, compressed, and the whole process stays below 64 MiB.
    package init(partitions: Int, messages: Int = 16_384, bytes: Int = 8 << 20) {
        var capacity = 1
        while capacity < messages { capacity *= 2 }
        slots = .allocate(capacity: capacity)
        mask = capacity - 1
        messageLimit = messages
        byteLimit = bytes
        acknowledged = Array(repeating: nil, count: partitions)
        heads = Array(repeating: -1, count: partitions)
        tails = Array(repeating: -1, count: partitions)
    }

    deinit { slots.deallocate() }

    package var isEmpty: Bool { first == end }

    /// Whether one more message fits, of any size the wire allows. An empty window takes any message.
    package var hasRoom: Bool {
        isEmpty || (end - first < messageLimit && arena.live + Limits.messageBytes <= byteLimit)
    }

    /// Copies a message in. `position` is the place in the input up to which it reaches.
    package func append(
        partition: Int32, seq: UInt64, value: Bytes, key: Bytes? = nil, header: Bytes, errors: Bytes? = nil,
        position: UInt64 = 0
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
                base: base, seq: seq, offset: -1, position: position, next: -1, partition: partition,
                valueCount: Int32(value.count), keyCount: key.map { Int32($0.count) } ?? -1,
                headerCount: Int32(header.count), errorsCount: errors.map { Int32($0.count) } ?? -1,
                isSettled: false))
        let lane = Int(partition)
        if tails[lane] >= 0 { slots[tails[lane] & mask].next = end }
        tails[lane] = end
        if heads[lane] < 0 { heads[lane] = end }
        end += 1
    }

    /// The message with this number.
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

    /// Whether this message needs no sending any more.
    package func isSettled(_ number: Int) -> Bool { number < first || slots[number & mask].isSettled }

    /// The place in the input up to which everything is acknowledged; `reached` if nothing is outstanding.
    package func settledPosition(reached: UInt64) -> UInt64 {
        isEmpty ? reached : min(reached, slots[first & mask].position)
    }

    /// A good report: the message is in the log. What is acknowledged moves on only as far as all before it in its
    /// partition is, too; a message acknowledged after a gap is sent again, for a worker passes it over.
    ///
    /// Returns false when the offsets did not grow with the sequence: no log does that, so it is another log.
    package func report(_ number: Int, offset: Int64) -> Bool {
        slots[number & mask].offset = offset
        let lane = Int(slots[number & mask].partition)
        var head = heads[lane]
        guard head == number else { return true }
        var grows = true
        while head >= 0, slots[head & mask].offset >= 0 {
            slots[head & mask].isSettled = true
            settled += 1
            let position = LogPosition(seq: slots[head & mask].seq, offset: slots[head & mask].offset)
            if !raise(lane, to: position) { grows = false }
            head = slots[head & mask].next
        }
        heads[lane] = head
        if head < 0 { tails[lane] = -1 }
        while first < end, slots[first & mask].isSettled { first += 1 }
        arena.release(below: first)
        return grows
    }

    /// A producer session ended: what it acknowledged after a gap does not count.
    package func forgetReports() {
        for number in first..<end where !slots[number & mask].isSettled { slots[number & mask].offset = -1 }
    }

    /// Sets what is acknowledged in a partition: from the journal, or a start marker's.
    package func believe(_ partition: Int, _ acknowledged: Acknowledged?) {
        self.acknowledged[partition] = acknowledged
    }

    /// Drops every message, and what is acknowledged. Only between producer sessions, or while nothing is queued.
    package func removeAll() {
        first = end
        arena.release(below: first)
        for lane in heads.indices {
            heads[lane] = -1
            tails[lane] = -1
            acknowledged[lane] = nil
        }
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
