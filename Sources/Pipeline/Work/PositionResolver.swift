// Where to read on in a partition, and whether the log there is still the one we know: positions from the database,
// anchors from Kafka (DESIGN, "Exactly once" 5 and 7).

package import Kafka
import Records

/// What a look at an anchor found.
package enum AnchorState: Equatable, Sendable {
    /// There is none, its message is as we know it, or the log's start has passed it.
    case stands
    /// Another message, or none where there must be one: the topic was made anew, or cut.
    case replaced
}

/// The decision, apart from the reading. `next`: where we would read on (−1: the log's start); `low`, `high`: the
/// log as it is now.
package func judge(
    anchor: Anchor?, found: ReadResult?, hash: UInt64?, next: Int64, low: Int64, high: Int64
) -> AnchorState {
    // Nothing we ever took can lie behind the log's end.
    if next > high { return .replaced }
    guard let anchor, let found else { return .stands }
    switch found {
    case .message: return hash == anchor.hash ? .stands : .replaced
    case .belowStart: return .stands
    case .absent: return low > anchor.offset ? .stands : .replaced
    }
}

/// A partition, looked at.
struct Location: Sendable {
    var position: Position
    /// The offset to read from.
    var next: Int64
    var low: Int64
    var high: Int64
    var isNewGeneration = false
    /// Sentences for a person: a new generation, a range that expired unread.
    var notes: [String] = []
}

/// Looks at partitions. Used by the control thread only.
struct PositionResolver {
    let store: PositionStore
    let reader: Reader
    let topic: String
    /// Asks whether the topic is compacted; a compacted one loses messages in its middle, so no anchor can be judged.
    let isCompacted: () throws -> Bool

    private static let patience = Duration.seconds(5)

    /// Positions with what becomes of them: where an anchor does not stand, a new generation is begun.
    func locate(_ partitions: [Int32]) throws -> [Location] {
        let positions = try store.positions(partitions)
        return try zip(positions, watermarks(positions)).map { position, marks in
            var position = position
            var (low, high) = marks
            var notes: [String] = []
            var isNew = false
            while true {
                guard try verdict(position, low, high) == .replaced else {
                    var location = Self.start(position, low, high, notes, topic)
                    location.isNewGeneration = isNew
                    return location
                }
                guard try !isCompacted() else {
                    throw PipelineError.configuration(
                        """
                        topic \(topic) is compacted (cleanup.policy): it loses records; \
                        set cleanup.policy=delete on it
                        """)
                }
                if let fresh = try store.newGeneration(position) {
                    notes.append(
                        """
                        \(topic)/\(position.partition) was made anew or cut: reading it from its start \
                        (generation \(fresh.generation)); what was loaded before is not loaded again
                        """)
                    position = fresh
                    isNew = true
                } else {
                    position = try store.positions([position.partition])[0]
                }
                (low, high) = try watermarks([position])[0]
            }
        }
    }

    /// All partitions as they stand, nothing changed: what a start says and a drain aims at.
    func survey(_ partitions: Int32) throws -> [Location] {
        let positions = try store.positions(Array(0..<partitions))
        return try zip(positions, watermarks(positions)).map { position, marks in
            Location(position: position, next: position.nextOffset, low: marks.low, high: marks.high)
        }
    }

    /// Partitions whose anchors do not stand.
    func replaced(_ positions: [Position]) throws -> [Int32] {
        try zip(positions, watermarks(positions)).compactMap { position, marks in
            try verdict(position, marks.low, marks.high) == .replaced ? position.partition : nil
        }
    }

    /// Asked after the positions were read: what they say must have been in the log by then.
    private func watermarks(_ positions: [Position]) throws -> [(low: Int64, high: Int64)] {
        try reader.watermarks(of: positions.map(\.partition), timeout: Self.patience)
    }

    private func verdict(_ position: Position, _ low: Int64, _ high: Int64) throws -> AnchorState {
        var found: ReadResult?
        var hash: UInt64?
        if let anchor = position.anchor, anchor.offset >= low {
            found = try reader.read(partition: position.partition, offset: anchor.offset, timeout: Self.patience)
            if case .message(let message)? = found { hash = anchorHash(message) }
        }
        return judge(
            anchor: position.anchor, found: found, hash: hash, next: position.nextOffset, low: low, high: high)
    }

    private static func start(
        _ position: Position, _ low: Int64, _ high: Int64, _ notes: [String], _ topic: String
    ) -> Location {
        var location = Location(position: position, next: position.nextOffset, low: low, high: high, notes: notes)
        if position.nextOffset < low {
            location.next = low
            if position.nextOffset >= 0 {
                location.notes.append(
                    """
                    \(topic)/\(position.partition): offsets \(position.nextOffset) to \(low - 1) expired before they \
                    were read; reading on from \(low)
                    """)
            }
        }
        return location
    }
}
