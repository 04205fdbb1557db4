// Why a command of the pipeline ended short of its aim: one error type for push, work and the database.

/// A kind, from which the exit code follows, and the words for a person.
package struct PipelineError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// The flags do not fit the input.
        case usage
        /// The input, before anything was sent.
        case refused
        /// The input broke while it was pushed; broken markers were sent if Kafka took them.
        case broken
        /// What was acknowledged is not, or not surely, in the log any more.
        case lost
        /// Kafka does not take or give records; another file would end the same way.
        case kafka
        /// Another push has the file's lock.
        case locked
        case postgres
        /// Only a person can change it: schema, key, rights, settings.
        case configuration
        /// The aim was not reached, and nobody refused anything.
        case incomplete
        case interrupted
    }

    package let kind: Kind
    /// One sentence without its full stop. It may quote files and servers: escape it before a terminal.
    package let message: String
    /// What to do next, if that is not in the message.
    package let hint: String?
    /// What takes an input that was refused.
    package let wayOut: WayOut?

    private init(_ kind: Kind, _ message: String, _ hint: String? = nil, wayOut: WayOut? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.wayOut = wayOut
    }

    package static func usage(_ message: String, hint: String? = nil, wayOut: WayOut? = nil) -> Self {
        Self(.usage, message, hint, wayOut: wayOut)
    }
    package static func refused(_ message: String, hint: String? = nil, wayOut: WayOut? = nil) -> Self {
        Self(.refused, message, hint, wayOut: wayOut)
    }
    package static func broken(_ message: String, hint: String? = nil) -> Self { Self(.broken, message, hint) }
    package static func lost(_ message: String, hint: String? = nil) -> Self { Self(.lost, message, hint) }
    package static func kafka(_ message: String, hint: String? = nil) -> Self { Self(.kafka, message, hint) }
    package static func locked(_ message: String, hint: String? = nil) -> Self { Self(.locked, message, hint) }
    package static func postgres(_ message: String, hint: String? = nil) -> Self { Self(.postgres, message, hint) }
    package static func configuration(_ message: String, hint: String? = nil) -> Self {
        Self(.configuration, message, hint)
    }
    package static func incomplete(_ message: String, hint: String? = nil) -> Self { Self(.incomplete, message, hint) }
    package static let interrupted = Self(.interrupted, "interrupted")

    package var description: String { message }
}
