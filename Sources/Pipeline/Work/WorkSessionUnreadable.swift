// What a session does with a batch that the broker gives and librdkafka cannot read: it would be asked for again without
// end, and hold up its partition. The batch's end is looked for, and the position moves behind it.

import Kafka

/// A look for the end of such a batch. Each has one question on its way.
struct UnreadableBatch {
    var search: BatchSearch
    /// Of the assignment it was met in.
    let ticket: UInt64
    let error: KafkaError
}

extension PositionResolver {
    /// What reading from an offset finds.
    func probe(_ partition: Int32, _ offset: Int64) throws -> BatchSearch.Answer {
        switch try reader.read(partition: partition, offset: offset, timeout: Self.patience) {
        case .message, .absent(.some): .readable
        case .absent(nil): .end
        case .belowStart: .expired
        case .unreadable(let error): .unreadable(batch: error.offset)
        }
    }
}

extension WorkSession {
    /// librdkafka reports it about twice a second until we read from another offset.
    func metUnreadableBatch(_ error: KafkaError, _ partition: Int32) {
        guard unreadable[partition] == nil, let first = assignment.next(partition) else { return }
        let batch = UnreadableBatch(search: BatchSearch(first: first), ticket: assignment.ticket, error: error)
        unreadable[partition] = batch
        probe(partition, batch.search.start)
    }

    private func probe(_ partition: Int32, _ offset: Int64) {
        lookup.perform({ try $0.resolver.probe(partition, offset) }) { [mailbox] in
            mailbox.post(.probed(partition, $0))
        }
    }

    func probed(_ partition: Int32, _ result: Result<BatchSearch.Answer, any Error>) {
        guard var batch = unreadable.removeValue(forKey: partition), batch.ticket == assignment.ticket else { return }
        switch result {
        // The consumer's next error begins anew.
        case .failure(let error): fail(error)
        case .success(let answer):
            outages.kafkaAnswered()
            switch batch.search.answered(answer) {
            case .probe(let offset):
                unreadable[partition] = batch
                probe(partition, offset)
            case .found(let next): passOver(batch, partition, next)
            case .giveUp: outages.kafkaIsAway(batch.error)
            }
        }
    }

    private func passOver(_ batch: UnreadableBatch, _ partition: Int32, _ next: Int64) {
        report(
            .unreadable(partition: partition, from: batch.search.first, next: next, reason: batch.error.message))
        let actions = assignment.passOver(partition, to: next)
        if let state = state(of: partition) { lanes[state.lane].builder.touch(state) }
        perform(actions)
    }
}
