// Why a file cannot be read as text, and what a person can do about it.

package struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// The operating system's fault: the same file may be readable later.
        case unreadable
        /// The file's content: truncated, damaged, or bytes that are not in its encoding.
        case damaged
        /// Something that is not read at all: a zip archive, a workbook, an encoding.
        case unsupported
    }

    package let kind: Kind
    /// One sentence without the file's name in front and without its full stop. Positions in it count bytes from 0.
    package let message: String
    package let remedy: Remedy?

    package init(_ kind: Kind, _ message: String, _ remedy: Remedy? = nil) {
        self.kind = kind
        self.message = message
        self.remedy = remedy
    }

    package var description: String { message }

    /// What the operating system said; `code` is an `errno`.
    static func system(_ code: Int32) -> FileError {
        FileError(.unreadable, "cannot be read on: \(systemMessage(code))")
    }
}

/// The way to load a file that is refused as it is.
package enum Remedy: Equatable, Sendable {
    /// Programs that turn it into text: the first reads the file, each other one the output of the one before.
    case unpack([Unpacker])
    /// userload itself, with these arguments beside the file's name.
    case options([String])

    /// Commands to join with pipes, each a list of words; to be quoted for a shell.
    /// - Parameter path: nil for a stream, whose source stands as `…`.
    package func commands(path: String?) -> [[String]] {
        // A name that begins with a hyphen would be taken for options.
        let file = path.map { $0.hasPrefix("-") ? "./" + $0 : $0 }
        let source = file == nil ? [["…"]] : []
        switch self {
        case .options(let options):
            return source + [["userload", "load"] + options + [file ?? "-"]]
        case .unpack(let unpackers):
            var commands = source + unpackers.map(\.stream)
            if let file, let first = unpackers.first { commands[0] = first.file + [file] }
            return commands + [["userload", "load", "-"]]
        }
    }
}

/// A program that unpacks something to its standard output, as a list of words.
package struct Unpacker: Equatable, Sendable {
    /// Lacks the file's path, which is to follow.
    package let file: [String]
    /// Reads its standard input.
    package let stream: [String]

    init(_ file: [String], stream: [String]? = nil) {
        self.file = file
        self.stream = stream ?? file
    }
}
