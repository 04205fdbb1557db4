// File names as text and back, byte for byte.

import CommandLineOptions
import FileNames
import Glibc
import Log
import Testing

@Suite struct FileNamesTests {
    @Test(
        arguments: [
            ([], ""), (Array("a b.csv".utf8), "a b.csv"), (Array("山é".utf8), "山é"),
            ([0x63, 0x61, 0x66, 0xE9], "caf\u{EFE9}"), ([0xC3], "\u{EFC3}"), ([0xC3, 0xA9], "é"),
            ([0xED, 0xA0, 0x80], "\u{EFED}\u{EFA0}\u{EF80}"),
            // The UTF-8 of an escape is no escape.
            ([0xEE, 0xBF, 0xA9], "\u{EFEE}\u{EFBF}\u{EFA9}"), ([0xEE, 0xBD, 0xBF], "\u{EF7F}"),
        ] as [([UInt8], String)])
    func spelled(bytes: [UInt8], text: String) {
        #expect(String(fileSystemBytes: bytes).unicodeScalars.elementsEqual(text.unicodeScalars))
        #expect(text.fileSystemBytes == bytes)
    }

    /// Every sequence of three bytes from both sides of each border in UTF-8's table (Unicode 3.9, table 3-7).
    @Test func nothingIsLost() {
        let borders: [UInt8] = [
            0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBD, 0xBE, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEE, 0xEF, 0xF0,
            0xF4, 0xF5, 0xFF,
        ]
        for first in borders {
            for second in borders {
                for third in borders {
                    let bytes = [first, second, third, 0x80]
                    let found = String(fileSystemBytes: bytes).fileSystemBytes
                    if found != bytes { Issue.record("\(bytes) became \(found)") }
                }
            }
        }
    }

    @Test func opens() throws {
        let name = String(fileSystemBytes: Array("/tmp/userload-caf".utf8) + [0xE9] + Array("-\(getpid())".utf8))
        let descriptor = withFileName(name) { open($0, O_CREAT | O_EXCL | O_WRONLY, 0o600) }
        #expect(descriptor >= 0)
        close(descriptor)
        #expect("/tmp/userload-caf\u{EFE9}-\(getpid())".withCString { access($0, F_OK) } != 0)
        #expect(withFileName(name, unlink) == 0)
    }

    @Test func areShownAsBytes() {
        #expect(escaped("caf\u{EFE9}.csv") == "caf\\xE9.csv")
        #expect(shellQuoted("caf\u{EFE9}.csv") == "$'caf\\xE9.csv'")
    }
}
