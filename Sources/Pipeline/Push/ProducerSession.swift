// What a push does next, decided without doing it: producer sessions one after another, each with its start markers, its
// look into the log and the window sent again from the first message that is not acknowledged (go-back-N).

package import Kafka

/// A value whose `next` returns an action; the caller performs it and reports the result. Times are durations since
/// any fixed moment.
package struct ProducerSession {
    private enum Phase: Equatable {
        case closed(until: Duration)
        case opening, opened, starting, sending, failing, done
        case looking(LogLook)
        case startingOver
        case proving
    }

    /// Sessions in a row without a new acknowledgement.
    package static let tries = 10
    private static let startOvers = 5

    package let window: SendWindow
    /// By job, what is believed of the journal's claims, once the first session has looked.
    package private(set) var claims: [Claim]
    /// Of the session before: for messages.
    package private(set) var lastError: KafkaError?
    package private(set) var session: UInt = 0
    package private(set) var startMarkersAreAcknowledged = false
    private var phase = Phase.closed(until: .zero)
    private var stop: Stop?
    private let isRewindable: Bool
    private let stallTimeout: Duration
    /// The input was read, or is about to be.
    package private(set) var hasRead = false
    private var hasEnded = false
    private var isHeldUp = false
    private var mustStartOver = false
    private var isContradicted = false
    private var timesStartedOver = 0
    private var cursor = 0
    private var startOffsets: [Int64]
    private var startsOutstanding = 0
    private var failures = 0
    private var settledBefore = 0
    private var hasSettledMore = false
    private var progressAt: Duration

    /// - Parameters:
    ///   - window: empty; holds what the journal claims is acknowledged.
    ///   - claims: by job of the window.
    ///   - isRewindable: whether the input can be read from its start again.
    package init(
        window: SendWindow, claims: [Claim], isRewindable: Bool, stallTimeout: Duration, now: Duration
    ) {
        self.window = window
        self.claims = claims
        self.isRewindable = isRewindable
        self.stallTimeout = stallTimeout
        startOffsets = Array(repeating: -1, count: window.partitions)
        progressAt = now
    }

    // MARK: What to do

    package mutating func next(now: Duration) -> Action {
        if let stop { return .stop(stop) }
        switch phase {
        case .sending:
            while cursor < window.end, window.isSettled(cursor) || window.keepsAck(cursor) { cursor += 1 }
            if cursor < window.end {
                guard isHeldUp else { return .transmit(cursor) }
                isHeldUp = false
                return waiting(.transmit(cursor), now)
            }
            if !hasEnded, window.hasRoom {
                guard claims.contains(where: { $0 != .pushed }) else { return .repeatEnd }
                if window.isEmpty { progressAt = now }
                hasRead = true
                return .read
            }
            guard window.isEmpty else { return waiting(.wait, now) }
            phase = claims.contains { $0 != .pushed } ? .proving : .done
            return next(now: now)
        case .closed(let until):
            guard now >= until else { return waiting(.rest(until: until), now) }
            phase = .opening
            return .open
        case .opening: return .open
        case .opened:
            phase = .starting
            return .sendStartMarkers
        case .starting: return waiting(.wait, now)
        case .looking(let look): return .verify(look)
        case .startingOver:
            believeNothing()
            settledBefore = window.settled
            hasEnded = false
            mustStartOver = false
            phase = .sending
            return .startOver
        case .proving: return .verify(.firstAndLast)
        case .failing: return .close
        case .done: return .done
        }
    }

    /// Whether `next` would say `transmit` with this number: the hot loop's short cut. Mutating, like `readsOn`, so that
    /// a session stored in a class is not copied for the call.
    package mutating func mayTransmit(_ number: Int) -> Bool {
        guard case .sending = phase, stop == nil else { return false }
        return cursor == number
    }

    /// Whether `next` would say `read`, everything before being handed over: the hot loop's short cut.
    @inline(__always)
    package mutating func readsOn() -> Bool {
        guard case .sending = phase, cursor == window.end, !hasEnded, stop == nil else { return false }
        return window.hasRoom
    }

    // MARK: Results

    package mutating func opened() {
        session += 1
        startsOutstanding = startOffsets.count
        for partition in startOffsets.indices { startOffsets[partition] = -1 }
        isContradicted = false
        cursor = window.first
        phase = .opened
    }

    package mutating func transmitted() { cursor += 1 }

    package mutating func heldUp() { isHeldUp = true }

    package mutating func inputEnded() { hasEnded = true }

    /// A delivery report. Any that is not an acknowledgement ends the session: what was sent behind the message may be
    /// delivered all the same.
    package mutating func reported(_ token: UInt, offset: Int64, error: KafkaError?, now: Duration) {
        guard token >> 40 == session else { return }
        var (offset, error) = (offset, error)
        if Torture.has(error == nil ? .ackWithoutOffsetBelieved : .deliveryErrorIgnored) {
            (offset, error) = (max(0, offset), nil)
        }
        guard error == nil, offset >= 0 else {
            failed(error ?? KafkaError(code: .state, message: "delivered, but without an offset"), now: now)
            return
        }
        guard token & 1 << 39 == 0 else {
            let partition = Int(token & (1 << 39 - 1))
            guard startOffsets[partition] < 0 else { return }
            startOffsets[partition] = offset
            startsOutstanding -= 1
            // Our earlier messages cannot stand behind it.
            if offset <= window.highest(partition) { isContradicted = true }
            if advances { progressAt = now }
            if startsOutstanding == 0, phase == .starting { started() }
            return
        }
        progressAt = now
        if !window.report(Int(token & (1 << 39 - 1)), offset: offset), phase != .done, !mustStartOver {
            mustStartOver = true
            startOver(isReadable: true, .failing)
        }
    }

    /// Producer, verifier or a call of theirs failed; the session ends.
    package mutating func failed(_ error: KafkaError, now: Duration) {
        if error.isAuthentication || error.isAuthorization { stop = stop ?? .failed(error) }
        switch phase {
        case .done, .failing, .closed: return  // reports of a producer being closed say nothing new
        default:
            lastError = error
            phase = .failing
        }
    }

    /// Something that librdkafka itself keeps trying to get over, unless it is fatal.
    package mutating func noticed(_ error: KafkaError, now: Duration) {
        if error.isFatal || error.isAuthentication { failed(error, now: now) } else { lastError = error }
    }

    package mutating func closed(now: Duration) {
        window.forgetReports()
        hasSettledMore = window.settled > settledBefore
        failures = hasSettledMore ? 1 : failures + 1
        settledBefore = window.settled
        // A broker that is away may come back: that is for the stall timeout to judge.
        if failures >= Self.tries, let lastError, !lastError.isConnection { stop = stop ?? .failed(lastError) }
        let pause = Duration.milliseconds(min(5_000, 100 << min(failures - 1, 10)))
        phase = .closed(until: now + pause)
    }

    package mutating func verified(_ evidence: LogEvidence, now: Duration) {
        if advances { progressAt = now }
        let evidence = isContradicted ? .another : evidence
        isContradicted = false
        switch (phase, evidence) {
        case (.proving, .believed), (.proving, .expired), (.proving, .unreadable): phase = .done
        case (.proving, .another):
            mustStartOver = true
            startOver(isReadable: true, .failing)
        case (.looking, .believed): phase = .sending
        case (.looking, .expired(let lanes)):
            // Of an unfinished job nobody can tell who has read what expired: a whole partition is always right.
            if !hasRead { for lane in lanes where claims[lane / window.partitions] == .open { sendWhole(lane) } }
            phase = .sending
        case (.looking, .unreadable), (.looking, .another):
            if hasRead {
                startOver(isReadable: evidence == .another, .startingOver)
            } else {
                hasEnded = false
                believeNothing()
                phase = .sending
            }
        default: break
        }
    }

    // MARK: -

    /// Whether what every session repeats, its start markers and its look, counts as progress: a session that only repeats
    /// it would otherwise keep the stall timeout from ever ending the push.
    private var advances: Bool { session == 1 || hasSettledMore }

    private mutating func started() {
        startMarkersAreAcknowledged = true
        let isFresh = window.acknowledged.allSatisfy { $0 == nil }
        for partition in startOffsets.indices {
            if window.acknowledged[partition] == nil { believeStartMarker(partition) }
            window.passed(partition, startOffsets[partition])
        }
        let look = !hasRead && claims.contains(.pushed) ? LogLook.firstAndLast : .last
        phase = mustStartOver ? .startingOver : isFresh ? .sending : .looking(look)
    }

    /// Only while this session has sent nothing but its start markers.
    private mutating func believeNothing() {
        window.removeAll()
        for partition in startOffsets.indices { believeStartMarker(partition) }
        for job in claims.indices { claims[job] = .nothing }
        isContradicted = false
        cursor = window.end
    }

    /// A session's start markers are those of the first job.
    private func believeStartMarker(_ partition: Int) {
        let position = LogPosition(seq: 0, offset: startOffsets[partition])
        window.believe(partition, Acknowledged(first: position, last: position))
    }

    private func sendWhole(_ lane: Int) {
        if lane < window.partitions { believeStartMarker(lane) } else { window.believe(lane, nil) }
    }

    private mutating func startOver(isReadable: Bool, _ next: Phase) {
        timesStartedOver += 1
        if !isRewindable {
            stop = .lost(isReadable: isReadable)
        } else if timesStartedOver > Self.startOvers {
            stop = .restless
        } else {
            phase = next
        }
    }

    private mutating func waiting(_ action: Action, _ now: Duration) -> Action {
        guard now - progressAt >= stallTimeout else { return action }
        stop = .stalled(lastError)
        return .stop(.stalled(lastError))
    }
}
