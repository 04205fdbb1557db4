// What a session does that reads by hand, without a group: looks around, takes partitions and lets go of them (Design.md,
// "Exactly once" 13). `HandReading` decides.

import Kafka
import Records

/// What a look around finds.
struct HandLook: Sendable {
    var locations: [Location]
    /// The same as places to read from; nil: they have to be resolved first.
    var standing: [Location]?
    var members: Int?
    var hasLease: Bool

    var facts: HandReading.Look {
        HandReading.Look(
            positions: locations.map(\.position),
            ends: Dictionary(locations.map { ($0.position.partition, $0.low < $0.high ? $0.high : 0) }) { $1 },
            members: members, hasLease: hasLease)
    }
}

extension LookupThread.Tools {
    /// The lease first: what is read after it was taken is no longer moved by whoever had it before.
    /// - Parameter hasAll: nothing is to be taken: who else could read is not asked.
    func look(_ facts: SessionFacts, partitions: Int32, hasAll: Bool = false) throws -> HandLook {
        let hasLease = try lease.take()
        let locations = try resolver.survey(partitions)
        var look = HandLook(locations: locations, standing: nil, members: nil, hasLease: hasLease)
        guard hasLease, !hasAll else { return look }
        // The mock cluster cannot tell.
        if !isMockCluster(facts.cluster) {
            look.members = resolver.admin.groupMembers(facts.group, timeout: .seconds(2))
        }
        if (look.members ?? 0) == 0 { look.standing = try resolver.standing(locations) }
        return look
    }
}

extension WorkSession {
    func startHandLook(_ now: ContinuousClock.Instant) {
        guard let hand else { return }
        guard schedule.isHandLookDue(hasAll: hand.hasAll, at: now) else { return }
        let partitions = Int32(clamping: schedule.partitions)
        let facts = facts
        let hasAll = hand.hasAll
        lookup.perform({ try $0.look(facts, partitions: partitions, hasAll: hasAll) }) { [mailbox] in
            mailbox.post(.handLooked($0))
        }
    }

    func handLooked(_ result: Result<HandLook, any Error>) {
        schedule.handLookEnded()
        let look: HandLook
        switch result {
        case .failure(let error): return fail(error)
        case .success(let value): look = value
        }
        outages.answered()
        if drain == nil { tellOpenTransactions(look.locations) }
        hand?.looked(look.facts, at: .now)
        guard let hand else { return }
        if hand.waitsForOthers, schedule.tellsOthers() { report(.leftToOthers(consumers: look.members)) }
        if hand.ours != assignment.partitions { read(hand.ours, from: look.standing) }
    }

    /// Reads these by hand, and no others.
    /// - Parameter standing: where from, as just seen; nil: that is asked first.
    func read(_ partitions: [Int32], from standing: [Location]? = nil) {
        finishBatches(submitting: true, until: .now + (interrupt.isSet ? .zero : .seconds(60)))
        // A batch that was finished just now has moved some of them.
        let isFresh = assignment.partitions.isEmpty
        let actions = begin(partitions)
        report(.detail(.readsByHand(partitions.count, of: schedule.partitions)))
        guard isFresh, let standing else { return perform(actions) }
        perform(actions.filter { if case .assign = $0 { true } else { false } })
        for location in standing where assignment.owns(location.position.partition) {
            adopt(location, assignment.ticket)
        }
    }

    /// Whether somebody else moved the partition: then it is theirs for now.
    func letsGo(_ location: Location) -> Bool {
        guard hand != nil, assignment.owns(location.position.partition) else { return false }
        return hand?.located(location.position, isNewGeneration: location.isNewGeneration, at: .now) == false
    }

    /// A batch of ours moved a partition. A hand reader commits no offsets: those are the group's.
    func took(_ partition: Int32, next: Int64) {
        if hand == nil { uncommitted[partition] = next } else { hand?.committed(partition, next: next, at: .now) }
    }
}
