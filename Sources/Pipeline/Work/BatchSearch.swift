// Where a batch ends that cannot be read: the decision which offset to look at next, apart from looking.

/// Kafka gives the whole batch to whoever asks for an offset in it, and a batch that cannot be unpacked does not tell where
/// it ends: so offsets behind its first are tried, first in growing steps, then by halving. A value.
package struct BatchSearch: Equatable, Sendable {
    /// What reading from an offset finds.
    package enum Answer: Equatable, Sendable {
        /// A batch that cannot be read. `batch`: where it begins; nil: that is not known.
        case unreadable(batch: Int64?)
        /// A message, at the offset or behind it.
        case readable
        /// The log ends there, or before.
        case end
        /// The log begins above it.
        case expired
    }

    package enum Action: Equatable, Sendable {
        case probe(Int64)
        /// The first offset behind the batch.
        case found(next: Int64)
        /// It can be read by now, or has expired.
        case giveUp
    }

    /// Where reading stands.
    package let first: Int64
    /// Where the batch begins, by its own account; nil: not known.
    private var batch: Int64?
    /// The highest offset known to lie in the batch; nil: nothing is known yet.
    private var inside: Int64?
    /// The lowest known to lie behind it.
    private var outside: Int64?
    /// The one looked at now.
    private var probed: Int64

    package init(first: Int64) {
        self.first = first
        probed = first
    }

    /// The offset to look at first: an error that has passed by then was none of the batch.
    package var start: Int64 { first }

    /// What the look found, and what to do then.
    package mutating func answered(_ answer: Answer) -> Action {
        switch answer {
        case .expired: return .giveUp
        case .unreadable(let batch):
            if inside == nil { self.batch = batch }
            // Another one: what lies between the two must not be lost with them.
            if self.batch == batch { inside = probed } else { outside = probed }
        case .readable, .end: outside = probed
        }
        guard let inside else { return .giveUp }
        probed = next(inside)
        return probed == outside || probed == inside ? .found(next: probed) : .probe(probed)
    }

    /// Between the two that are known; without an upper one, twice as far.
    private func next(_ inside: Int64) -> Int64 {
        guard let outside else {
            let distance = max(1, inside - first).multipliedReportingOverflow(by: inside == first ? 1 : 2)
            let (offset, overflows) = first.addingReportingOverflow(distance.partialValue)
            return overflows || distance.overflow ? .max : offset
        }
        return inside + max(1, (outside - inside) / 2)
    }
}
