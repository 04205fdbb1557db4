// A file or stream as UTF-8 text, whatever container and encoding it comes in.

/// Finds out both by the first bytes, when it is asked for something. Memory does not depend on the file's length: at
/// most 2 MiB, and for zstd the window that the file asks for, up to 128 MiB. One thread owns an input; what is
/// compressed is decompressed on another one, which ends with `close`, or soon after the input is gone.
///
/// What cannot be read throws a `FileError`; what `waiting` throws comes out as it is.
package final class TextInput {
    package enum Mode: Equatable, Sendable {
        /// - named: by `--encoding`; nil: UTF-8, or UTF-16 by its byte order mark.
        case text(named: TextEncoding?)
        /// The uncompressed bytes as they are; no encoding is looked for.
        case bytes
    }

    /// How many bytes of text can be looked at before they are read.
    package static let windowSize = 65_536

    /// Called about ten times a second while there is nothing to read.
    package var waiting: () throws -> Void {
        get { bytes.waiting }
        set { bytes.waiting = newValue }
    }
    /// Sees all uncompressed bytes once, in order, before they are decoded: for their hash.
    package var observe: (UnsafeRawBufferPointer) -> Void {
        get { bytes.observe }
        set { bytes.observe = newValue }
    }

    private let descriptor: InputDescriptor
    private let mode: Mode
    private var bytes: UncompressedInput
    private var text = Lookahead()
    private var transcoder: Transcoder?
    private var isOpen = false
    private var foundEncoding = TextEncoding.utf8

    package init(_ descriptor: InputDescriptor, _ mode: Mode = .text(named: nil)) {
        self.descriptor = descriptor
        self.mode = mode
        bytes = UncompressedInput(descriptor)
    }

    // MARK: What the file is

    /// The first bytes of the text, of which none was read yet: of a regular file as many as `windowSize`, of a stream
    /// at least one; fewer if there are no more. Only before the first `read`.
    package func window() throws -> ArraySlice<UInt8> {
        try open()
        return text.bytes
    }

    /// Nothing comes after the window. Only before the first `read`.
    package func windowIsWhole() throws -> Bool {
        try open()
        return text.isAtEnd
    }

    /// Waits for more of a stream; false if it ended, or if the window is full. Only before the first `read`.
    package func widenWindow() throws -> Bool {
        try open()
        guard try text.extend(to: Self.windowSize, decode) else { return false }
        try refuseNUL()
        return true
    }

    /// nil: the file lies there as it is.
    package func container() throws -> Container? {
        try open()
        return bytes.container
    }

    /// UTF-8 in the mode `bytes`, too.
    package func encoding() throws -> TextEncoding {
        try open()
        return foundEncoding
    }

    // MARK: How far it is read

    /// In the file as it lies, of `size`; somewhat ahead of what was handed out.
    package var positionInFile: UInt64 { bytes.positionInFile }
    /// Of the file as it lies; nil for a stream.
    package var size: UInt64? { descriptor.size }
    /// In the uncompressed bytes, not decoded: how many `observe` has seen.
    package var position: UInt64 { bytes.position }
    /// How many bytes of a UTF-8 file come before its text: 3 for a byte order mark. 0 for what is transcoded, where
    /// offsets are those of the UTF-8 text.
    package private(set) var textStart: UInt64 = 0

    // MARK: Reading

    /// Reads some bytes of text; 0 at the end. A byte order mark is left out.
    package func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try open()
        return text.bytes.isEmpty ? try decode(buffer) : text.take(buffer)
    }

    /// Back to the start, as if nothing had been read; of a regular file only.
    package func rewind() {
        let next = UncompressedInput(descriptor)
        next.waiting = bytes.waiting
        next.observe = bytes.observe
        _ = bytes.close()
        bytes = next
        text = Lookahead()
        transcoder = nil
        isOpen = false
        foundEncoding = .utf8
        textStart = 0
    }

    /// Ends the decompressing thread, if there is one; false if it did not end within five seconds. Nothing can be read
    /// after this.
    @discardableResult
    package func close() -> Bool { bytes.close() }

    // MARK: -

    private func open() throws {
        guard !isOpen else { return }
        isOpen = true
        if case .text(let named) = mode {
            let mark = ByteOrderMark(try bytes.peek(while: ByteOrderMark.isUndecided))
            foundEncoding = try ByteOrderMark.encoding(mark: mark, named: named)
            try skip(mark?.bytes.count ?? 0)
            if foundEncoding == .utf8 {
                textStart = bytes.position
            } else {
                transcoder = try Transcoder(foundEncoding, position: bytes.position)
            }
        }
        repeat {
            guard try text.extend(to: Self.windowSize, decode) else { break }
        } while descriptor.isRegular
        try refuseNUL()
    }

    private func skip(_ count: Int) throws {
        var left = count
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 4)
        defer { buffer.deallocate() }
        while left > 0 {
            let skipped = try bytes.read(UnsafeMutableRawBufferPointer(rebasing: buffer[..<left]))
            guard skipped > 0 else { return }
            left -= skipped
        }
    }

    private func decode(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let transcoder else { return try bytes.read(buffer) }
        return try transcoder.read(buffer, from: bytes.read)
    }

    /// In the window only: later in the file it is the fault of its line.
    private func refuseNUL() throws(FileError) {
        guard mode != .bytes, let index = text.bytes.firstIndex(of: 0) else { return }
        var lines = LineCounter()
        text.bytes[..<index].withUnsafeBytes { lines.count($0) }
        let place = "line \(lines.current), byte \(UInt64(index - text.bytes.startIndex) + textStart)"
        if transcoder == nil, let encoding = UTF16Guess(text.bytes).encoding {
            throw FileError(
                .unsupported, "\(place): a NUL byte; it looks like UTF-16 without a byte order mark",
                .encoding(encoding))
        }
        throw FileError(.unsupported, "\(place): a NUL byte, which text cannot contain")
    }
}
