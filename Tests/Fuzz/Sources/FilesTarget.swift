// Containers and encodings: any bytes are read or refused, alike in pieces of any size, from a file and from a pipe.

import Foundation
import Records

@testable import Files

private let encodings = [
    nil, "WINDOWS-1252", "UTF-16LE", "UTF-16BE", "SHIFT_JIS", "EUC-JP", "GB18030", "BIG5-HKSCS", "ISO-2022-JP",
    "ISO-2022-KR", "TCVN", "EUC-KR", "WINDOWS-1255", "ISO-2022-CN-EXT", "UTF-16", "UTF-8",
].map { name in name.map { try? TextEncoding(named: $0) } ?? nil }

func fuzzFiles(_ bytes: Bytes) {
    var input = FuzzInput(bytes)
    let choices = input.byte()
    let encoding = input.choice(encodings)
    let seed = input.byte()
    switch choices & 3 {
    case 1: checkMade(gzip(input.bytes), input.bytes, seed)
    case 2: checkMade(zstd(input.bytes), input.bytes, seed)
    default:
        for container in Container.allCases { _ = unpackBothWays(container, Array(input.bytes), seed) }
    }
    if let encoding, encoding != .utf8, encoding.name != "UTF-16" { checkTranscoder(encoding, input.bytes, seed) }
    // The file itself: on a thread of its own where it is compressed, and so slower.
    checkFile(choices & 3 == 1 ? gzip(input.bytes) : Array(input.bytes), encoding, size: 1 + Int(seed))
}

// MARK: Containers

/// All that comes of a container's bytes, or why it cannot be read; nil: it is longer than what is compared.
private func unpack(_ container: Container, _ bytes: [UInt8], _ pieces: Pieces) -> Result<[UInt8], FileError>? {
    var pieces = pieces
    var text: [UInt8] = []
    var output = [UInt8](repeating: 0, count: 65_536)
    var at = 0
    do {
        let decompressor = try container.decompressor()
        while true {
            // A deflated megabyte of nothing is not what is looked for.
            guard text.count < 1 << 20 else { return nil }
            let count = min(bytes.count - at, pieces.next())
            let room = min(output.count, pieces.next())
            let step = try bytes.withUnsafeBytes { bytes in
                try output.withUnsafeMutableBytes { output in
                    try decompressor.step(
                        UnsafeRawBufferPointer(rebasing: bytes[at..<at + count]),
                        UnsafeMutableRawBufferPointer(rebasing: output[..<room]), at: UInt64(at))
                }
            }
            check(step.consumed <= count && step.produced <= room, "\(container): more than there is: \(step)")
            text += output[..<step.produced]
            at += step.consumed
            if at == bytes.count, step.produced < room { break }
            check(step != (0, 0) || count == 0, "\(container): no progress at byte \(at)")
        }
        try decompressor.finish(at: UInt64(at))
        return .success(text)
    } catch let error as FileError {
        return .failure(error)
    } catch {
        fail("\(error)")
    }
}

private func unpackBothWays(_ container: Container, _ bytes: [UInt8], _ seed: UInt8) -> Result<[UInt8], FileError>? {
    // How much has come before damage is seen depends on the pieces, and so whether it is too long.
    guard let whole = unpack(container, bytes, .whole), let pieces = unpack(container, bytes, Pieces(seed)) else {
        return nil
    }
    switch (whole, pieces) {
    case (.success(let one), .success(let other)): check(one == other, "\(container): other bytes in pieces")
    // Where damage is seen depends on how much was at hand.
    case (.failure, .failure): break
    default: fail("\(container): in one piece \(whole), in pieces \(pieces)")
    }
    return whole
}

/// What was packed here comes out as it went in.
private func checkMade(_ file: [UInt8], _ text: Bytes, _ seed: UInt8) {
    let container = file.first == 0x1F ? Container.gzip : .zstd
    switch unpackBothWays(container, file, seed) {
    case .success(let unpacked): check(unpacked.elementsEqual(text), "\(container): other bytes come out")
    case .failure(let error): fail("\(container): \(error)")
    case nil: break
    }
}

/// Members of stored blocks, one a line, and padding.
private func gzip(_ text: Bytes) -> [UInt8] {
    var file: [UInt8] = []
    for line in pieces(text) {
        file += [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
        var checksum: UInt32 = ~0
        for byte in line {
            checksum ^= UInt32(byte)
            for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
        }
        let count = UInt16(line.count)
        file += [1] + little(count) + little(~count) + line + little(~checksum) + little(UInt32(count))
    }
    return file + [0, 0, 0]
}

/// Frames of raw blocks, one a line, and a skippable one.
private func zstd(_ text: Bytes) -> [UInt8] {
    var file: [UInt8] = []
    for line in pieces(text) {
        file += [0x28, 0xB5, 0x2F, 0xFD, 0xA0] + little(UInt32(line.count))
        file += little(UInt32(line.count) << 3 | 1).prefix(3) + line
        file += [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 0xFF]
    }
    return file
}

/// Lines, at least one, and each short enough for one block.
private func pieces(_ text: Bytes) -> [[UInt8]] {
    var pieces: [[UInt8]] = [[]]
    for byte in text {
        pieces[pieces.count - 1].append(byte)
        if byte == 0x0A && pieces.count < 8 || pieces[pieces.count - 1].count == 60_000 { pieces.append([]) }
    }
    return pieces
}

private func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

// MARK: Encodings

/// In pieces the same text as at once; what is no text at once is none in pieces.
private func checkTranscoder(_ encoding: TextEncoding, _ bytes: Bytes, _ seed: UInt8) {
    guard let transcoder = try? Transcoder(encoding, position: 0) else { return }
    let read: (UnsafeMutableRawBufferPointer) throws -> Int = reader(bytes, Pieces(seed))
    var text: [UInt8]? = []
    var buffer = [UInt8](repeating: 0, count: 1 + Int(seed) * 8)
    do {
        while true {
            let count = try buffer.withUnsafeMutableBytes { try transcoder.read($0, from: read) }
            if count == 0 { break }
            text? += buffer[..<count]
        }
    } catch {
        text = nil
    }
    var expected = Iconv(from: encoding.name)?.convert(Array(bytes)[...])
    if let whole = expected, whole.starts(with: ByteOrderMark.utf8.bytes) { expected = Array(whole[3...]) }
    check(
        text == expected, "\(encoding): \(text.map { "\($0)" } ?? "no text") for \(expected.map { "\($0)" } ?? "none")")
    check(text.map { String(validating: $0, as: UTF8.self) != nil } ?? true, "\(encoding): no UTF-8 comes out")
}

// MARK: Files

private struct ReadText: Equatable {
    var text: [UInt8] = []
    var uncompressed: [UInt8] = []
    /// Of a file that lies there as UTF-8: what comes before its text.
    var start: UInt64?
    var error: String?
    var isNUL: Bool { error?.contains("NUL") ?? false }
}

private let file: Int32 = {
    var template = Array("/dev/shm/userload-fuzz-XXXXXX".utf8CString)
    let number = mkstemp(&template)
    check(number >= 0, "mkstemp: errno \(errno)")
    unlink(template)
    return number
}()

private func readAll(_ descriptor: InputDescriptor, _ encoding: TextEncoding?, size: Int) -> ReadText {
    let input = TextInput(descriptor, .text(named: encoding))
    var found = ReadText()
    var seen: [UInt8] = []
    input.observe = { seen += $0 }
    var buffer = [UInt8](repeating: 0, count: size)
    do {
        // As push does: it looks before it reads.
        _ = try input.window()
        // How much of a longer one has come by then depends on the pieces.
        while seen.count < 1 << 20 {
            let count = try buffer.withUnsafeMutableBytes { try input.read($0) }
            if count == 0 { break }
            found.text += buffer[..<count]
        }
        guard seen.count < 1 << 20 else {
            check(input.close(), "the thread that decompresses did not end")
            return ReadText(error: "1 MiB or more")
        }
        if try input.container() == nil, try input.encoding() == .utf8 { found.start = input.textStart }
    } catch let error as FileError {
        check(error.kind != .unreadable, "unreadable: \(error)")
        found.error = error.message
    } catch {
        fail("\(error)")
    }
    check(input.close(), "the thread that decompresses did not end")
    found.uncompressed = seen
    return found
}

private func checkFile(_ bytes: [UInt8], _ encoding: TextEncoding?, size: Int) {
    check(ftruncate(file, 0) == 0 && pwrite(file, bytes, bytes.count, 0) == bytes.count, "pwrite: errno \(errno)")
    let regular = InputDescriptor(file, isOwned: false, isRegular: true)
    let whole = readAll(regular, encoding, size: 65_536)
    let pieces = readAll(regular, encoding, size: size)
    check(whole.error == pieces.error, "\(whole.error ?? "none"), in pieces \(pieces.error ?? "none")")
    check(whole.error != nil || whole == pieces, "another text in pieces")
    if let start = whole.start { check(whole.text == bytes[Int(start)...].map { $0 }, "a plain file reads otherwise") }
    guard bytes.count < 60_000 else { return }
    var ends: [Int32] = [0, 0]
    check(pipe(&ends) == 0 && write(ends[1], bytes, bytes.count) == bytes.count, "pipe: errno \(errno)")
    close(ends[1])
    let stream = readAll(InputDescriptor(ends[0], isOwned: true, isRegular: false), encoding, size: size)
    // A NUL is looked for in what is there first: of a stream that is less, and so before anything else is found.
    guard !whole.isNUL, !stream.isNUL else { return }
    check(stream.error == whole.error, "\(whole.error ?? "none"), from a pipe \(stream.error ?? "none")")
    check(whole.error != nil || stream == whole, "another text from a pipe")
}
