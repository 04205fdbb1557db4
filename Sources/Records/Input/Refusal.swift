// An input that is not taken, and, where there is a way, the command that takes it.

/// What to type, as structure: the command line makes one line of it that can be pasted.
package enum Remedy: Equatable, Sendable {
    /// The same command with these options in place of those that bear on the input.
    case options([String])
    /// This program over the file, its output into the command with these options.
    /// - from: the encoding that the file must be read in first; nil: that which it was read in.
    case program([String], from: String?, options: [String])
}

/// Refused before anything is sent.
package struct Refusal: Error, Equatable, Sendable {
    package enum Kind: Sendable {
        /// The input.
        case input
        /// The flags: exit code 2.
        case usage
    }

    package let kind: Kind
    /// One sentence without its full stop and without the file's name. It may quote the file: escape it.
    package let notice: Notice
    package let remedy: Remedy?

    package init(_ kind: Kind, _ notice: Notice, remedy: Remedy? = nil) {
        self.kind = kind
        self.notice = notice
        self.remedy = remedy
    }
}

/// What one attempt at a conclusion stumbles over.
struct Fault: Error {
    var kind = Refusal.Kind.input
    let message: String
    /// The flags that get over it, if the bytes tell; whether they get all the way is then tried.
    var amended: InputFlags?
    /// Programs that get over it, tried in their order and before the flags.
    var programs: [OtherProgram] = []
    /// It says already in which encoding the input would read well.
    var namesEncoding = false

    init(_ message: String, amended: InputFlags? = nil) {
        self.message = message
        self.amended = amended
    }

    static func usage(_ message: String) -> Fault {
        var fault = Fault(message)
        fault.kind = .usage
        return fault
    }

    /// With more words.
    func adding(_ words: String, amended: InputFlags? = nil) -> Fault {
        var fault = Fault("\(message); \(words)", amended: amended)
        fault.kind = kind
        fault.namesEncoding = namesEncoding
        return fault
    }
}

/// A program that makes something of the input that is taken.
struct OtherProgram: Sendable {
    let words: [String]
    /// What it makes of the bytes that are there; with `isWhole` of all.
    let output: [UInt8]
    var isWhole = false
}
