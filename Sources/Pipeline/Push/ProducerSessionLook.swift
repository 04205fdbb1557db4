// How a producer session names what it sent: places in the log, and tokens of delivery reports.

extension ProducerSession {
    /// Where in the log the messages of a look must stand.
    ///
    /// Each claim of the journal is looked for by itself: each job may have gone into another log. What this run sent went
    /// into one, where offsets grow: the outermost messages of a partition stand for all between them.
    package func positions(for look: LogLook) -> [LogPlace] {
        var places: [LogPlace] = []
        var outermost: [(first: LogPlace, last: LogPlace)?] = Array(repeating: nil, count: window.partitions)
        for (lane, acknowledged) in window.acknowledged.enumerated() {
            guard let acknowledged else { continue }
            let (job, partition) = lane.quotientAndRemainder(dividingBy: window.partitions)
            let first = LogPlace(lane: lane, job: job, partition: partition, position: acknowledged.first)
            let last = LogPlace(lane: lane, job: job, partition: partition, position: acknowledged.last)
            if !hasRead, claims[job] != .nothing {
                if claims[job] == .pushed, first != last { places.append(first) }
                places.append(last)
            } else if look == .last || claims[job] != .pushed {
                var known = outermost[partition] ?? (first, last)
                if first.position.offset < known.first.position.offset { known.first = first }
                if last.position.offset > known.last.position.offset { known.last = last }
                outermost[partition] = known
            }
        }
        for case let (first, last)? in outermost {
            if look == .firstAndLast, first != last { places.append(first) }
            places.append(last)
        }
        return places
    }

    /// Producer tokens: they name the session, so that a report of an earlier one is known as such.
    package func token(startMarkerOf partition: Int) -> UInt { session << 40 | 1 << 39 | UInt(partition) }
    package func token(message number: Int) -> UInt { session << 40 | UInt(number) & (1 << 39 - 1) }
}
