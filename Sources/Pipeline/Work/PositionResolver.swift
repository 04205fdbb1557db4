// Where to read on in a partition, and whether the log there is still the one we know: positions from the database,
// anchors from Kafka (Design.md, "Exactly once" 5 and 7).

package import Kafka
import Records

/// What a look at an anchor found.
package enum AnchorState: Equatable, Sendable {
    /// There is none, its message is as we know it, or the log's start has passed it.
    case stands
    /// Another message, or none where there must be one: the topic was created again, or cut.
    case replaced
}

/// The decision, apart from the reading. `next`: where we would read on (−1: the log's start); `low`, `high`: the
/// log as it is now.
package func judge(
    anchor: Anchor?, found: ReadResult?, hash: UInt64?, next: Int64, low: Int64, high: Int64
) -> AnchorState {
    // Nothing we ever took can lie behind the log's end.
    if next > high { return .replaced }
    if Torture.has(.anchorNotCompared) { return .stands }
    guard let anchor, let found else { return .stands }
    switch found {
    case .message: return hash == anchor.hash ? .stands : .replaced
    case .belowStart: return .stands
    // A message we have read was no such batch.
    case .absent, .unreadable: return low > anchor.offset ? .stands : .replaced
    }
}

/// A partition, looked at.
struct Location: Equatable, Sendable {
    var position: Position
    /// The offset to read from.
    var next: Int64
    var low: Int64
    var high: Int64
    /// A new generation was begun: what was read before is of another log.
    var isNewGeneration = false
    /// The topic was created again or cut; otherwise the position had no anchor, which proves nothing about the log.
    var isReplaced = false
    /// The first of the offsets that retention removed before they were read; nil: none.
    var expiredFrom: Int64? {
        position.nextOffset >= 0 && position.nextOffset < low ? position.nextOffset : nil
    }
}

extension [Location] {
    /// next_offset by partition.
    var offsets: [Int32: Int64] { Dictionary(map { ($0.position.partition, $0.position.nextOffset) }) { $1 } }
}

/// What was found of some partitions.
struct Resolution: Sendable {
    var locations: [Location] = []
    /// Partitions that the topic does not have any more.
    var gone: [Int32] = []
}

/// Looks at partitions. Used by the lookup thread only.
struct PositionResolver {
    let positions: PositionStore
    /// Reads what is in open transactions, too: a log ends where it ends for everybody.
    let reader: Reader
    let admin: Admin
    let topic: String
    let cluster: String

    static let patience = Duration.seconds(5)

    /// A call of librdkafka has not returned: only closing is left.
    var isStuck: Bool { reader.isStuck }

    func close() {
        reader.close()
        admin.close()
    }

    /// How many partitions the topic has; nil: it does not exist.
    func partitionCount() throws -> Int? { try reader.partitions(timeout: Self.patience) }

    /// Where to read each partition from: where an anchor does not stand, a new generation is begun.
    func resolve(_ partitions: [Int32]) throws -> Resolution {
        try skippingGone(partitions) { partitions in
            let rows = try positions.positions(partitions)
            let marks = try watermarks(rows)
            return try zip(zip(rows, marks), states(rows, marks)).map { try resolve($0.0, $0.1, $1) }
        }
    }

    /// All partitions as they stand, nothing changed: what a start tells and a drain aims at.
    func survey(_ partitions: Int32) throws -> [Location] { try survey(Array(0..<partitions)) }

    func survey(_ partitions: [Int32]) throws -> [Location] {
        let rows = try positions.positions(partitions)
        return try zip(rows, watermarks(rows)).map { position, marks in
            Location(position: position, next: position.nextOffset, low: marks.low, high: marks.high)
        }
    }

    /// Partitions whose anchors do not stand.
    func replaced(_ rows: [Position]) throws -> [Int32] {
        let marks = try watermarks(rows)
        return try zip(rows, states(rows, marks)).compactMap { $1 == .replaced ? $0.partition : nil }
    }

    /// The same of partitions just surveyed.
    func replaced(_ locations: [Location]) throws -> [Int32] {
        let rows = locations.map(\.position)
        let states = try states(rows, locations.map { ($0.low, $0.high) })
        return zip(rows, states).compactMap { $1 == .replaced ? $0.partition : nil }
    }

    /// Whether a drain has nothing to read: all positions are where the logs end, and all anchors stand.
    func isDone(_ drain: Drain, _ locations: [Location]) throws -> Bool {
        let offsets = locations.offsets
        guard drain.behind(offsets).isEmpty else { return false }
        return drain.decide(offsets, replaced: try replaced(locations)) == .done
    }

    /// Surveyed partitions as places to read from, if that changes nothing; nil: it takes `resolve`.
    func standing(_ locations: [Location]) throws -> [Location]? {
        guard try replaced(locations).isEmpty else { return nil }
        let haveAnchors = locations.allSatisfy { $0.position.anchor != nil || $0.position.nextOffset <= $0.low }
        guard haveAnchors else { return nil }
        return locations.map { Self.location($0.position, ($0.low, $0.high)) }
    }

    // MARK: -

    private func resolve(
        _ row: Position, _ marks: (low: Int64, high: Int64), _ state: AnchorState
    ) throws -> Location {
        var (position, marks, state) = (row, marks, state)
        var isNew = false
        var isReplaced = false
        while true {
            // Nothing of this generation was taken, so nothing is known of its log: from the start, as a new one, since
            // positions never go back within a generation.
            let hasNoAnchor = position.anchor == nil && position.nextOffset > marks.low
            guard state == .replaced || hasNoAnchor else { break }
            if state == .replaced, try isCompacted(topic, cluster: cluster, admin) {
                throw TopicSettings.refusal(ofCompacted: topic)
            }
            if let begun = try positions.newGeneration(position) {
                position = begun
                isNew = true
                isReplaced = isReplaced || state == .replaced
            } else {
                guard let now = try positions.positions([position.partition]).first else { break }
                position = now
            }
            marks = try watermarks([position])[0]
            state = try states([position], [marks])[0]
        }
        return Self.location(position, marks, isNew: isNew, isReplaced: isReplaced)
    }

    static func location(
        _ position: Position, _ marks: (low: Int64, high: Int64), isNew: Bool = false, isReplaced: Bool = false
    ) -> Location {
        Location(
            position: position, next: max(position.nextOffset, marks.low), low: marks.low, high: marks.high,
            isNewGeneration: isNew, isReplaced: isReplaced)
    }

    /// A topic that was created again with fewer partitions does not have all of those we ask for.
    private func skippingGone(_ partitions: [Int32], _ body: ([Int32]) throws -> [Location]) throws -> Resolution {
        do {
            return Resolution(locations: try body(partitions))
        } catch let error as KafkaError where error.isUnknownTopic {
            guard let count = try partitionCount() else { throw error }
            let gone = partitions.filter { Int($0) >= count }
            if gone.isEmpty { throw error }
            let left = partitions.filter { Int($0) < count }
            return Resolution(locations: left.isEmpty ? [] : try body(left), gone: gone)
        }
    }

    /// Asked after the positions were read: what they say must have been in the log by then.
    private func watermarks(_ rows: [Position]) throws -> [(low: Int64, high: Int64)] {
        try reader.watermarks(of: rows.map(\.partition), timeout: Self.patience)
    }

    /// What has become of their anchors, read all at once.
    private func states(_ rows: [Position], _ marks: [(low: Int64, high: Int64)]) throws -> [AnchorState] {
        let places = zip(rows, marks).compactMap { row, marks in
            row.anchor.flatMap { $0.offset >= marks.low ? (partition: row.partition, offset: $0.offset) : nil }
        }
        let results = try places.isEmpty ? [] : reader.read(places, timeout: Self.patience)
        let found = Dictionary(zip(places.map(\.partition), results)) { $1 }
        return zip(rows, marks).map { row, marks in
            let result = found[row.partition]
            var hash: UInt64?
            if case .message(let message)? = result { hash = anchorHash(message) }
            return judge(
                anchor: row.anchor, found: result, hash: hash, next: row.nextOffset, low: marks.low, high: marks.high)
        }
    }
}

/// A compacted topic loses records in its middle, so that neither sequences nor anchors can be judged. Without the right to
/// read its settings nobody can tell: false.
func isCompacted(
    _ topic: String, cluster: String, _ admin: Admin, timeout: Duration = .seconds(10)
) throws(KafkaError) -> Bool {
    do {
        return try TopicSettings.ask(admin, of: topic, cluster: cluster, timeout: timeout)?.isCompacted ?? false
    } catch {
        if error.isAuthorization { return false }
        throw error
    }
}

extension KafkaError {
    /// The topic or the partition does not exist (any more).
    var isUnknownTopic: Bool {
        [.unknownPartition, .unknownTopic, .unknownTopicOrPartition].contains(code)
    }
}
