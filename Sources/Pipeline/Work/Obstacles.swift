// Batches that come to nothing again and again, though Postgres answers: what is told of it, and what a worker says that gives up.

/// Why a batch was not loaded.
package enum BatchObstacle: Equatable, Sendable {
    /// So many tries of a batch in a row ended in a deadlock or a serialization failure.
    case conflict(tries: Int, reason: String)
    /// So many batches in a row found too few rows to change in this table, and no position had moved.
    case unmoved(batches: Int, table: String)

    /// Without its end; it may quote the server.
    package var sentence: String {
        switch self {
        case .conflict(1, let reason): "Postgres broke off a batch: \(reason)"
        case .conflict(let tries, let reason):
            "Postgres broke off \(tries) tries of a batch in a row, the last one with: \(reason)"
        case .unmoved(let batches, let table):
            "\(batches) batches in a row found too few rows to change in \(table), and no position had moved: a trigger or a "
                + "rule of this table may keep changes from being written"
        }
    }
}

/// By lane. A value; time is handed in.
struct Obstacles {
    /// Fewer in a row are nothing to speak of.
    static let many = 5

    private var ofLanes: [Int: BatchObstacle] = [:]
    private var told = Outage()

    /// Returns what is to be told now: once there were many, and then once a minute.
    mutating func conflicted(lane: Int, tries: Int, reason: String, at now: ContinuousClock.Instant) -> BatchObstacle? {
        tell(.conflict(tries: tries, reason: reason), lane, isMany: tries >= Self.many, now)
    }

    mutating func lost(lane: Int, table: String, at now: ContinuousClock.Instant) -> BatchObstacle? {
        var batches = 1
        if case .unmoved(let before, table)? = ofLanes[lane] { batches += before }
        return tell(.unmoved(batches: batches, table: table), lane, isMany: batches >= Self.many, now)
    }

    /// A batch of the lane was loaded, or somebody else moved one of its positions.
    mutating func overcome(lane: Int) {
        ofLanes[lane] = nil
        if ofLanes.isEmpty { told = Outage() }
    }

    /// What may be the reason when nothing moves. A swap that is lost now and then is none.
    var standstill: String? {
        ofLanes.sorted { $0.key < $1.key }.lazy.map(\.value).first { obstacle in
            if case .unmoved(let batches, _) = obstacle { batches >= Self.many } else { true }
        }?.sentence
    }

    private mutating func tell(
        _ obstacle: BatchObstacle, _ lane: Int, isMany: Bool, _ now: ContinuousClock.Instant
    ) -> BatchObstacle? {
        ofLanes[lane] = obstacle
        return isMany && told.isAway(at: now) != nil ? obstacle : nil
    }
}
