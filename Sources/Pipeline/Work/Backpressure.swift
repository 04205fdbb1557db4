// When the loaders are behind: whether to take messages, wait, or let go of the partitions' queues for a while.

/// A value; time is handed in.
struct Backpressure {
    enum Decision: Equatable {
        case take
        /// Take nothing for the moment.
        case wait
        /// It has lasted longer than a rebalance should have to wait: read nothing, but go on polling.
        case letGo
    }

    /// librdkafka serves rebalances only while it is polled.
    private static let patience = Duration.seconds(5)

    private var since: ContinuousClock.Instant?

    /// - Parameters:
    ///   - isHeldUp: some loader has two batches on their way and a third one is full.
    ///   - isBusy: some loader has two batches on their way. Once held up, this is what ends it: otherwise it would flutter.
    mutating func decide(isHeldUp: Bool, isBusy: Bool, at now: ContinuousClock.Instant) -> Decision {
        guard isHeldUp || (isBusy && since != nil) else {
            since = nil
            return .take
        }
        let began = since ?? now
        since = began
        if now - began > Self.patience { return .letGo }
        return isHeldUp ? .wait : .take
    }
}
