// A file's bytes as they were before it was compressed, if it is: finds out by its first bytes.

/// One thread owns it.
final class UncompressedInput {
    /// How many bytes are looked at to find out what a file is.
    static let lookahead = 65_536

    /// Called about ten times a second while there is nothing to read; what it throws comes out of `read`.
    var waiting: () throws -> Void = {}
    /// Sees every byte once, in order, when it is handed out.
    var observe: (UnsafeRawBufferPointer) -> Void = { _ in }
    private(set) var container: Container?
    /// Of the bytes handed out.
    private(set) var position: UInt64 = 0

    private let descriptor: InputDescriptor
    private var readAhead: ReadAhead?
    private var filePosition: UInt64 = 0
    private var start = Lookahead()
    private var isOpen = false

    init(_ descriptor: InputDescriptor) { self.descriptor = descriptor }

    /// How far the file was read for the bytes handed out, in the file as it lies.
    var positionInFile: UInt64 {
        // What was looked at of a plain file was read, but not handed out.
        readAhead?.filePosition ?? filePosition - UInt64(start.bytes.count)
    }

    /// Reads until it is known what the file is; does nothing the second time.
    /// - Throws: `FileError` if it is no text, or damaged already here.
    private func open() throws {
        guard !isOpen else { return }
        isOpen = true
        try look(inside: nil)
        guard case .container(let found) = Signature(start.bytes) else { return }
        container = found
        readAhead = try ReadAhead(descriptor, found, prefix: start.bytes)
        start = Lookahead()
        try look(inside: found)
    }

    private func look(inside outer: Container?) throws {
        while Signature.isUndecided(start.bytes), try start.extend(to: Self.lookahead, take) {}
        switch Signature(start.bytes) {
        case nil: return
        case .container where outer == nil: return
        case let found?: throw found.refusal(inside: outer)
        }
    }

    /// Looks at the first bytes, as far as `isUndecided` wants; they are not handed out by it.
    func peek(while isUndecided: (ArraySlice<UInt8>) -> Bool) throws -> ArraySlice<UInt8> {
        try open()
        while isUndecided(start.bytes), try start.extend(to: Self.lookahead, take) {}
        return start.bytes
    }

    /// Reads some bytes; 0 at the end.
    func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try open()
        let count = start.bytes.isEmpty ? try take(buffer) : start.take(buffer)
        observe(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        position += UInt64(count)
        return count
    }

    /// Ends the thread, if there is one; false if it did not end within five seconds.
    func close() -> Bool {
        defer { readAhead = nil }
        return readAhead?.close() ?? true
    }

    private func take(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if let readAhead { return try readAhead.read(buffer, waiting: waiting) }
        let count = try descriptor.read(buffer, at: filePosition, waiting: waiting)
        filePosition += UInt64(count)
        return count
    }
}
