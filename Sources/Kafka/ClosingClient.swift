// The end of a client: purged and destroyed on a thread of its own, because librdkafka 2.0.2 may never return from that.

internal import CRdKafka
internal import Synchronization

#if TORTURE
    internal import Glibc
#endif

/// A client that was closed and has not ended within its limit. Its broker threads may still read values that were
/// produced and not reported: `keep` them.
package final class ClosingClient: Sendable {
    /// More clients than these, closed and not ended, and the process makes no new one.
    static let limit = 8
    /// How many are.
    private static let lingering = Atomic<Int>(0)

    private struct State {
        var hasEnded = false
        var lingers = false
        /// Kept alive until the client has ended.
        var kept: [Kept] = []
    }

    /// Unchecked: it is held and let go, and nothing else.
    private struct Kept: @unchecked Sendable {
        let object: AnyObject
    }

    private let state = Mutex(State())

    /// - Parameters:
    ///   - context: what the log callback reaches; owned until the client has ended.
    ///   - calls: calls into the handle that have not returned: nothing is destroyed under them.
    ///   - release: gives back what hangs on the handle (topics, queues).
    /// - Returns: nil: it has ended within `limit`.
    static func close(
        _ handle: OpaquePointer, _ context: ClientContext, after calls: [DetachedCall], limit: Duration,
        release: @escaping () -> Void
    ) -> ClosingClient? {
        let closing = ClosingClient()
        // Used by that thread alone from here on; what `context` calls then, its log, is Sendable.
        nonisolated(unsafe) let (handle, context, release) = (handle, context, release)
        let call = DetachedCall {
            for call in calls { _ = call.wait(nil) }
            release()
            // Waits for every broker thread, too; not for a consumer (not implemented there).
            rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            // Joins broker threads; one never ends once a topic that it read is gone.
            rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
            withExtendedLifetime(context) { closing.ended() }
        }
        #if TORTURE
            // Pipeline, which plants bugs and checks their names, stands above.
            if let bug = getenv("USERLOAD_BUG"), strcmp(bug, "destroyWithoutLimit") == 0 { _ = call.wait(nil) }
        #endif
        if call.wait(limit) { return nil }
        return closing.linger() ? closing : nil
    }

    private init() {}

    /// Keeps it until the client has ended.
    package func keep(_ object: AnyObject) {
        let kept = Kept(object: object)
        state.withLock { if !$0.hasEnded { $0.kept.append(kept) } }
    }

    static func refuseIfTooManyLinger() throws(KafkaError) {
        if let refusal = refusal(lingering: lingering.load(ordering: .relaxed)) { throw refusal }
    }

    /// Why no new client may be made while so many linger.
    static func refusal(lingering count: Int) -> KafkaError? {
        guard count > limit else { return nil }
        return KafkaError(
            code: .state, message: "\(count) closed connections to Kafka have not ended; run the command again",
            isFatal: true)
    }

    /// False: it has ended just now.
    private func linger() -> Bool {
        state.withLock { state in
            guard !state.hasEnded else { return false }
            state.lingers = true
            Self.lingering.add(1, ordering: .relaxed)
            return true
        }
    }

    private func ended() {
        let kept = state.withLock { state in
            state.hasEnded = true
            if state.lingers { Self.lingering.subtract(1, ordering: .relaxed) }
            defer { state.kept = [] }
            return state.kept
        }
        withExtendedLifetime(kept) {}
    }
}
