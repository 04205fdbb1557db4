// The encoding of a text by its name, as `--encoding` takes it. Any that iconv(3) knows, if ASCII is ASCII in it, and
// UTF-16.

import Glibc

package struct TextEncoding: Hashable, Sendable, CustomStringConvertible {
    /// In upper case; one spelling for the Unicode encodings that are read.
    package let name: String

    package static let utf8 = TextEncoding("UTF-8")
    static let utf16LE = TextEncoding("UTF-16LE")
    static let utf16BE = TextEncoding("UTF-16BE")
    /// Which of the two, the byte order mark says.
    static let utf16 = TextEncoding("UTF-16")

    private init(_ name: String) { self.name = name }

    /// - Parameter name: 1 to 64 letters, digits and `-_.:`.
    /// - Throws: what is wrong with the name; the message does without it.
    package init(named name: String) throws(FileError) {
        // iconv takes "" for the locale's encoding, and // for its own options.
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isAllowed) else {
            throw FileError(
                .unsupported, "is not the name of an encoding: letters, digits and - _ . : are allowed in it")
        }
        let upper = name.uppercased()
        let letters = String(upper.filter { $0 != "-" && $0 != "_" })
        switch letters {
        case "UTF8": self = .utf8
        case "UTF16": self = .utf16
        case "UTF16LE": self = .utf16LE
        case "UTF16BE": self = .utf16BE
        default:
            guard let converter = Iconv(from: upper) else {
                throw FileError(.unsupported, "is not a known encoding; `iconv -l` lists those that are")
            }
            guard !letters.hasPrefix("UTF7"), converter.convert(Self.ascii[...]) == Self.ascii else {
                throw FileError(.unsupported, "is not supported", .transcode(from: upper))
            }
            self.init(upper)
        }
    }

    package var description: String { name }

    package var isUTF16: Bool { name.hasPrefix("UTF-16") }

    /// What has a meaning in CSV or JSON must be the same byte in every encoding that is read: in EBCDIC, UTF-32 and
    /// UTF-7 it is not.
    private static let ascii = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 \t\r\n,;|\"'{}[]:+-_.@()/&".utf8)

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-_.:".utf8.contains(byte)
        }
    }
}
