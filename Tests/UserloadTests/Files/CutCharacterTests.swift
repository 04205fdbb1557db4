// Characters of several bytes that the edge of the window, or of any buffer, cuts: nothing is lost, refused or replaced.

import Foundation
import Records
import TestSupport
import Testing

@testable import Pipeline

@Suite struct CutCharacterTests {
    /// The encoding as iconv has it and as a flag, what goes in front, and characters of two and of four bytes in it.
    static let encodings: [(name: String, flag: String?, mark: String, character: String)] = [
        ("UTF-8", nil, "", "😀"), ("UTF-8", nil, "", "é"), ("UTF-8", nil, "\\357\\273\\277", "漢"),
        ("UTF-16LE", nil, "\\377\\376", "😀"), ("UTF-16BE", nil, "\\376\\377", "😀"),
        ("SHIFT_JIS", "shift_jis", "", "漢"),
    ]

    /// Names of nothing but such characters. Each shift moves them by a byte against the edges, of which there is one every
    /// 64 KiB: of the window, of what is read, decompressed and decoded at once.
    @Test(arguments: encodings.indices, ["cat", "gzip -c", "zstd -q -c"])
    func cut(index: Int, container: String) throws {
        let encoding = Self.encodings[index]
        let directory = try TemporaryDirectory()
        // As long as a name may be; the text is longer than all buffers.
        let name = String(repeating: encoding.character, count: 2_400 / encoding.character.utf8.count)
        let ages = (0..<500).map { $0 % 100 }
        let wanted = ages.enumerated().map { "\($0 + 2) {\"name\":\"\(name)\",\"age\":\($1)}" }
        var flags = InputFlags()
        flags.encoding = encoding.flag
        for shift in 0..<4 {
            let text =
                "name,age" + String(repeating: " ", count: shift) + "\n"
                + ages.map { "\(name),\($0)\n" }.joined()
            let command = "(printf '\(encoding.mark)'; iconv -f UTF-8 -t \(encoding.name)) | \(container)"
            let found = try Taken(try directory.write("f", Array(text.utf8), through: command), flags)
            #expect(found.refused == nil && found.notices.isEmpty, "\(found.refused ?? "") \(found.notices)")
            let different = zip(found.rows, wanted).first { $0 != $1 }
            #expect(found.rows.count == wanted.count && different == nil, "shifted by \(shift)")
        }
    }

    /// The first character that is no ASCII is the one that the window's edge cuts: it is still UTF-8.
    @Test(arguments: 1...3) func theOnlyOne(shift: Int) throws {
        let directory = try TemporaryDirectory()
        let row = String(repeating: "x", count: 1_000)
        let start = "name,age\n" + (0..<65).map { "\(row),\($0)\n" }.joined()
        let padding = String(repeating: "y", count: 65_536 - shift - start.utf8.count)
        let found = try Taken(try directory.write("f", "\(start)\(padding)😀,3\n"))
        #expect(
            found.notices.isEmpty && found.rows.last == "67 {\"name\":\"\(padding)😀\",\"age\":3}", "\(found.notices)")
    }
}
