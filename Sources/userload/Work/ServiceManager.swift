// What systemd is told of a service, by its protocol (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names. Where
// there is none, or it takes nothing, that changes nothing.

import FileNames
import Foundation
import Glibc

/// Any thread.
final class ServiceManager: Sendable {
    /// How often systemd wants a sign of life at least; nil: it does not watch us.
    let watchdog: Duration?
    private let descriptor: Int32
    private let address: [UInt8]

    /// nil: nobody wants to be told.
    init?(_ environment: [String: String]) {
        guard let name = environment["NOTIFY_SOCKET"], let address = Self.address(name) else { return nil }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.address = address
        watchdog = Self.watchdog(environment, process: getpid())
    }

    deinit { close(descriptor) }

    /// A path, or `@` and an abstract name; nil: another kind, or too long for the kernel.
    static func address(_ name: String) -> [UInt8]? {
        var bytes = name.fileSystemBytes
        guard let first = bytes.first, bytes.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else {
            return nil
        }
        switch first {
        case UInt8(ascii: "/"): bytes.append(0)
        // An abstract name begins with a NUL and ends with its length.
        case UInt8(ascii: "@"): bytes[0] = 0
        default: return nil
        }
        return bytes
    }

    /// WATCHDOG_USEC, if WATCHDOG_PID means this process.
    static func watchdog(_ environment: [String: String], process: pid_t) -> Duration? {
        guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), microseconds > 0 else {
            return nil
        }
        if let wanted = environment["WATCHDOG_PID"], pid_t(wanted) != process { return nil }
        return .microseconds(microseconds)
    }

    /// Waits for nothing.
    /// - Returns: whether it was taken.
    @discardableResult
    func tell(_ text: String) -> Bool {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: address) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + address.count)
        let bytes = Array(text.utf8)
        let sent = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), $0, length)
            }
        }
        return sent == bytes.count
    }
}

/// What to tell systemd, and when: decided apart from telling. A value; time is handed in.
struct ServiceNews {
    /// The status line changes with every batch.
    private static let statusInterval = Duration.seconds(5)

    /// Told of at half the time that systemd waits; nil: not at all.
    let watchdog: Duration?
    private var isReadyTold = false
    private var isStoppingTold = false
    private var status = ""
    private var nextStatus: ContinuousClock.Instant?
    private var nextWatchdog: ContinuousClock.Instant?

    init(watchdog: Duration?) { self.watchdog = watchdog }

    /// - Parameters:
    ///   - status: one line.
    ///   - tell: whether the text was taken; what was not is told again the next time.
    mutating func update(
        status: String, isReady: Bool, isStopping: Bool, at now: ContinuousClock.Instant, tell: (String) -> Bool
    ) {
        let isNew = status != self.status
        let isStatusDue = isNew && (nextStatus.map { now >= $0 } ?? true)
        let isTurn = (isReady && !isReadyTold) || (isStopping && !isStoppingTold)
        if isTurn || isStatusDue {
            var lines: [String] = []
            if isReady, !isReadyTold { lines.append("READY=1") }
            if isStopping, !isStoppingTold { lines.append("STOPPING=1") }
            lines.append("STATUS=\(status)")
            if tell(lines.joined(separator: "\n")) {
                isReadyTold = isReadyTold || isReady
                isStoppingTold = isStoppingTold || isStopping
                self.status = status
                nextStatus = now + Self.statusInterval
            }
        }
        guard let watchdog, isReadyTold, nextWatchdog.map({ now >= $0 }) ?? true else { return }
        if tell("WATCHDOG=1") { nextWatchdog = now + watchdog / 2 }
    }
}
