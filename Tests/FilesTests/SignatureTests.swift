// What is not text is named by its first bytes, with the command that makes text of it.

import Files
import Foundation
import TestSupport
import Testing

@Suite struct SignatureTests {
    private static func zip(_ name: String) -> [UInt8] {
        [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 8, 0] + [UInt8](repeating: 0, count: 16) + [UInt8(name.utf8.count), 0, 0, 0]
            + Array(name)
    }

    private static let tar: [UInt8] =
        Array("people.csv") + [UInt8](repeating: 0, count: 247) + Array("ustar\u{0}00")
        + [UInt8](repeating: 0, count: 1000)

    /// Bytes, what is said, and the commands for a file `p` as it lies, for a stream of it, and for it in gzip.
    static let table: [(bytes: [UInt8], message: String, file: String, stream: String, inGzip: String)] = [
        (
            zip("people.csv"), "a zip archive", "unzip -p p | userload load -", "… | funzip | userload load -",
            "gzip -dc p | funzip | userload load -"
        ),
        (
            zip("word/document.xml"), "a zip archive", "unzip -p p | userload load -",
            "… | funzip | userload load -", "gzip -dc p | funzip | userload load -"
        ),
        (
            [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0x00], "compressed with xz", "xz -dc p | userload load -",
            "… | xz -dc | userload load -", "gzip -dc p | xz -dc | userload load -"
        ),
        (
            Array("BZh9") + [0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0], "compressed with bzip2",
            "bzip2 -dc p | userload load -", "… | bzip2 -dc | userload load -",
            "gzip -dc p | bzip2 -dc | userload load -"
        ),
        (
            tar, "a tar archive", "tar -xO NAME -f p | userload load -",
            "… | tar -xO NAME -f - | userload load -", "tar -xO NAME -f p | userload load -"
        ),
        (zip("xl/workbook.xml"), "an Excel workbook (xlsx)", "", "", ""),
        (zip("[Content_Types].xml"), "an Excel workbook (xlsx)", "", "", ""),
        (zip("mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), "a spreadsheet (ods)", "", "", ""),
        (
            [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 0],
            "an old Office document, probably an Excel workbook (xls)", "", "", ""
        ),
        (Array("PAR1\u{15}"), "a Parquet file", "", "", ""),
        (
            Array("Obj\u{1}\u{4}"), "an Avro file", "avro-tools tojson p | userload load -",
            "… | avro-tools tojson - | userload load -", "gzip -dc p | avro-tools tojson - | userload load -"
        ),
        (Array("%PDF-1.7\n"), "a PDF document", "", "", ""),
    ]

    static let advice = [
        "an Excel workbook (xlsx)": ": save it as \"CSV UTF-8 (Comma delimited)\"",
        "a spreadsheet (ods)": ": save it as \"Text CSV\" with the character set UTF-8",
        "an old Office document, probably an Excel workbook (xls)": ": save it as \"CSV UTF-8 (Comma delimited)\"",
        "a Parquet file": ": convert it to CSV or JSON lines, with DuckDB for instance",
        "a PDF document": ": ask for its table as CSV",
        "a tar archive": ": replace NAME by the file that you want from it",
    ]

    @Test(arguments: table.indices) func isRefused(index: Int) throws {
        let row = Self.table[index]
        let advice = Self.advice[row.message] ?? ""
        let plain = try #require(failure(row.bytes))
        #expect(plain.kind == .unsupported)
        #expect(plain.message == "is \(row.message)\(advice)")
        #expect(commands(plain, "p") == row.file)
        #expect(commands(plain, nil) == row.stream)
        let packed = try #require(failure(try gzip(row.bytes)))
        #expect(packed.message == "is \(row.message) inside gzip\(advice)")
        #expect(commands(packed, "p") == row.inGzip)
        // A tar begins with a name, so that its first bytes alone are a text's.
        let pieces = row.message == "a tar archive" ? [row.bytes] : row.bytes.map { [$0] }
        let stream = #expect(throws: FileError.self) { try readAll(TextInput(try pipe(pieces))) }
        #expect(stream == plain)
    }

    @Test func aContainerInAContainer() throws {
        let text = Array("name,age\n")
        let twice = try #require(failure(try zstd(try gzip(text))))
        #expect(twice.message == "is compressed twice (gzip inside zstd)")
        #expect(commands(twice, "-p") == "zstd -dc -p | userload load -")
        #expect(failure(try gzip(try gzip(text)))?.message == "is compressed twice (gzip inside gzip)")
    }

    @Test func aTextThatBeginsAlmostLikeSomethingElse() throws {
        for text in ["P", "PK", "PK,age\n", "BZh9,x\n", "PAR", "%PDF", "Obj", "(", "", "\u{1F}", "Rar"] {
            #expect(try readAll(Array(text)).text == Array(text))
            #expect(try readAll(TextInput(try pipe([Array(text)]))).text == Array(text))
        }
    }

    private func commands(_ error: FileError, _ path: String?) -> String {
        guard case .unpack(let unpackers)? = error.remedy else { return "" }
        let commands = unpackers.enumerated().map { index, unpacker in
            index == 0 ? path.map { unpacker.file + [$0] } ?? ["… |"] + unpacker.stream : unpacker.stream
        }
        return (commands + [["userload", "load", "-"]]).map { $0.joined(separator: " ") }.joined(separator: " | ")
    }
}
