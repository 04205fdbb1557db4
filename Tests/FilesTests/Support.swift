// Files made of bytes, packed by the programs that users have, and read in pieces of any size.

import Files
import Foundation
import TestSupport

/// What `--encoding`, a container and a text's bytes came to.
struct ReadText: Equatable {
    var text: [UInt8] = []
    var container: Container?
    var encoding = TextEncoding.utf8
    /// What `observe` saw.
    var uncompressed: [UInt8] = []
    var textStart: UInt64 = 0
}

/// An open file of these bytes, without a name.
func descriptor(_ bytes: some Sequence<UInt8>) throws -> InputDescriptor {
    var template = Array("/tmp/userload-test-XXXXXX".utf8CString)
    let number = mkstemp(&template)
    guard number >= 0 else { throw TestSupportError("mkstemp: errno \(errno)") }
    unlink(template)
    try FileHandle(fileDescriptor: number).write(contentsOf: Data(bytes))
    return InputDescriptor(number, isOwned: true, isRegular: true)
}

/// The reading end of a pipe, into which a thread writes these pieces, one after the other.
func pipe(_ pieces: [[UInt8]], pause: useconds_t = 0) throws -> InputDescriptor {
    var ends: [Int32] = [0, 0]
    guard Foundation.pipe(&ends) == 0 else { throw TestSupportError("pipe: errno \(errno)") }
    let writer = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
    Thread.detachNewThread {
        for piece in pieces {
            // The reader may have gone.
            signal(SIGPIPE, SIG_IGN)
            try? writer.write(contentsOf: Data(piece))
            if pause > 0 { usleep(pause) }
        }
        try? writer.close()
    }
    return InputDescriptor(ends[0], isOwned: true, isRegular: false)
}

/// A stream that gives nothing for 30 s fails its test, and does not hold up the others.
func limitWaiting(_ input: TextInput) {
    var calls = 0
    input.waiting = {
        calls += 1
        if calls > 300 { throw TestSupportError("nothing came for 30 s") }
    }
}

/// All of the text, in pieces of `size` bytes.
func readAll(_ input: TextInput, size: Int = 65_536) throws -> ReadText {
    var result = ReadText()
    limitWaiting(input)
    var seen: [UInt8] = []
    input.observe = { seen += $0 }
    result.container = try input.container()
    result.encoding = try input.encoding()
    result.textStart = input.textStart
    var buffer = [UInt8](repeating: 0, count: size)
    while true {
        let count = try buffer.withUnsafeMutableBytes { try input.read($0) }
        if count == 0 { break }
        result.text += buffer[..<count]
    }
    result.uncompressed = seen
    return result
}

func readAll(_ bytes: some Sequence<UInt8>, named: String? = nil, size: Int = 65_536) throws -> ReadText {
    try readAll(
        TextInput(try descriptor(bytes), .text(named: try named.map { try TextEncoding(named: $0) })), size: size)
}

/// The error that reading these bytes gives; nil if there is none.
func failure(_ bytes: some Sequence<UInt8>, named: String? = nil) -> FileError? {
    do {
        _ = try readAll(bytes, named: named)
        return nil
    } catch {
        return error as? FileError
    }
}

/// What a shell command makes of these bytes, as a filter.
func filter(_ command: String, _ bytes: some Sequence<UInt8>) throws -> [UInt8] {
    let directory = try TemporaryDirectory()
    let input = try directory.write("in", Data(bytes))
    try run("/bin/sh", ["-c", "\(command) < '\(input)' > '\(directory.path("out"))'"])
    return Array(try Data(contentsOf: URL(fileURLWithPath: directory.path("out"))))
}

func gzip(_ bytes: some Sequence<UInt8>) throws -> [UInt8] { try filter("gzip -c", bytes) }
func zstd(_ bytes: some Sequence<UInt8>) throws -> [UInt8] { try filter("zstd -q -c", bytes) }

extension [UInt8] {
    init(_ text: String) { self.init(text.utf8) }
}

extension String {
    var utf16LE: [UInt8] { utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] } }
    var utf16BE: [UInt8] { utf16.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] } }
}
