// Why a run ended short of its aim, in the words a person reads.

/// An end that another try of the same thing would not change, with the sentence to print.
package struct WorkFailure: Error, Sendable, Equatable {
    /// Which side is to blame; the command maps it to an exit code.
    package enum Kind: Sendable { case kafka, postgres, configuration, incomplete }

    package let kind: Kind
    /// One sentence: what happened, where, and what to do next. Not yet escaped for a terminal.
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
