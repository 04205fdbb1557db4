// What went wrong between us and the server: the one error type of this target, and how libpq's results become it.

internal import CPostgres

/// An error of libpq or of the server. No password is ever in it: libpq puts none into its messages.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// No connection, or it was lost. Whether the running transaction was committed is unknown.
        case connection
        /// No connection, or none that could be used, until a person changes something: parameters, certificates, a pooler's
        /// mode. Another try would end the same way.
        case refused
        /// The server answered with an error; see `sqlstate`.
        case server
        /// The caller's `interrupt` said so. The connection cannot be used any more.
        case interrupted
        /// The server answered something that does not belong here: a fault of ours or of a proxy.
        case protocolViolation
    }

    package let kind: Kind
    /// Always there for `.server`; for `.connection` and `.refused` only if the server gave a reason (wrong password: 28P01).
    package let sqlstate: SQLState?
    /// The primary message: one line from the server, often several from libpq.
    package let message: String
    package let hint: String?
    package let constraint: String?
    /// Of the constraint.
    package let schema: String?

    package init(
        kind: Kind, sqlstate: SQLState? = nil, message: String, hint: String? = nil, constraint: String? = nil,
        schema: String? = nil
    ) {
        self.kind = kind
        self.sqlstate = sqlstate
        self.message = message
        self.hint = hint
        self.constraint = constraint
        self.schema = schema
    }

    /// The sentence for people: message, code and hint. The server's detail is not in it, for it may quote a row.
    package var description: String {
        var text = message
        if let sqlstate { text += " (SQLSTATE \(sqlstate))" }
        if let hint { text += "; hint: \(hint)" }
        return text
    }

    /// What happened: the first line of the message.
    package var firstLine: String { lines.first ?? "no reason given" }

    /// What to do about it: the server's hint, or libpq's further lines, which say where to look. nil: neither is there.
    package var advice: String? { hint ?? (lines.count > 1 ? lines.dropFirst().joined(separator: " ") : nil) }

    private var lines: [String] {
        message.split(separator: "\n").map { line in
            var line = line.drop(while: \.isWhitespace)
            while line.last?.isWhitespace == true { line.removeLast() }
            return String(line)
        }
    }

    /// Matches an error by its code: `catch SQLState.uniqueViolation`.
    package static func ~= (code: SQLState, error: PostgresError) -> Bool { error.sqlstate == code }
}

package func ~= (code: SQLState, error: any Error) -> Bool { (error as? PostgresError)?.sqlstate == code }

extension PostgresError {
    /// From a result of status PGRES_FATAL_ERROR. One without SQLSTATE was made by libpq itself: the connection is gone.
    init(result: OpaquePointer) {
        func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
        let sqlstate = field(DiagnosticField.sqlstate)
        let refusal = field(DiagnosticField.message).flatMap { ConnectionRefusal(server: $0) }
        self.init(
            kind: refusal != nil ? .refused : sqlstate == nil ? .connection : .server,
            sqlstate: sqlstate.map(SQLState.init(rawValue:)),
            message: field(DiagnosticField.message) ?? trimmed(PQresultErrorMessage(result)),
            hint: field(DiagnosticField.hint) ?? refusal?.hint, constraint: field(DiagnosticField.constraint),
            schema: field(DiagnosticField.schema))
    }

    /// From a connection that libpq declared dead.
    init(connection: OpaquePointer) {
        self.init(kind: .connection, message: trimmed(PQerrorMessage(connection)))
    }

    /// From a connection that was never made. libpq keeps the server's SQLSTATE to itself here, but prints it when the
    /// verbosity is PQERRORS_VERBOSE: `FATAL:  28P01: password authentication failed …`, then a LOCATION line.
    init(attempt connection: OpaquePointer, in phase: ConnectionRefusal.Phase) {
        let text = trimmed(PQerrorMessage(connection))
        var sqlstate = PQconnectionNeedsPassword(connection) == 1 ? SQLState.invalidPassword : nil
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }.map { line -> Substring in
            guard let found = line.firstMatch(of: #/: {2}([0-9A-Z]{5}): /#) else { return line }
            sqlstate = SQLState(rawValue: String(found.1))
            return line[..<found.range.lowerBound] + ": " + line[found.range.upperBound...]
        }
        let told = lines.joined(separator: "\n")
        let message = ConnectionRefusal.withoutSecrets(told)
        // A value of ours that the server does not take, or not for a session, or a library it does not have, is one of
        // `options`.
        let isParameter =
            sqlstate?.classCode == "22" || sqlstate == .cannotChangeParameter || sqlstate == .undefinedFile
        let refusal =
            sqlstate == nil ? ConnectionRefusal(message, in: phase) : ConnectionRefusal(server: message)
        self.init(
            kind: refusal != nil || isParameter ? .refused : .connection, sqlstate: sqlstate, message: message,
            hint: message == told ? refusal?.hint : ConnectionRefusal.urlHint)
    }
}

/// libpq's messages end in a newline.
func trimmed(_ message: UnsafePointer<CChar>?) -> String {
    guard let message else { return "no message" }
    var text = String(cString: message)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text.isEmpty ? "no message" : text
}

/// PG_DIAG_*: Swift cannot import macros that are character literals.
private enum DiagnosticField {
    static let sqlstate = code("C")
    static let message = code("M")
    static let hint = code("H")
    static let schema = code("s")
    static let constraint = code("n")

    private static func code(_ letter: Unicode.Scalar) -> Int32 { Int32(letter.value) }
}
