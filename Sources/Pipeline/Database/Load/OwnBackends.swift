// Which server processes work for this process: the watch for stopped workers never ends one of them.

internal import Synchronization

/// Server processes with an open transaction of ours. Any thread. Counted, because behind a pooler a process may serve
/// one transaction of ours right after another.
final class OwnBackends: Sendable {
    /// Of this process: loaders and migrations share it.
    static let shared = OwnBackends()

    private let counts = Mutex<[Int: Int]>([:])

    init() {}

    func add(_ pid: Int) { counts.withLock { $0[pid, default: 0] += 1 } }

    func remove(_ pid: Int) {
        counts.withLock { counts in
            let left = (counts[pid] ?? 1) - 1
            counts[pid] = left > 0 ? left : nil
        }
    }

    func contains(_ pid: Int) -> Bool { counts.withLock { $0[pid] != nil } }
}
