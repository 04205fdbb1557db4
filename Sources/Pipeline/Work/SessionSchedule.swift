// When a session asks what, and what it was told last: so that nothing is asked twice at a time, or too often.

import Records

/// A value; time is handed in.
struct SessionSchedule {
    static let checkInterval = Duration.seconds(10)
    static let gapInterval = Duration.seconds(2)
    static let commitInterval = Duration.seconds(5)
    static let partitionsInterval = Duration.seconds(30)
    static let openTransaction = Duration.milliseconds(500)
    static let drainInterval = Duration.milliseconds(200)
    /// Between two looks at what others read; where all is ours, only the lease is to be renewed in time.
    static let handInterval = Duration.milliseconds(200)
    static let handIntervalWithAll = HandReaderLease.duration / 3
    static let endsInterval = Duration.seconds(1)
    static let signInterval = Duration.milliseconds(200)

    /// How many the topic has, as was asked last or as the group shows. 0: the topic does not exist.
    private(set) var partitions: Int
    /// How many it had at most: those above what it has now are gone, though it was away in between.
    private(set) var mostPartitions: Int
    private(set) var isCheckUnderWay = false
    private(set) var isDrainLookUnderWay = false
    private(set) var isCaughtUpTold = false
    private var wasSettled = false
    private var arePartitionsAsked = false
    private var nextCheck: ContinuousClock.Instant
    private var lastCheck: ContinuousClock.Instant
    private var nextCommit: ContinuousClock.Instant
    private var nextPartitions: ContinuousClock.Instant
    private var nextDrainLook: ContinuousClock.Instant
    private var wasDrainSettled = false
    private var lastHandLook: ContinuousClock.Instant
    private var isHandLookUnderWay = false
    private var areOthersTold = false
    private var again: (at: ContinuousClock.Instant, ticket: UInt64)?
    private var backoff = Backoff()
    private var positions: [Int32: Position] = [:]
    /// Since when partitions have been read to an end that is not the log's.
    private var stuck: [Int32: (offset: Int64, since: ContinuousClock.Instant)] = [:]
    private var toldTransactions: Set<Int32> = []
    private var mayHaveEnded: Set<JobID> = []
    private var isEndsLookUnderWay = false
    private var nextEndsLook: ContinuousClock.Instant
    private var nextSign: ContinuousClock.Instant

    init(partitions: Int, now: ContinuousClock.Instant) {
        self.partitions = partitions
        mostPartitions = partitions
        nextCheck = now
        lastCheck = now
        nextCommit = now
        nextPartitions = now + Self.partitionsInterval
        nextDrainLook = now
        lastHandLook = now
        nextEndsLook = now
        nextSign = now
    }

    mutating func isSignDue(at now: ContinuousClock.Instant) -> Bool {
        guard now >= nextSign else { return false }
        nextSign = now + Self.signInterval
        return true
    }

    // MARK: Partitions

    mutating func assigned(_ partitions: [Int32]) {
        self.partitions = max(self.partitions, Int(partitions.max() ?? -1) + 1)
        mostPartitions = max(mostPartitions, self.partitions)
        isCaughtUpTold = false
    }

    func isPartitionsDue(at now: ContinuousClock.Instant) -> Bool { !arePartitionsAsked && now >= nextPartitions }

    /// - Returns: false: an answer is still awaited.
    mutating func asksForPartitions() -> Bool {
        defer { arePartitionsAsked = true }
        return !arePartitionsAsked
    }

    /// - Returns: how many there were before.
    mutating func counted(_ count: Int?, at now: ContinuousClock.Instant) -> Int {
        arePartitionsAsked = false
        // One that is gone may be created again at any moment.
        nextPartitions = now + (count == 0 ? .seconds(1) : Self.partitionsInterval)
        defer { if let count { partitions = count } }
        mostPartitions = max(mostPartitions, count ?? 0)
        return partitions
    }

    // MARK: Positions

    mutating func resolveAgain(ticket: UInt64, at now: ContinuousClock.Instant) {
        again = (now + backoff.next(), ticket)
    }

    mutating func resolved() { backoff.reset() }

    /// The ticket of a question to ask again now.
    mutating func resolveDue(at now: ContinuousClock.Instant) -> UInt64? {
        guard let (at, ticket) = again, now >= at else { return nil }
        again = nil
        return ticket
    }

    /// Whether a position is another one than when it was read last.
    mutating func moved(_ partition: Int32, _ position: Position) -> Bool {
        defer { positions[partition] = position }
        guard let before = positions[partition] else { return true }
        return before.generation != position.generation || before.nextOffset != position.nextOffset
    }

    func isCheckDue(at now: ContinuousClock.Instant) -> Bool { !isCheckUnderWay && now >= nextCheck }

    mutating func checkStarted() { isCheckUnderWay = true }

    /// Messages are missing, as in the log of a topic that was created again: its anchors are looked at soon.
    mutating func gapSeen() { nextCheck = min(nextCheck, lastCheck + Self.gapInterval) }

    mutating func checkEnded(at now: ContinuousClock.Instant) {
        isCheckUnderWay = false
        lastCheck = now
        nextCheck = now + Self.checkInterval
    }

    mutating func isCommitDue(at now: ContinuousClock.Instant) -> Bool {
        guard now >= nextCommit else { return false }
        nextCommit = now + Self.commitInterval
        return true
    }

    // MARK: The drain, and what is told once

    /// - Parameter isSettled: nothing of ours is on its way. Beside a push that continues there may be no such moment.
    mutating func isDrainLookDue(isSettled: Bool, at now: ContinuousClock.Instant) -> Bool {
        guard !isDrainLookUnderWay else { return false }
        // The moment it settles may be the end.
        let due = isSettled ? wasDrainSettled ? nextDrainLook : now : nextDrainLook + .seconds(1)
        wasDrainSettled = isSettled
        guard now >= due else { return false }
        isDrainLookUnderWay = true
        nextDrainLook = now + Self.drainInterval
        return true
    }

    mutating func drainLookEnded() { isDrainLookUnderWay = false }

    // MARK: Jobs that may have ended

    /// Something of their ends was committed; beyond so many some are not told.
    mutating func mayHaveEnded(_ jobs: [JobID]) {
        if mayHaveEnded.count < RunHistory.limit { mayHaveEnded.formUnion(jobs) }
    }

    /// Jobs to ask for now: at once when nothing more is on its way, else once a second, for the ends of a job come in many
    /// batches.
    mutating func endsDue(isSettled: Bool, at now: ContinuousClock.Instant) -> [JobID]? {
        guard !mayHaveEnded.isEmpty, !isEndsLookUnderWay, isSettled || now >= nextEndsLook else { return nil }
        isEndsLookUnderWay = true
        defer { mayHaveEnded = [] }
        return Array(mayHaveEnded)
    }

    mutating func endsLookEnded(at now: ContinuousClock.Instant) {
        isEndsLookUnderWay = false
        nextEndsLook = now + Self.endsInterval
    }

    /// A run does not end before it has told which jobs did.
    var awaitsEnds: Bool { isEndsLookUnderWay || !mayHaveEnded.isEmpty }

    // MARK: Reading by hand

    /// - Parameter hasAll: every partition is ours.
    mutating func isHandLookDue(hasAll: Bool, at now: ContinuousClock.Instant) -> Bool {
        let interval = hasAll ? Self.handIntervalWithAll : Self.handInterval
        guard !isHandLookUnderWay, now >= lastHandLook + interval else { return false }
        isHandLookUnderWay = true
        lastHandLook = now
        return true
    }

    mutating func handLookEnded() { isHandLookUnderWay = false }

    mutating func tellsOthers() -> Bool {
        defer { areOthersTold = true }
        return !areOthersTold
    }

    /// Whether this is another answer than the last.
    mutating func settledChanged(_ isSettled: Bool) -> Bool {
        defer { wasSettled = isSettled }
        return wasSettled != isSettled
    }

    mutating func tellsCaughtUp() -> Bool {
        defer { isCaughtUpTold = true }
        return !isCaughtUpTold
    }

    /// Some partition's end is behind another producer's open transaction.
    var hasOpenTransaction: Bool { !toldTransactions.isEmpty }

    /// A partition that has been read to `offset`, its end for us, while its log goes on. True once, when that has been so
    /// for a while: what was appended just now is not read yet, either.
    mutating func tellsOpenTransaction(_ partition: Int32, at offset: Int64, now: ContinuousClock.Instant) -> Bool {
        guard let stuck = stuck[partition], stuck.offset == offset else {
            self.stuck[partition] = (offset, now)
            return false
        }
        return now - stuck.since >= Self.openTransaction && toldTransactions.insert(partition).inserted
    }

    mutating func isNotStuck(_ partition: Int32) {
        stuck[partition] = nil
        toldTransactions.remove(partition)
    }
}
