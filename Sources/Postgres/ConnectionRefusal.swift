// Which failures without a SQLSTATE another try would not mend. libpq tells them by their text alone; what can be told by
// where an attempt had come to is told by that, and all texts that are looked at stand here.

internal import CPostgres

/// Why a connection cannot be had, or used, until a person changes something.
struct ConnectionRefusal {
    /// What to do, beyond libpq's own words.
    let hint: String?

    /// How far the attempt had come.
    enum Phase {
        case start
        /// TLS was being set up (CONNECTION_SSL_STARTUP): certificates are read and compared now.
        case encryption
        case other

        init(_ status: ConnStatusType) { self = status == CONNECTION_SSL_STARTUP ? .encryption : .other }
    }

    /// For an attempt that failed; nil: the server is away, or gave a reason of its own.
    init?(_ message: String, in phase: Phase) {
        hint = nil
        guard let last = Self.lastTried(message) else {
            // Nothing was tried yet: the parameters themselves.
            if Self.beforeAddress.contains(where: { message.hasPrefix($0) }) { return nil }
            return
        }
        if Self.brokenLine.contains(where: { last.contains($0) }) { return nil }
        if phase == .encryption { return }
        guard Self.unfit.contains(where: { last.contains($0) }) else { return nil }
    }

    /// For an error of the server, or of a pooler in its place.
    init?(server message: String) {
        let last = Self.lastTried(message) ?? message[...]
        guard let found = Self.explained.first(where: { last.contains($0.text) }) else { return nil }
        hint = found.hint
    }

    /// Of several hosts the last one tried: what failed before it was tried again elsewhere. nil: nothing was tried yet.
    private static func lastTried(_ message: String) -> Substring? {
        message.ranges(of: tried).last.map { message[$0.lowerBound...] }
    }

    static let urlHint = "in a URL, `/` in a user or password is written %2F, `@` %40, `:` %3A, `%` %25"

    /// libpq quotes what it could not read of a URL, which may be a part of the password: a slash or an @ in it ends it too
    /// early. Of one that it could read, the value of a single parameter is no secret (`invalid sslmode value: "x"`).
    static func withoutSecrets(_ message: String) -> String {
        guard !message.contains(tried), let first = message.firstIndex(of: "\"") else { return message }
        if message.hasPrefix("could not translate host name") {
            guard let host = message.firstMatch(of: #/"(.*)"/#)?.1, host.contains("@") else { return message }
            return "could not translate host name \"…@\(host.split(separator: "@").last ?? "")\" to address"
        }
        let isNoSecret = #/^(invalid [a-z_]+ value: |invalid (connection option|port number:) |definition of service )/#
        if message.firstMatch(of: isNoSecret) != nil { return message }
        // The name of an option at the end is no secret.
        let option = message.firstMatch(of: #/ for connection option "[a-z_]+"$/#)?.0 ?? ""
        guard let last = message.dropLast(option.count).lastIndex(of: "\""), first < last else { return message }
        return message[...first] + "…" + message[last...]
    }

    /// libpq begins so once it has an address to try (fe-connect.c, emitHostIdentityInfo).
    private static let tried = "connection to server "

    /// Trouble of the resolver and of memory comes before an address is tried, and passes.
    private static let beforeAddress = ["could not translate host name", "out of memory"]

    /// The line broke, whatever was under way on it (fe-secure-openssl.c, fe-misc.c, fe-secure.c).
    private static let brokenLine = [
        "SSL SYSCALL error", "SSL error: unexpected eof", "server closed the connection unexpectedly",
        "could not receive data from server", "could not send data to server", "Connection refused",
    ]

    /// The server does not want us, or we do not want it, after the line was there: a certificate of ours that the server
    /// refuses (TLS 1.3 says so only then), and what settings ask for in vain (fe-auth.c, fe-connect.c).
    private static let unfit = [
        "SSL error:", "channel binding required", "GSSAPI encryption required", "requirepeer specifies",
        "authentication method", "authentication requires libpq",
    ]

    /// pg_hba.conf's clientcert (auth.c), and PgBouncer, which has one SQLSTATE, 08P01, for all it has to say (client.c,
    /// server.c).
    private static let explained = [
        (
            text: "connection requires a valid client certificate",
            hint: "set sslcert and sslkey: PGSSLCERT and PGSSLKEY, or in DATABASE_URL"
        ),
        (
            text: "not allowed in statement pooling mode",
            hint: "userload needs transactions: set pool_mode = transaction (or session) in PgBouncer"
        ),
        (
            text: "unsupported startup parameter",
            hint: "leave it out, or name it in ignore_startup_parameters in PgBouncer's settings"
        ),
    ]
}
