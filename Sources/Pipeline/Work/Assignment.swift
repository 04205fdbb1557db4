// Which partitions this worker owns, from which offset it reads each, and whether it reads at all: the decisions
// around librdkafka's `assign`, as a state machine (Design.md, "Exactly once" 7 and 8).

/// Partitions, positions and pauses. A value: every event returns what the shell must do.
package struct Assignment: Sendable {
    package enum Action: Equatable, Sendable {
        /// `rd_kafka_assign` with exactly these; an empty list keeps the membership and reads nothing.
        case assign([PartitionOffset])
        /// Ask the database for the positions of these, and Kafka whether their anchors still stand. Answers carry
        /// the ticket.
        case resolve([Int32], ticket: UInt64)
    }

    package struct PartitionOffset: Equatable, Sendable {
        package let partition: Int32
        package let offset: Int64
        package init(_ partition: Int32, _ offset: Int64) {
            self.partition = partition
            self.offset = offset
        }
    }

    /// What to do with a message or an end of partition at some offset.
    package enum Take: Equatable, Sendable {
        case take
        /// Of a partition we do not read now, or before where we are.
        case skip
        /// The first one after an `assign` is not the one expected: assign once more (2.0.2 can lose some there).
        case assignAgain([PartitionOffset])
    }

    private struct Slot: Sendable {
        var isOwned = false
        /// nil until its position is known.
        var next: Int64?
        /// Nothing has arrived since the last `assign`.
        var isFresh = true
        /// The last `assign` repeated one whose first message was not the expected.
        var isRepeated = false
        /// The end of the partition was seen at `next`.
        var atEnd = false
    }

    /// By partition number: one is looked at for every message, so no hashing.
    private var slots: ContiguousArray<Slot> = []
    /// The owned ones, in order.
    package private(set) var partitions: [Int32] = []
    private var paused = false
    private var reading = false
    /// Answers of older tickets are about an assignment that is gone.
    package private(set) var ticket: UInt64 = 0

    package init() {}

    /// All owned partitions have been read to their end (true also for none).
    package var isAtEnd: Bool { partitions.allSatisfy { slots[Int($0)].atEnd } }
    /// Whether messages may arrive now.
    package var isReading: Bool { reading }

    package func owns(_ partition: Int32) -> Bool { Int(partition) < slots.count && slots[Int(partition)].isOwned }
    /// Where the partition ended when it was read to its end, if it was.
    package func end(_ partition: Int32) -> Int64? {
        owns(partition) && slots[Int(partition)].atEnd ? slots[Int(partition)].next : nil
    }
    package func next(_ partition: Int32) -> Int64? { owns(partition) ? slots[Int(partition)].next : nil }

    /// The group gave us these, and no others.
    package mutating func assigned(_ partitions: [Int32]) -> [Action] {
        revoked()
        self.partitions = partitions.sorted()
        slots = ContiguousArray(repeating: Slot(), count: Int(self.partitions.last ?? -1) + 1)
        for partition in partitions { slots[Int(partition)].isOwned = true }
        return [.assign([])] + (partitions.isEmpty ? [] : [.resolve(self.partitions, ticket: ticket)])
    }

    /// The group took everything back.
    package mutating func revoked() {
        partitions = []
        slots = []
        reading = false
        ticket += 1
    }

    /// These may not stand where we think: forget them, stop reading, ask again.
    package mutating func reset(_ lost: [Int32]) -> [Action] {
        let ours = lost.filter(owns)
        guard !ours.isEmpty else { return [] }
        for partition in ours { slots[Int(partition)].next = nil }
        ticket += 1
        reading = false
        return [.assign([]), .resolve(partitions.filter { slots[Int($0)].next == nil }, ticket: ticket)]
    }

    /// The topic does not have these partitions any more; the others stay ours.
    package mutating func remove(_ gone: [Int32]) -> [Action] {
        let ours = gone.filter(owns)
        guard !ours.isEmpty else { return [] }
        for partition in ours { slots[Int(partition)] = Slot() }
        partitions.removeAll { ours.contains($0) }
        ticket += 1
        reading = false
        return [.assign([])]
    }

    /// A partition's position and anchor have been looked at: read on from here.
    package mutating func resolved(_ partition: Int32, next: Int64, ticket: UInt64) -> [Action] {
        guard ticket == self.ticket, owns(partition) else { return [] }
        slots[Int(partition)].next = next
        return startReading()
    }

    /// What lies below `offset` cannot be read: read on from there.
    package mutating func passOver(_ partition: Int32, to offset: Int64) -> [Action] {
        // It may have been passed over by itself.
        guard let next = next(partition), next < offset else { return [] }
        slots[Int(partition)].next = offset
        slots[Int(partition)].atEnd = false
        guard reading else { return [] }
        reading = false
        return startReading()
    }

    /// Stop taking without leaving the group (`pause` of librdkafka outlives `assign`, so it is not used).
    package mutating func pause() -> [Action] {
        guard !paused else { return [] }
        paused = true
        guard reading else { return [] }
        reading = false
        return [.assign([])]
    }

    package mutating func resume() -> [Action] {
        guard paused else { return [] }
        paused = false
        return startReading()
    }

    /// A message at `offset`, or the end of the partition there.
    @inline(__always)
    package mutating func arrived(_ partition: Int32, _ offset: Int64, isEnd: Bool) -> Take {
        guard reading, owns(partition), let next = slots[Int(partition)].next else { return .skip }
        if slots[Int(partition)].isFresh {
            if offset != next && !slots[Int(partition)].isRepeated {
                for other in partitions { slots[Int(other)].isFresh = true }
                slots[Int(partition)].isRepeated = true
                return .assignAgain(startingPoints())
            }
            slots[Int(partition)].isFresh = false
        }
        guard offset >= next else { return .skip }
        slots[Int(partition)].next = isEnd ? offset : offset + 1
        slots[Int(partition)].atEnd = isEnd
        return .take
    }

    /// Everything owned is located and nothing holds us back: read.
    private mutating func startReading() -> [Action] {
        guard !paused, !reading, !partitions.isEmpty,
            partitions.allSatisfy({ slots[Int($0)].next != nil })
        else { return [] }
        for partition in partitions {
            slots[Int(partition)].isFresh = true
            slots[Int(partition)].isRepeated = false
            slots[Int(partition)].atEnd = false
        }
        reading = true
        return [.assign(startingPoints())]
    }

    private func startingPoints() -> [PartitionOffset] {
        partitions.compactMap { partition in
            slots[Int(partition)].next.map { PartitionOffset(partition, $0) }
        }
    }
}
