// SQLSTATE codes as Postgres sends them: five characters, of which the first two are the class.

/// A SQLSTATE. Any code survives, also one this file does not name
/// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
package struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    private init(_ code: String) { rawValue = code }

    /// The first two characters: the kind of error it is.
    package var classCode: Substring { rawValue.prefix(2) }

    package var description: String { rawValue }

    package static let characterNotInRepertoire = SQLState("22021")
    package static let protocolViolation = SQLState("08P01")
    package static let invalidParameterValue = SQLState("22023")
    package static let badCopyFileFormat = SQLState("22P04")
    package static let untranslatableCharacter = SQLState("22P05")
    package static let uniqueViolation = SQLState("23505")
    package static let invalidPassword = SQLState("28P01")
    package static let unknownDatabase = SQLState("3D000")
    package static let readOnlyTransaction = SQLState("25006")
    package static let deadlockDetected = SQLState("40P01")
    package static let insufficientPrivilege = SQLState("42501")
    package static let undefinedTable = SQLState("42P01")
    package static let programLimitExceeded = SQLState("54000")
    package static let statementTooComplex = SQLState("54001")
    package static let cannotChangeParameter = SQLState("55P02")
    package static let undefinedFile = SQLState("58P01")
    package static let adminShutdown = SQLState("57P01")
    package static let tooManyConnections = SQLState("53300")
    package static let raiseException = SQLState("P0001")
}
