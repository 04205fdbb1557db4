// A session with the server. Nonblocking underneath: every wait is a poll(2) that looks at the caller's `interrupt`,
// so that a server that went away never holds the program.

internal import CPostgres

/// A connection. One thread at a time; hand it over, do not share it.
package final class Connection {
    /// Whether a transaction is open (PQtransactionStatus).
    package enum TransactionStatus { case idle, active, open, failed, unknown }

    let handle: OpaquePointer
    package let interrupt: @Sendable () -> Bool
    /// Waits end then, as if interrupted; nil: never.
    package var deadline: ContinuousClock.Instant?
    /// How long the server may neither take nor send anything while something is waited for; nil: as long as it likes. Time
    /// in which this process was stopped does not count.
    package var patience: Duration?
    private var closed = false
    private var unusable = false

    /// Called every `waitInterval`, with the time since the server last took or sent anything, while a statement has not
    /// been answered.
    package var onWait: ((Duration) -> Void)?
    /// At least 100 ms.
    package var waitInterval = Duration.seconds(1)
    private var waitingSince = ContinuousClock.now
    private var reportedAt = ContinuousClock.now

    /// Connects. Looking a host name up blocks (getaddrinfo); all else gives way to `interrupt` within 100 ms.
    /// - Parameter timeout: of the whole attempt; a `connect_timeout` in the settings outweighs it.
    /// - Throws: `.connection`, with a SQLSTATE if the server itself refused us; `.refused`, if no other try will do;
    ///   `.interrupted`.
    package init(
        _ settings: DatabaseSettings, timeout: Duration = .seconds(10),
        interrupt: @escaping @Sendable () -> Bool = { false }
    ) throws(PostgresError) {
        self.interrupt = interrupt
        let entries = settings.all
        let opened = withCStrings(entries.map(\.keyword)) { keywords in
            withCStrings(entries.map(\.value)) { values in PQconnectStartParams(keywords, values, 1) }
        }
        guard let handle = opened else { throw PostgresError(kind: .connection, message: "out of memory") }
        self.handle = handle
        // Notices would go to stderr, past the log.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        do {
            try establish(within: timeout)
        } catch {
            close()
            throw error
        }
        PQsetnonblocking(handle, 1)
    }

    deinit { close() }

    private func establish(within timeout: Duration) throws(PostgresError) {
        // Verbose, because only so a refusal shows its SQLSTATE; see PostgresError.init(attempt:).
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        defer { PQsetErrorVerbosity(handle, PQERRORS_DEFAULT) }
        guard PQstatus(handle) != CONNECTION_BAD else { throw PostgresError(attempt: handle, in: .start) }
        let deadline = ContinuousClock.now + (connectTimeout ?? timeout)
        var events: PollEvents = .write
        while true {
            try wait(for: events, until: deadline)
            let phase = ConnectionRefusal.Phase(PQstatus(handle))
            switch PQconnectPoll(handle) {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING: events = .read
            case PGRES_POLLING_WRITING: events = .write
            default: throw PostgresError(attempt: handle, in: phase)
            }
        }
    }

    /// The user's connect_timeout in seconds; libpq leaves minding it to whoever polls.
    private var connectTimeout: Duration? {
        guard let options = PQconninfo(handle) else { return nil }
        defer { PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword {
            if String(cString: keyword) == "connect_timeout", let value = option.pointee.val,
                let seconds = Int(String(cString: value)), seconds > 0
            {
                return .seconds(seconds)
            }
            option += 1
        }
        return nil
    }

    /// Ends the session; an open transaction is rolled back by the server. Safe to call twice.
    package func close() {
        guard !closed else { return }
        closed = true
        PQfinish(handle)
    }

    /// Nothing more can be asked on this connection.
    package var isBroken: Bool { closed || unusable || PQstatus(handle) != CONNECTION_OK }

    /// After an interruption: a statement may still run, so its answer must not be taken for another's.
    func giveUp() { unusable = true }

    /// A statement sets out, or the server took some of it; `onWait` counts from here.
    func startWaiting() {
        waitingSince = .now
        reportedAt = waitingSince
    }

    /// A step of a wait has passed without an answer.
    func waited() {
        let now = ContinuousClock.now
        guard let onWait, now - reportedAt >= waitInterval else { return }
        reportedAt = now
        onWait(now - waitingSince)
    }

    package var transactionStatus: TransactionStatus {
        guard !isBroken else { return .unknown }
        switch PQtransactionStatus(handle) {
        case PQTRANS_IDLE: return .idle
        case PQTRANS_ACTIVE: return .active
        case PQTRANS_INTRANS: return .open
        case PQTRANS_INERROR: return .failed
        default: return .unknown
        }
    }

    package var inTransaction: Bool { transactionStatus == .open || transactionStatus == .failed }

    /// Of the server's process, as it said when we connected (PQbackendPID): a pooler says a number of its own.
    package var serverProcess: Int { closed ? 0 : Int(PQbackendPID(handle)) }

    /// 150008 for 15.8.
    package var serverVersion: Int { closed ? 0 : Int(PQserverVersion(handle)) }
    package var host: String { text(PQhost) }
    package var database: String { text(PQdb) }
    package var user: String { text(PQuser) }
    /// The database's own encoding, "UTF8".
    package var serverEncoding: String { text { PQparameterStatus($0, "server_encoding") } }

    private func text(_ get: (OpaquePointer) -> UnsafePointer<CChar>?) -> String {
        closed ? "" : get(handle).map { String(cString: $0) } ?? ""
    }

    private func text(_ get: (OpaquePointer) -> UnsafeMutablePointer<CChar>?) -> String {
        closed ? "" : get(handle).map { String(cString: $0) } ?? ""
    }
}

/// A NULL-terminated array of C strings, valid in `body`.
private func withCStrings<R>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R
) -> R {
    let copies = strings.map { string in
        let bytes = string.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        bytes.withUnsafeBufferPointer { copy.update(from: $0.baseAddress!, count: $0.count) }
        return copy
    }
    defer { copies.forEach { $0.deallocate() } }
    return (copies.map { UnsafePointer($0) } + [nil]).withUnsafeBufferPointer { body($0.baseAddress!) }
}
