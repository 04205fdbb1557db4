// What a session does when the group gives it partitions or takes them away; see WorkSessionHand for reading without one.

import Kafka

extension WorkSession: ConsumerHandler {
    package func assigned(_ partitions: [Int32], by consumer: Consumer) {
        perform(begin(partitions))
        askForPartitions()
        tellOwned()
    }

    /// These are ours, and no others.
    func begin(_ partitions: [Int32]) -> [Assignment.Action] {
        for lane in lanes { discard(lane) }
        let actions = assignment.assigned(partitions)
        jobs.partitions = assignment.partitions
        states = Array(repeating: nil, count: Int(partitions.max() ?? -1) + 1)
        schedule.assigned(partitions)
        stall.progressed()
        return actions
    }

    /// Batches on their way commit or roll back before the partitions are let go.
    package func revoked(_ partitions: [Int32], lost: Bool, by consumer: Consumer) {
        finishBatches(submitting: !lost && !isClosing, until: .now + (interrupt.isSet ? .zero : .seconds(60)))
        for lane in lanes { discard(lane) }
        commitOffsets()
        assignment.revoked()
        jobs.partitions = []
        states = []
    }

    package func failed(_ error: KafkaError) { kafkaFailed(error, nil) }

    /// The topic was created again with fewer partitions: those that are left are read on.
    func remove(_ gone: [Int32]) {
        drain?.remove(gone)
        hand?.remove(gone)
        let ours = gone.filter(assignment.owns)
        guard !ours.isEmpty else { return }
        for lane in lanes { discard(lane) }
        perform(assignment.remove(ours))
        jobs.partitions = assignment.partitions
        // The lanes of the remaining partitions change, so all their positions are read again.
        perform(assignment.reset(assignment.partitions))
    }

    func kafkaFailed(_ error: KafkaError, _ partition: Int32?) {
        if let fatal = fatalFailure(error, topic: facts.topic, to: .read) {
            finish(.failed(fatal))
        } else if error.code == .autoOffsetReset || error.code == .offsetOutOfRange, let partition {
            if assignment.next(partition) != nil { reset(lane(of: partition)) }
        } else if error.isUnreadableBatch, let partition {
            metUnreadableBatch(error, partition)
        } else if error.isUnknownTopic {
            askForPartitions()
        } else if ![.maxPollExceeded, .notLeader, .leaderNotAvailable].contains(error.code) {
            outages.kafkaIsAway(error)
        }
    }

    func commitOffsets() {
        guard !uncommitted.isEmpty else { return }
        consumer.commit(uncommitted.map { ($0.key, $0.value) })
        uncommitted = [:]
    }

    private func tellOwned() {
        let owned = assignment.partitions.count
        guard owned == 0 else { return report(.owns(owned, of: schedule.partitions, consumers: nil)) }
        let group = facts.group
        let ticket = assignment.ticket
        lookup.perform({ $0.resolver.admin.groupMembers(group, timeout: .seconds(2)) }) { [mailbox] members in
            mailbox.post(.members(ticket: ticket, (try? members.get()) ?? nil))
        }
    }
}
