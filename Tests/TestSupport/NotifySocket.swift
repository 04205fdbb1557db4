// The socket that systemd listens at for what services tell it, for tests that stand in for systemd.

internal import Foundation
internal import Glibc

/// Receives datagrams; one thread.
package final class NotifySocket {
    /// As NOTIFY_SOCKET has it.
    package let name: String
    private let descriptor: Int32
    private var received: [String] = []

    /// - Parameter name: a path, or `@` and an abstract name.
    package init(_ name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestSupportError("socket: errno \(errno)") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if name.hasPrefix("@") { bytes[0] = 0 } else { bytes.append(0) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + bytes.count)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else { throw TestSupportError("bind \(name): errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// All that came so far, in order.
    package func told() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count >= 0 else { return received }
            received.append(String(decoding: buffer.prefix(count), as: UTF8.self))
        }
    }
}
