// A TCP proxy on loopback with a bad line: slow, late, silent or cut, for tests of what such a line does to a client.

internal import Glibc
internal import Synchronization

/// Forwards every connection to a port on 127.0.0.1. Any thread; the line can be changed while connections are open.
///
///     let proxy = try TCPProxy(to: server.port)
///     proxy.setRate(100_000)              // bytes a second, each way
///     proxy.setDelay(.milliseconds(50))   // each byte arrives so much later, each way
///     proxy.pause(.toClient)              // answers do not arrive any more; questions do
///     proxy.cut()                         // all connections end; new ones are accepted
///     proxy.cutAtKafkaRequest(32)         // the connection of the next such request ends instead of forwarding it
///
/// It buffers at most 64 KiB a direction, so that a slow line slows its sender down. Ended with the object.
package final class TCPProxy: Sendable {
    package enum Direction: CaseIterable, Sendable { case toServer, toClient }

    /// How one direction behaves.
    fileprivate struct Line {
        /// Bytes a second; nil: as fast as it goes.
        var rate: Int?
        var delay = Duration.zero
        var isPaused = false
        var forwarded = 0
    }

    fileprivate struct State {
        var toServer = Line()
        var toClient = Line()
        /// Connections of earlier epochs end.
        var epoch = 0
        var isClosed = false
        var accepted = 0
        /// The API key of Kafka's at whose next request its connection ends.
        var fatalRequest: Int16?
        var fatalRequests = 0

        subscript(direction: Direction) -> Line {
            get { direction == .toServer ? toServer : toClient }
            set { if direction == .toServer { toServer = newValue } else { toClient = newValue } }
        }
    }

    /// Shared with the threads, which may outlive the proxy by a moment.
    fileprivate final class Shared: Sendable {
        let state = Mutex(State())
    }

    /// Where clients connect to, on 127.0.0.1.
    package let port: Int
    private let shared = Shared()

    /// - Parameter target: the server's port on 127.0.0.1.
    package init(to target: Int) throws {
        port = try freeLoopbackPort()
        let listener = try listening(port)
        let shared = self.shared
        startDetachedThread {
            while !shared.state.withLock({ $0.isClosed }) {
                guard isReady(listener, Int16(POLLIN), milliseconds: 20) else { continue }
                let client = accept(listener, nil, nil)
                if client >= 0 { Self.serve(client, target, shared, shared.state.withLock { $0.epoch }) }
            }
            close(listener)
        }
    }

    deinit { shared.state.withLock { $0.isClosed = true } }

    /// Bytes a second; nil: as fast as it goes.
    package func setRate(_ rate: Int?, _ directions: Direction...) {
        change(directions) { $0.rate = rate }
    }

    package func setDelay(_ delay: Duration, _ directions: Direction...) {
        change(directions) { $0.delay = delay }
    }

    /// Nothing is forwarded, and connections stay: a line that went silent.
    package func pause(_ directions: Direction...) { change(directions) { $0.isPaused = true } }

    package func resume(_ directions: Direction...) { change(directions) { $0.isPaused = false } }

    /// Ends every connection there is, with what is under way on it.
    package func cut() { shared.state.withLock { $0.epoch += 1 } }

    /// Ends the connection of the next request with this API key of Kafka's (32: DescribeConfigs), once.
    package func cutAtKafkaRequest(_ key: Int16) { shared.state.withLock { $0.fatalRequest = key } }

    /// How many connections `cutAtKafkaRequest` has ended.
    package var cutRequests: Int { shared.state.withLock { $0.fatalRequests } }

    /// Bytes forwarded so far, by all connections.
    package func forwarded(_ direction: Direction) -> Int { shared.state.withLock { $0[direction].forwarded } }

    /// Connections accepted so far.
    package var accepted: Int { shared.state.withLock { $0.accepted } }

    /// No direction named: both.
    private func change(_ directions: [Direction], _ body: (inout Line) -> Void) {
        shared.state.withLock { state in
            for direction in directions.isEmpty ? Direction.allCases : directions { body(&state[direction]) }
        }
    }

    // MARK: One connection

    private static func serve(_ client: Int32, _ target: Int, _ shared: Shared, _ epoch: Int) {
        shared.state.withLock { $0.accepted += 1 }
        guard let server = connected(target) else {
            close(client)
            return
        }
        // Small buffers of the kernel's: the sender is to feel the line.
        for descriptor in [client, server] {
            setOption(descriptor, SOL_SOCKET, SO_RCVBUF, 32_768)
            setOption(descriptor, SOL_SOCKET, SO_SNDBUF, 32_768)
            setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        }
        let users = Countdown(2)
        for (source, sink, direction) in [(client, server, Direction.toServer), (server, client, .toClient)] {
            startDetachedThread {
                pump(from: source, to: sink, direction, shared, epoch)
                // The other direction sees the end, too.
                for descriptor in [client, server] { shutdown(descriptor, Int32(SHUT_RDWR)) }
                if users.decrement() == 0 { for descriptor in [client, server] { close(descriptor) } }
            }
        }
    }

    /// Until either end closes, or the connection is cut.
    private static func pump(
        from source: Int32, to sink: Int32, _ direction: Direction, _ shared: Shared, _ epoch: Int
    ) {
        var waiting: [(due: ContinuousClock.Instant, bytes: ArraySlice<UInt8>)] = []
        var held = 0
        var allowance = 0.0
        var last = ContinuousClock.now
        var isOpen = true
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while isOpen || !waiting.isEmpty {
            guard let line = shared.state.withLock({ $0.isClosed || $0.epoch != epoch ? nil : $0[direction] }) else {
                return
            }
            let now = ContinuousClock.now
            if let rate = line.rate {
                let elapsed = now - last
                let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
                allowance = min(allowance + seconds * Double(rate), max(Double(rate) / 20, 1))
            }
            last = now
            var moved = false
            if isOpen, held < 65_536, isReady(source, Int16(POLLIN), milliseconds: 0) {
                let count = read(source, &buffer, buffer.count)
                if direction == .toServer, count >= 6, isFatal(buffer, shared) { return }
                if count > 0 {
                    waiting.append((now + line.delay, buffer[..<count]))
                    held += count
                    moved = true
                } else if count == 0 || errno != EAGAIN {
                    isOpen = false
                }
            }
            if !line.isPaused, let first = waiting.first, first.due <= now,
                isReady(sink, Int16(POLLOUT), milliseconds: 0)
            {
                let most = line.rate == nil ? first.bytes.count : min(first.bytes.count, Int(allowance))
                if most > 0 {
                    let count = first.bytes.withUnsafeBytes { send(sink, $0.baseAddress, most, Int32(MSG_NOSIGNAL)) }
                    guard count > 0 || errno == EAGAIN else { return }
                    let sent = max(count, 0)
                    held -= sent
                    allowance -= Double(sent)
                    shared.state.withLock { $0[direction].forwarded += sent }
                    waiting[0].bytes = first.bytes.dropFirst(sent)
                    if waiting[0].bytes.isEmpty { waiting.removeFirst() }
                    moved = sent > 0 || moved
                }
            }
            // With nothing on its way wait for more; else look again soon, for the clock moves the line.
            if !moved {
                if waiting.isEmpty { _ = isReady(source, Int16(POLLIN), milliseconds: 10) } else { usleep(2_000) }
            }
        }
    }
}

/// Clients write one request after another, each with its length, then its API key.
private func isFatal(_ bytes: [UInt8], _ shared: TCPProxy.Shared) -> Bool {
    let key = Int16(bytes[4]) << 8 | Int16(bytes[5])
    return shared.state.withLock { state in
        guard state.fatalRequest == key else { return false }
        state.fatalRequest = nil
        state.fatalRequests += 1
        return true
    }
}

/// A count between threads.
private final class Countdown: Sendable {
    private let value: Mutex<Int>

    init(_ value: Int) { self.value = Mutex(value) }

    func decrement() -> Int {
        value.withLock {
            $0 -= 1
            return $0
        }
    }
}

private func isReady(_ descriptor: Int32, _ events: Int16, milliseconds: Int32) -> Bool {
    var poll = pollfd(fd: descriptor, events: events, revents: 0)
    return Glibc.poll(&poll, 1, milliseconds) > 0
}

private func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
}

private func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    return address
}

private func withLoopback(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    withUnsafePointer(to: loopback(port)) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}

private func listening(_ port: Int) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
    guard withLoopback(port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 16) == 0 else {
        throw TestSupportError("listen: errno \(errno)")
    }
    return descriptor
}

private func connected(_ port: Int) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if withLoopback(port, { connect(descriptor, $0, $1) }) == 0 { return descriptor }
    close(descriptor)
    return nil
}
