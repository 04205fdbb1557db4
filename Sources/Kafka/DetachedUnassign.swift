// Gives a closing consumer's partitions back on a thread of its own.

internal import CRdKafka
internal import Glibc
internal import Synchronization

/// `rd_kafka_assign(NULL)` where nobody has to wait for it: in 2.0.2 a group that ends just then drops the request, and
/// the call never returns.
final class DetachedUnassign: Sendable {
    // Used by the thread only until `isDone`; whoever owns the handle keeps it alive until then.
    private nonisolated(unsafe) let handle: OpaquePointer
    private let isDone = Atomic<Bool>(false)

    init(_ handle: OpaquePointer) {
        self.handle = handle
        let retained = Unmanaged.passRetained(self)
        var thread = pthread_t()
        guard pthread_create(&thread, nil, releasePartitions, retained.toOpaque()) == 0 else {
            retained.release()
            return
        }
        pthread_detach(thread)
    }

    func run() {
        rd_kafka_assign(handle, nil)
        isDone.store(true, ordering: .releasing)
    }

    /// Whether the call has returned, at the latest at `end`.
    func wait(until end: ContinuousClock.Instant) -> Bool {
        while !isDone.load(ordering: .acquiring) {
            guard ContinuousClock.now < end else { return false }
            usleep(1_000)
        }
        return true
    }
}

/// The whole life of the thread that a release starts; owns what it is given.
private func releasePartitions(_ release: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    release.map { Unmanaged<DetachedUnassign>.fromOpaque($0).takeRetainedValue() }?.run()
    return nil
}
