// A text in another encoding, read as UTF-8. Knows how far it came, so that what cannot be decoded is named with its place.

import Glibc

/// One thread owns it.
final class Transcoder {
    private static let size = 65_536

    private let encoding: TextEncoding
    private let iconv: Iconv
    private let source = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    private let target = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    private var pending: UnsafeRawBufferPointer  // not decoded yet, in `source`
    private var ready: UnsafeRawBufferPointer  // decoded and not handed out yet, in `target`
    private var sourceHasEnded = false
    private var failure: FileError?  // to be thrown once what is ready was handed out
    private var isFlushed = false
    private var mayBeginWithMark: Bool
    private var position: UInt64  // of `pending`, from the start of the file
    private var lines = LineCounter()

    /// - Parameter position: how many bytes of the file come before the text: those of its byte order mark. 0: a mark
    ///   that only this encoding knows is left out.
    init(_ encoding: TextEncoding, position: UInt64) throws(FileError) {
        guard let iconv = Iconv(from: encoding.name) else {
            throw FileError(.unsupported, "is \(encoding), which iconv does not know here")
        }
        self.encoding = encoding
        self.iconv = iconv
        self.position = position
        mayBeginWithMark = position == 0
        pending = UnsafeRawBufferPointer(rebasing: source[..<0])
        ready = UnsafeRawBufferPointer(rebasing: target[..<0])
    }

    deinit {
        source.deallocate()
        target.deallocate()
    }

    /// Reads some bytes of UTF-8; 0 at the end.
    /// - Parameter read: gives the file's bytes; 0 at the end.
    func read(
        _ buffer: UnsafeMutableRawBufferPointer, from read: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> Int {
        while ready.isEmpty {
            guard try decode(read) else { return 0 }
        }
        let count = min(buffer.count, ready.count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: ready[..<count]))
        ready = UnsafeRawBufferPointer(rebasing: ready[count...])
        return count
    }

    /// Decodes some more, if possible; false at the end.
    private func decode(_ read: (UnsafeMutableRawBufferPointer) throws -> Int) throws -> Bool {
        if let failure { throw failure }
        if pending.isEmpty, !sourceHasEnded { try readMore(read) }
        if pending.isEmpty, sourceHasEnded {
            guard !isFlushed else { return false }
            isFlushed = true
        }
        let before = pending.count
        var free = target
        let result = iconv.convert(&pending, &free)
        position += UInt64(before - pending.count)
        ready = UnsafeRawBufferPointer(rebasing: target[..<(target.count - free.count)])
        if mayBeginWithMark, !ready.isEmpty {
            mayBeginWithMark = false
            if ready.starts(with: ByteOrderMark.utf8.bytes) { ready = UnsafeRawBufferPointer(rebasing: ready[3...]) }
        }
        lines.count(ready)
        if result == .illegal, before > 0 { failure = illegal(hasConsumed: pending.count < before) }
        if ready.isEmpty, before > 0 {
            if let failure { throw failure }
            // The bytes at hand are the beginning of a character.
            if result == .more {
                guard !sourceHasEnded, pending.count < source.count else { throw cutOff() }
                try readMore(read)
            }
        }
        return true
    }

    private func readMore(_ read: (UnsafeMutableRawBufferPointer) throws -> Int) throws {
        let kept = pending.count
        if let start = pending.baseAddress { source.baseAddress?.copyMemory(from: start, byteCount: kept) }
        let count = try read(UnsafeMutableRawBufferPointer(rebasing: source[kept...]))
        sourceHasEnded = count == 0
        pending = UnsafeRawBufferPointer(rebasing: source[..<(kept + count)])
    }

    /// Some of iconv's modules take the byte that they refuse, and would go on behind it.
    private func illegal(hasConsumed: Bool) -> FileError {
        var rest = pending
        let isTaken = withUnsafeTemporaryAllocation(byteCount: 64, alignment: 16) { scratch in
            var room = scratch
            return iconv.convert(&rest, &room) != .illegal || rest.count < pending.count
        }
        if isTaken, hasConsumed, let next = pending.baseAddress {
            pending = UnsafeRawBufferPointer(start: next - 1, count: pending.count + 1)
            position -= 1
        }
        let what: String
        if encoding.isUTF16, pending.count >= 2 {
            let unit =
                encoding == .utf16LE
                ? UInt16(pending[1]) << 8 | UInt16(pending[0]) : UInt16(pending[0]) << 8 | UInt16(pending[1])
            what = "\(hexadecimal(unit)) is one half of a surrogate pair without the other"
        } else {
            what = "0x\(hexadecimal(pending[0])) is not \(encoding)"
        }
        return FileError(.damaged, "line \(lines.current), byte \(position): \(what)")
    }

    private func cutOff() -> FileError {
        FileError(
            .damaged,
            "line \(lines.current), byte \(position): the file ends in the middle of a character (\(encoding))")
    }
}

/// As many upper-case digits as the type has.
private func hexadecimal<Number: FixedWidthInteger>(_ number: Number) -> String {
    let digits = String(number, radix: 16, uppercase: true)
    return String(repeating: "0", count: Number.bitWidth / 4 - digits.count) + digits
}

/// Counts lines that end in LF, CR or CR LF.
struct LineCounter {
    private var ends: UInt64 = 0
    private var endsInCR = false

    /// The number of the line in which the next byte stands, from 1.
    var current: UInt64 { ends + 1 }

    mutating func count(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            // The LF of a CR LF ends nothing more.
            if byte == 0x0D || byte == 0x0A && !endsInCR { ends += 1 }
            endsInCR = byte == 0x0D
        }
    }
}
