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
    package let remedy: FileRemedy?

    package init(_ kind: Kind, _ message: String, _ remedy: FileRemedy? = nil) {
        self.kind = kind
        self.message = message
        self.remedy = remedy
    }

    package var description: String { message }

    /// What the operating system said; `code` is an `errno`.
    static func system(_ code: Int32) -> FileError {
        FileError(.unreadable, "reading it failed: \(systemMessage(code))")
    }
}

/// The way to load a file that is refused as it is.
package enum FileRemedy: Equatable, Sendable {
    /// Programs that turn it into text: the first reads the file, each other one the output of the one before.
    case unpack([Unpacker])
    /// iconv(1), from this encoding to UTF-8; behind what unpacks the file.
    case transcode(from: String)
    /// `--encoding` with this name; nil: without `--encoding`.
    case encoding(TextEncoding?)
}

/// A program that writes what it makes of a file to its standard output, as a list of words.
package struct Unpacker: Equatable, Sendable {
    /// Lacks the file's path, which is to follow.
    package let file: [String]
    /// Reads its standard input.
    package let stream: [String]

    package init(_ file: [String], stream: [String]? = nil) {
        self.file = file
        self.stream = stream ?? file
    }

    package static func transcode(from name: String) -> Unpacker { Unpacker(["iconv", "-f", name, "-t", "UTF-8"]) }
}
