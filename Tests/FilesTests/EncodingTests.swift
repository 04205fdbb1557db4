// Names of encodings, byte order marks, and bytes that are not in their encoding.

import Files
import Foundation
import Testing

@Suite struct EncodingTests {
    @Test(arguments: [
        ("utf8", "UTF-8"), ("UTF-8", "UTF-8"), ("Utf_16", "UTF-16"), ("utf-16le", "UTF-16LE"), ("UTF16BE", "UTF-16BE"),
        ("windows-1252", "WINDOWS-1252"), ("ISO_8859-1:1987", "ISO_8859-1:1987"), ("latin1", "LATIN1"),
        ("shift_jis", "SHIFT_JIS"), ("GB18030", "GB18030"), ("koi8-r", "KOI8-R"), ("TSCII", "TSCII"),
    ])
    func names(name: String, found: String) throws {
        #expect(try TextEncoding(named: name).name == found)
    }

    @Test(arguments: [
        "", "//", "UTF-8//TRANSLIT", "UTF-16//IGNORE", "a b", "utf-8\n", "ü", "../x", "a,b", "\0",
        String(repeating: "a", count: 65),
    ])
    func namesThatAreNone(name: String) {
        #expect(
            throws: FileError(
                .unsupported, "is not the name of an encoding: letters, digits and - _ . : are allowed in it")
        ) { try TextEncoding(named: name) }
    }

    @Test(arguments: ["nonsense", "-", ".", ":", "char", "UTF-9"]) func unknownNames(name: String) {
        #expect(throws: FileError(.unsupported, "is not a known encoding; `iconv -l` lists those that are")) {
            try TextEncoding(named: name)
        }
    }

    /// A comma is another byte in them, or more than one.
    @Test(arguments: [
        "UTF-32", "utf-32le", "UCS-4", "UCS-2", "UTF-7", "utf7", "UTF-7-IMAP", "IBM037", "CP500", "EBCDIC-US",
        "INTERNAL",
        "WCHAR_T", "ISO-10646",
    ])
    func namesThatAreNotRead(name: String) throws {
        let error = #expect(throws: FileError.self) { try TextEncoding(named: name) }
        // Older and newer C libraries do not know the same ones.
        guard error?.message != "is not a known encoding; `iconv -l` lists those that are" else { return }
        #expect(error?.message == "is not supported")
        #expect(error?.remedy == .transcode(from: name.uppercased()))
    }

    @Test func aMarkThatContradictsTheName() throws {
        for (bytes, mark, named) in [
            ([0xEF, 0xBB, 0xBF, 0x61], "UTF-8", "windows-1252"), ([0xFF, 0xFE, 0x61, 0], "UTF-16LE", "windows-1252"),
            ([0xFF, 0xFE, 0x61, 0], "UTF-16LE", "UTF-8"), ([0xFE, 0xFF, 0, 0x61], "UTF-16BE", "UTF-16LE"),
            ([0xEF, 0xBB, 0xBF, 0x61], "UTF-8", "UTF-16"),
        ] as [([UInt8], String, String)] {
            let error = try #require(failure(bytes, named: named))
            #expect(
                error.message
                    == "begins with the byte order mark of \(mark), which contradicts --encoding \(named.uppercased())")
            #expect(error.remedy == .encoding(nil))
        }
    }

    @Test func utf32AndUTF16WithoutItsMark() {
        for bytes in [[0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0], [0, 0, 0xFE, 0xFF, 0, 0, 0, 0x61]] as [[UInt8]] {
            let error = failure(bytes)
            #expect(error?.message == "is UTF-32, which userload does not read")
            #expect(error?.remedy == .transcode(from: "UTF-32"))
        }
        #expect(
            failure("a".utf16LE, named: "UTF-16")?.message
                == "has no byte order mark, so that --encoding must say UTF-16LE or UTF-16BE (Windows writes UTF-16LE)")
    }

    @Test func onlyTheFirstMarkIsLeftOut() throws {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        #expect(try readAll(mark + mark + Array("a")).text == mark + Array("a"))
        #expect(try readAll("\u{FEFF}\u{FEFF}a".utf16LE).text == mark + Array("a"))
        #expect(try readAll("a\u{FEFF}".utf16LE, named: "UTF-16LE").text == Array("a") + mark)
    }

    /// Bytes of the source, the encoding named, and what is said.
    static let wrong: [(bytes: [UInt8], named: String?, message: String)] = [
        (Array("name\r\nAnn\rB") + [0x81], "windows-1252", "line 3, byte 11: 0x81 is not WINDOWS-1252"),
        (
            [0xFF, 0xFE] + "a\nb".utf16LE + [0x00], nil,
            "line 2, byte 8: the file ends in the middle of a character (UTF-16LE)"
        ),
        (
            [0xFE, 0xFF] + "a\n".utf16BE + [0xD8, 0x3D], nil,
            "line 2, byte 6: the file ends in the middle of a character (UTF-16BE)"
        ),
        (
            [0xFF, 0xFE] + "a".utf16LE + [0x3D, 0xD8, 0x61, 0x00], nil,
            "line 1, byte 4: D83D is one half of a surrogate pair without the other"
        ),
        (
            [0xDE, 0x00] + "ab".utf16BE, "UTF-16BE",
            "line 1, byte 0: DE00 is one half of a surrogate pair without the other"
        ),
        ([0x82], "CP932", "line 1, byte 0: the file ends in the middle of a character (CP932)"),
        (Array("a") + [0xE9], "US-ASCII", "line 1, byte 1: 0xE9 is not US-ASCII"),
        // glibc takes this byte, and reads on behind it: a fuzzer's.
        (Array("a\n") + [0x0E], "ISO-2022-CN-EXT", "line 2, byte 2: 0x0E is not ISO-2022-CN-EXT"),
        (Array("a\n") + [0x0E] + Array("b"), "ISO-2022-CN-EXT", "line 2, byte 2: 0x0E is not ISO-2022-CN-EXT"),
        ([0x0E, 0x0E], "ISO-2022-CN-EXT", "line 1, byte 0: 0x0E is not ISO-2022-CN-EXT"),
    ]

    @Test(arguments: wrong.indices) func whatIsNotInTheEncoding(index: Int) throws {
        let row = Self.wrong[index]
        #expect(failure(row.bytes, named: row.named) == FileError(.damaged, row.message))
        #expect(failure(try gzip(row.bytes), named: row.named) == FileError(.damaged, row.message), "in gzip")
        let mode = TextInput.Mode.text(named: try row.named.map { try TextEncoding(named: $0) })
        #expect(throws: FileError(.damaged, row.message), "byte by byte") {
            try readAll(TextInput(try pipe(row.bytes.map { [$0] }), mode))
        }
    }

    /// Beyond the window, lines and bytes are counted over all buffers.
    @Test func whatIsWrongFarIntoTheFile() throws {
        let lines = String(repeating: "0123456789\r\n", count: 100_000)
        let bytes = [0xFF, 0xFE] + lines.utf16LE + [0x00, 0xDC]
        #expect(
            failure(bytes)?.message
                == "line 100001, byte 2400002: DC00 is one half of a surrogate pair without the other")
    }

    @Test func aNULInTheWindow() throws {
        #expect(failure(Array("name\nA\0n"))?.message == "line 2, byte 6: a NUL byte, which text cannot contain")
        #expect(failure([0xEF, 0xBB, 0xBF, 0])?.message == "line 1, byte 3: a NUL byte, which text cannot contain")
        #expect(
            failure("a\0b".utf16LE, named: "UTF-16LE")?.message
                == "line 1, byte 1: a NUL byte, which text cannot contain")
        for (bytes, name) in [("имя,age\nИван,30\n".utf16LE, "UTF-16LE"), ("name,age\n".utf16BE, "UTF-16BE")] {
            let error = try #require(failure(bytes))
            #expect(error.message.hasSuffix("a NUL byte; it looks like UTF-16 without a byte order mark"))
            #expect(error.remedy == .encoding(try TextEncoding(named: name)))
        }
        let later = [UInt8](repeating: 0x61, count: TextInput.windowSize) + [0]
        #expect(try readAll(later).text == later, "it is its line's fault")
        #expect(try readAll(TextInput(try descriptor([0, 1, 2]), .bytes)).text == [0, 1, 2])
    }
}
