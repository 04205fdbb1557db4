// The waits of a connection: poll(2) in short steps, between which the caller can interrupt.

internal import CPostgres
internal import Glibc

struct PollEvents: OptionSet {
    let rawValue: Int16
    static let read = PollEvents(rawValue: Int16(POLLIN))
    static let write = PollEvents(rawValue: Int16(POLLOUT))
}

/// How often a wait looks at `interrupt`, in milliseconds.
private let step: Int32 = 100

extension Connection {
    /// Returns when the socket is ready for one of `events`; which, is the return value.
    /// - Throws: `.interrupted`; `.connection` past `deadline`, and when `patience` is at its end.
    @discardableResult
    func wait(for events: PollEvents, until deadline: ContinuousClock.Instant? = nil)
        throws(PostgresError) -> PollEvents
    {
        var silence = Duration.zero
        while true {
            guard !interrupt() else {
                giveUp()
                throw PostgresError(kind: .interrupted, message: "interrupted while waiting for Postgres")
            }
            if let limit = self.deadline, ContinuousClock.now >= limit {
                giveUp()
                throw PostgresError(kind: .interrupted, message: "no answer from Postgres in time")
            }
            var descriptor = pollfd(fd: PQsocket(handle), events: events.rawValue, revents: 0)
            let ready = poll(&descriptor, 1, step)
            // An error or hang-up counts as ready: libpq reads it and says what it is.
            if ready > 0 { return PollEvents(rawValue: descriptor.revents) }
            if ready < 0 && errno != EINTR {
                throw PostgresError(kind: .connection, message: "poll: \(String(cString: strerror(errno)))")
            }
            if let deadline, ContinuousClock.now >= deadline {
                throw PostgresError(kind: .connection, message: "no answer from Postgres within the connect timeout")
            }
            if ready == 0 { silence += .milliseconds(Int(step)) }
            if let patience, silence >= patience {
                giveUp()
                throw PostgresError(
                    kind: .connection, message: "no answer for \(seconds(patience))",
                    hint: "Postgres accepts connections and does not answer: it may be stopped, or a table is locked")
            }
            waited()
        }
    }

    /// Sends all that libpq holds (PQflush to 0). Reads meanwhile: a server that cannot write does not read either.
    func flush() throws(PostgresError) {
        while true {
            switch PQflush(handle) {
            case 0: return
            case 1:
                let ready = try wait(for: [.read, .write])
                if ready.contains(.read) { PQconsumeInput(handle) }
                if ready.contains(.write) { startWaiting() }
            default: throw PostgresError(connection: handle)
            }
        }
    }

    /// The statement's next result; nil after its last (PQgetResult, without its blocking).
    func nextResult() throws(PostgresError) -> ResultHandle? {
        while PQisBusy(handle) == 1 {
            try wait(for: .read)
            // A failure makes PQgetResult answer with an error result: nothing to do here.
            PQconsumeInput(handle)
        }
        return PQgetResult(handle).map(ResultHandle.init)
    }
}

/// `30 s`, `0.3 s`.
private func seconds(_ duration: Duration) -> String {
    let seconds = duration / .seconds(1)
    return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
}
