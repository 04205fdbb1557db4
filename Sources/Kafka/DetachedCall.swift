// Calls into librdkafka that have no limit of their own, each on a thread of its own: nobody has to wait for their end.

internal import Dispatch
internal import Glibc

/// One call on a thread that is left behind if it does not return. It owns what it is given until it has returned.
final class DetachedCall: Sendable {
    private let hasReturned = DispatchSemaphore(value: 0)

    /// Without a thread to be had the call is never made, and `wait` never succeeds.
    init(_ call: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(call, hasReturned))
        var thread = pthread_t()
        guard pthread_create(&thread, nil, perform, body.toOpaque()) == 0 else {
            body.release()
            return
        }
        pthread_detach(thread)
    }

    /// Whether the call returns within `limit`; nil: waits however long it takes.
    func wait(_ limit: Duration?) -> Bool {
        let end = limit.map { DispatchTime.now() + .milliseconds(Int(milliseconds(until: .now + $0))) }
        guard hasReturned.wait(timeout: end ?? .distantFuture) == .success else { return false }
        // For whoever asks next.
        hasReturned.signal()
        return true
    }

    fileprivate final class Body: Sendable {
        let call: @Sendable () -> Void
        let hasReturned: DispatchSemaphore

        init(_ call: @escaping @Sendable () -> Void, _ hasReturned: DispatchSemaphore) {
            self.call = call
            self.hasReturned = hasReturned
        }
    }
}

/// The whole life of the thread; owns what it is given.
private func perform(_ body: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let body = body.map({ Unmanaged<DetachedCall.Body>.fromOpaque($0).takeRetainedValue() }) else { return nil }
    body.call()
    body.hasReturned.signal()
    return nil
}
