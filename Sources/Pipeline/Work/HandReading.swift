// Which partitions a drain or a load reads by itself, without joining the group (Design.md, "Exactly once" 13): the decision,
// apart from asking.

/// A value; time is handed in.
package struct HandReading: Sendable {
    /// With the lease: a partition that is behind and whose position stood still for so long is nobody's.
    package static let patience = Duration.seconds(2)
    /// Without it: it may have been refused for another reason than somebody who reads.
    package static let patienceWithoutLease = Duration.seconds(10)

    /// What one look at everything sees.
    package struct Look: Sendable {
        package var positions: [Position]
        /// Where each log ends, by partition.
        package var ends: [Int32: Int64]
        /// Members of the service's group; nil: that cannot be told.
        package var members: Int?
        package var hasLease: Bool

        package init(positions: [Position], ends: [Int32: Int64], members: Int?, hasLease: Bool) {
            self.positions = positions
            self.ends = ends
            self.members = members
            self.hasLease = hasLease
        }
    }

    fileprivate struct Slot: Sendable {
        var generation: Int32
        var next: Int64
        /// Since when the position has been as it is.
        var since: ContinuousClock.Instant
        var isOurs = false
        /// Somebody else moved it lately.
        var isContested = false
        var isBehind = false
    }

    private var slots: [Int32: Slot] = [:]

    package init() {}

    /// Those to read, in order.
    package var ours: [Int32] { slots.filter(\.value.isOurs).keys.sorted() }

    /// Every partition seen so far is ours: there is nothing to watch.
    package var hasAll: Bool { slots.values.allSatisfy(\.isOurs) }

    /// Some partition that others may be reading was behind at the last look.
    package var waitsForOthers: Bool { slots.values.contains { !$0.isOurs && $0.isBehind } }

    /// Decides again which partitions are ours. None is given up here: `located` does that.
    package mutating func looked(_ look: Look, at now: ContinuousClock.Instant) {
        let isFree = look.hasLease && (look.members ?? 0) == 0
        let patience = look.hasLease ? Self.patience : Self.patienceWithoutLease
        for position in look.positions {
            var slot =
                slots[position.partition]
                ?? Slot(generation: position.generation, next: position.nextOffset, since: now)
            // A position of ours is moved by us: only `located` can tell whether by somebody else, too.
            if !slot.isOurs, slot.move(to: position, at: now) { slot.isContested = true }
            let end = look.ends[position.partition] ?? 0
            slot.isBehind = position.nextOffset < end && end > 0
            let isQuiet = now - slot.since >= patience
            if isQuiet { slot.isContested = false }
            if !slot.isOurs {
                slot.isOurs = (isFree && !slot.isContested) || (slot.isBehind && isQuiet)
            }
            slots[position.partition] = slot
        }
    }

    /// The position of a partition of ours was read again, to go on from it.
    /// - Parameter isNewGeneration: we began it ourselves.
    /// - Returns: false: somebody else moved it, and we let go.
    package mutating func located(
        _ position: Position, isNewGeneration: Bool, at now: ContinuousClock.Instant
    ) -> Bool {
        guard var slot = slots[position.partition], slot.isOurs else { return false }
        let hasMoved = slot.move(to: position, at: now)
        if hasMoved, !isNewGeneration {
            slot.isOurs = false
            slot.isContested = true
        }
        slots[position.partition] = slot
        return slot.isOurs
    }

    /// A batch of ours moved a partition.
    package mutating func committed(_ partition: Int32, next: Int64, at now: ContinuousClock.Instant) {
        guard let slot = slots[partition], slot.isOurs else { return }
        slots[partition]?.next = next
        slots[partition]?.since = now
    }

    /// The topic does not have these any more.
    package mutating func remove(_ partitions: [Int32]) { partitions.forEach { slots[$0] = nil } }
}

extension HandReading.Slot {
    /// - Returns: whether it was elsewhere before.
    fileprivate mutating func move(to position: Position, at now: ContinuousClock.Instant) -> Bool {
        guard generation != position.generation || next != position.nextOffset else { return false }
        generation = position.generation
        next = position.nextOffset
        since = now
        return true
    }
}
