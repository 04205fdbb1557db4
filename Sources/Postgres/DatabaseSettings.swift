// Where the database is and who asks: keywords and values for PQconnectdbParams, ours last.

internal import CPostgres

/// The parameters of a connection. What is not given comes from libpq's own places: PG* variables, passfile, service
/// file. Later entries outweigh earlier ones; a `dbname` may be a name, a URL or a conninfo string.
package struct DatabaseSettings: Sendable {
    package typealias Entry = (keyword: String, value: String)

    /// May hold a password: never print it.
    package var parameters: [Entry]

    /// What pg_stat_activity shows, and by which our sessions know each other.
    package var applicationName = "userload"

    package init(parameters: [Entry] = []) { self.parameters = parameters }

    /// The parts of a URL or conninfo string (PQconninfoParse), only those that were written down.
    /// - Throws: `.protocolViolation` with libpq's sentence if it is none.
    package static func parts(of conninfo: String) throws(PostgresError) -> [Entry] {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(conninfo, &message) else {
            defer { PQfreemem(message) }
            throw PostgresError(kind: .protocolViolation, message: trimmed(message))
        }
        defer { PQconninfoFree(options) }
        var entries: [Entry] = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { entries.append((String(cString: keyword), String(cString: value))) }
            option += 1
        }
        return entries
    }

    /// A host that died says nothing: a minute without a sign of it, and the connection counts as lost (tcp(7)). A
    /// server that is only slow still answers keepalives.
    private static let keepalive: [Entry] = [
        ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
        ("tcp_user_timeout", "60000"),
    ]

    /// For PQconnectStartParams. UTF-8 whatever PGCLIENTENCODING says: our bytes are UTF-8.
    var all: [Entry] {
        Self.keepalive + parameters + [("application_name", applicationName), ("client_encoding", "UTF8")]
    }
}
