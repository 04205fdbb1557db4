// The byte order mark at the start of a text, and what encoding follows from it and from the name given.

enum ByteOrderMark: String, CaseIterable {
    // UTF-32's begins like UTF-16's, so that it comes first.
    case utf32LE = "UTF-32LE"
    case utf32BE = "UTF-32BE"
    case utf8 = "UTF-8"
    case utf16LE = "UTF-16LE"
    case utf16BE = "UTF-16BE"

    var bytes: [UInt8] {
        switch self {
        case .utf32LE: [0xFF, 0xFE, 0, 0]
        case .utf32BE: [0, 0, 0xFE, 0xFF]
        case .utf8: [0xEF, 0xBB, 0xBF]
        case .utf16LE: [0xFF, 0xFE]
        case .utf16BE: [0xFE, 0xFF]
        }
    }

    /// nil: the text begins without one.
    init?(_ start: ArraySlice<UInt8>) {
        guard let found = Self.allCases.first(where: { start.starts(with: $0.bytes) }) else { return nil }
        self = found
    }

    /// Whether more bytes could make a mark, or another one, of `start`.
    static func isUndecided(_ start: ArraySlice<UInt8>) -> Bool {
        allCases.contains { start.count < $0.bytes.count && $0.bytes.starts(with: start) }
    }

    /// The encoding of a text that begins with `mark`.
    /// - Parameter named: by `--encoding`; nil: nothing was said.
    static func encoding(mark: ByteOrderMark?, named: TextEncoding?) throws(FileError) -> TextEncoding {
        guard let mark else {
            guard named != .utf16 else {
                throw FileError(
                    .unsupported,
                    "has no byte order mark, so that --encoding must say UTF-16LE or UTF-16BE (Windows writes UTF-16LE)"
                )
            }
            return named ?? .utf8
        }
        let marked: TextEncoding
        switch mark {
        case .utf32LE, .utf32BE:
            throw FileError(.unsupported, "is UTF-32, which userload does not read", .transcode(from: "UTF-32"))
        case .utf8: marked = .utf8
        case .utf16LE: marked = .utf16LE
        case .utf16BE: marked = .utf16BE
        }
        guard let named, named != marked, !(named == .utf16 && marked.isUTF16) else { return marked }
        throw FileError(
            .unsupported, "begins with the byte order mark of \(marked), which contradicts --encoding \(named)",
            .encoding(nil))
    }
}
