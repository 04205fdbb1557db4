// An input that is not taken, and, where there is a way, the command that takes it.

/// What to type, as structure: the command line makes one line of it that can be pasted.
package enum Remedy: Equatable, Sendable {
    /// The same command with these options in place of those that bear on the input.
    case options([String])
    /// jq with this filter over the file, its output into the command with these options.
    case jq(filter: String, options: [String])
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
    package let message: String
    package let remedy: Remedy?

    package init(_ kind: Kind, _ message: String, remedy: Remedy? = nil) {
        self.kind = kind
        self.message = message
        self.remedy = remedy
    }
}

/// What one attempt at a conclusion stumbles over.
struct Fault: Error {
    var kind = Refusal.Kind.input
    let message: String
    /// The flags that get over it, if the bytes tell; whether they get all the way is then tried.
    var amended: InputFlags?
    /// The way to an array of objects inside one object.
    var wrapped: WrappedArray?

    init(_ message: String, amended: InputFlags? = nil) {
        self.message = message
        self.amended = amended
    }

    static func usage(_ message: String) -> Fault {
        var fault = Fault(message)
        fault.kind = .usage
        return fault
    }
}

/// An array of objects in an object that is not itself a person.
struct WrappedArray: Sendable {
    /// `.data.people[]`
    let filter: String
    /// From the array's bracket to the end of what is there.
    let bytes: [UInt8]
}
