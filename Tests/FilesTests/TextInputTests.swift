// The same text in every container and encoding gives the same bytes, however it is cut into pieces.

import Files
import Foundation
import TestSupport
import Testing

@Suite struct TextInputTests {
    static let text = "name;age\r\nZoë Müller;31\nRené œ €;40\r😀 Ann;7\n"
    // Without the emoji, which windows-1252 lacks; its bytes by hand.
    static let western = "name;age\nZoë;31\n€;40\n"
    static let westernBytes: [UInt8] =
        Array("name;age\nZo") + [0xEB] + Array(";31\n") + [0x80] + Array(";40\n")

    /// Encoded bytes, the name given for them, the encoding found, the text, and where it starts.
    static let encodings: [(bytes: [UInt8], named: String?, found: String, text: String, start: UInt64)] = [
        (Array(text), nil, "UTF-8", text, 0),
        ([0xEF, 0xBB, 0xBF] + Array(text), nil, "UTF-8", text, 3),
        ([0xEF, 0xBB, 0xBF] + Array(text), "utf-8", "UTF-8", text, 3),
        ([0xFF, 0xFE] + text.utf16LE, nil, "UTF-16LE", text, 0),
        ([0xFE, 0xFF] + text.utf16BE, nil, "UTF-16BE", text, 0),
        ([0xFF, 0xFE] + text.utf16LE, "UTF-16", "UTF-16LE", text, 0),
        ([0xFF, 0xFE] + text.utf16LE, "utf16le", "UTF-16LE", text, 0),
        (text.utf16LE, "UTF-16LE", "UTF-16LE", text, 0),
        (text.utf16BE, "UTF-16BE", "UTF-16BE", text, 0),
        (westernBytes, "windows-1252", "WINDOWS-1252", western, 0),
        // GB18030 has a byte order mark of its own.
        ([0x84, 0x31, 0x95, 0x33] + Array("name\n"), "GB18030", "GB18030", "name\n", 0),
        ([0x96, 0xBC, 0x91, 0x4F, 0x0A], "CP932", "CP932", "名前\n", 0),
        // The last letter is held back until it is known that no accent follows.
        ([0x61, 0xCC, 0x61], "windows-1258", "WINDOWS-1258", "\u{E0}a", 0),
        (
            Array("a") + [0x1B, 0x24, 0x42, 0x3E, 0x3E, 0x1B, 0x28, 0x42] + Array("b"), "ISO-2022-JP", "ISO-2022-JP",
            "a松b", 0
        ),
    ]

    @Test(arguments: [nil] + Container.allCases.map(Optional.some), encodings.indices)
    func everyContainerWithEveryEncoding(container: Container?, index: Int) throws {
        let encoding = Self.encodings[index]
        let packed =
            switch container {
            case nil: encoding.bytes
            case .gzip: try gzip(encoding.bytes)
            case .zstd: try zstd(encoding.bytes)
            }
        let wanted = ReadText(
            text: Array(encoding.text), container: container, encoding: try TextEncoding(named: encoding.found),
            uncompressed: encoding.bytes, textStart: encoding.start)
        for size in [1, 2, 3, 7, 4096] {
            #expect(try readAll(packed, named: encoding.named, size: size) == wanted, "pieces of \(size)")
        }
        let mode = TextInput.Mode.text(named: try encoding.named.map { try TextEncoding(named: $0) })
        for size in [1, 2, 3, 7] {
            let pieces = stride(from: 0, to: packed.count, by: size).map {
                Array(packed[$0..<min($0 + size, packed.count)])
            }
            #expect(try readAll(TextInput(try pipe(pieces), mode)) == wanted, "a pipe, \(size) bytes at a time")
        }
    }

    /// Characters of several bytes lie across every edge of the buffers inside.
    @Test(arguments: [nil, "gzip -c", "zstd -q -c"]) func aLongTextInUTF16(command: String?) throws {
        for shift in 0..<4 {
            let text = String(repeating: "x", count: shift) + String(repeating: "aé€😀\r\n", count: 60_000)
            let bytes = [0xFF, 0xFE] + text.utf16LE
            let packed = try command.map { try filter($0, bytes) } ?? bytes
            let found = try readAll(packed, size: 4099)
            #expect(found.text == Array(text))
            #expect(found.uncompressed == bytes)
        }
    }

    @Test func theWindowIsNotConsumed() throws {
        let text = Array(String(repeating: "0123456789abcde\n", count: 10_000))
        for packed in [text, try gzip(text), try zstd(text)] {
            let input = TextInput(try descriptor(packed))
            #expect(try input.window().elementsEqual(text.prefix(TextInput.windowSize)))
            #expect(try !input.widenWindow(), "a regular file's is as large as it can be")
            #expect(try readAll(input).text == text)
        }
    }

    @Test func theWindowOfAStreamGrowsOnDemand() throws {
        let input = TextInput(try pipe([Array("name,a"), Array("ge\nAnn,3"), Array("0\n")], pause: 30_000))
        var looks = 1
        #expect(try !input.window().isEmpty)
        while try !input.window().contains(0x0A), try input.widenWindow() { looks += 1 }
        #expect(try looks > 1 && input.window().starts(with: Array("name,age\n")))
        #expect(try readAll(input).text == Array("name,age\nAnn,30\n"))
    }

    @Test func anEmptyTextIsEmptyInEveryForm() throws {
        for bytes in [[], try gzip([]), try zstd([]), [0xEF, 0xBB, 0xBF], [0xFF, 0xFE], try gzip([0xFE, 0xFF])] {
            let input = TextInput(try descriptor(bytes))
            #expect(try input.window().isEmpty)
            #expect(try readAll(input).text == [])
        }
    }

    @Test func rewoundItIsReadAgain() throws {
        let text = Array(String(repeating: "Zoë,31\n", count: 100_000))
        for bytes in [
            text, try gzip(text), try zstd(text),
            try gzip([0xFE, 0xFF] + String(decoding: text, as: UTF8.self).utf16BE),
        ] {
            let input = TextInput(try descriptor(bytes))
            var buffer = [UInt8](repeating: 0, count: 300_000)
            for _ in 0..<2 { _ = try buffer.withUnsafeMutableBytes { try input.read($0) } }
            input.rewind()
            #expect(input.position == 0)
            let first = try readAll(input)
            input.rewind()
            #expect(try first.text == text && readAll(input) == first)
        }
    }

    @Test func positionsAreOfTheFileAsItLiesAndOfItsBytes() throws {
        let bytes = [0xFF, 0xFE] + String(repeating: "name\n", count: 300_000).utf16LE
        let packed = try gzip(bytes)
        let input = TextInput(try descriptor(packed))
        #expect(input.size == UInt64(packed.count))
        var buffer = [UInt8](repeating: 0, count: 100_000)
        var last: UInt64 = 0
        while try buffer.withUnsafeMutableBytes({ try input.read($0) }) > 0 {
            #expect(input.positionInFile >= last && input.positionInFile <= UInt64(packed.count))
            last = input.positionInFile
        }
        #expect(last > UInt64(packed.count) / 2)
        #expect(input.position == UInt64(bytes.count))
    }

    /// Nothing to read: `waiting` is called, whatever stands between, and what it throws comes out.
    @Test(
        arguments: [[], [0x1F], [0x1F, 0x8B], [0x28, 0xB5, 0x2F, 0xFD], Array("name"), [0xFF], [0xFF, 0xFE, 0x61]]
            as [[UInt8]])
    func aStreamThatStopsIsWaitedFor(bytes: [UInt8]) throws {
        struct Enough: Error {}
        var ends: [Int32] = [0, 0]
        #expect(Foundation.pipe(&ends) == 0)
        defer { close(ends[1]) }
        try FileHandle(fileDescriptor: ends[1]).write(contentsOf: Data(bytes))
        let input = TextInput(InputDescriptor(ends[0], isOwned: true, isRegular: false))
        var calls = 0
        input.waiting = {
            calls += 1
            if calls == 3 { throw Enough() }
        }
        var buffer = [UInt8](repeating: 0, count: 100)
        #expect(throws: Enough.self) {
            while try buffer.withUnsafeMutableBytes({ try input.read($0) }) > 0 {}
        }
        #expect(input.close(), "the thread ended")
    }

    /// The kernel's log is a regular file, by its mode, that has nothing for a while.
    @Test(.enabled(if: access("/proc/kmsg", R_OK) == 0, "only root reads the kernel's log"))
    func aRegularFileThatHasNothingYetIsWaitedFor() throws {
        struct Enough: Error {}
        let number = open("/proc/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        let input = TextInput(InputDescriptor(number, isOwned: true, isRegular: true))
        input.waiting = { throw Enough() }
        var buffer = [UInt8](repeating: 0, count: 8_192)
        #expect(throws: Enough.self) {
            while try buffer.withUnsafeMutableBytes({ try input.read($0) }) > 0 {}
        }
        #expect(input.close(), "the thread ended")
    }

    /// A pipe's records come out as they come in.
    @Test(arguments: ["gzip -c", "zstd -q -c"]) func aStreamIsNotHeldBack(command: String) throws {
        let first = try filter(command, Array("name,age\n"))
        var ends: [Int32] = [0, 0]
        #expect(Foundation.pipe(&ends) == 0)
        let writer = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
        let input = TextInput(InputDescriptor(ends[0], isOwned: true, isRegular: false))
        limitWaiting(input)
        try writer.write(contentsOf: Data(first))
        var buffer = [UInt8](repeating: 0, count: 100)
        #expect(try buffer.withUnsafeMutableBytes { try input.read($0) } == 9)
        try writer.write(contentsOf: Data(try filter(command, Array("Ann,30\n"))))
        #expect(try buffer.withUnsafeMutableBytes { try input.read($0) } == 7)
        try writer.close()
        #expect(try buffer.withUnsafeMutableBytes { try input.read($0) } == 0)
    }

    @Test func theThreadEndsWithItsReader() throws {
        let packed = try gzip([UInt8](repeating: 0x61, count: 20_000_000))
        // It waits for a free buffer, or has not begun, or has ended.
        for pieces in [1, 0, 1000] {
            let input = TextInput(try descriptor(packed))
            var buffer = [UInt8](repeating: 0, count: 65_536)
            for _ in 0..<pieces { _ = try buffer.withUnsafeMutableBytes { try input.read($0) } }
            #expect(input.close())
            #expect(input.close(), "a second time")
        }
    }
}
