// The input of a push: a regular file, read twice, or a stream (stdin, a FIFO), read once. Hashes what it reads.

import FileNames
package import Files
import Glibc
package import Records

/// One thread owns a source.
package final class FileSource {
    /// As given, with bytes that are not UTF-8 as in `rawText`; `-` is stdin.
    package let path: String
    /// Whether it can be read again from its start.
    package let isRegular: Bool
    /// Called about ten times a second while a stream has nothing to read.
    package var idle: () throws -> Void = {}

    /// Before anything was read.
    let stamp: FileStamp
    private let input: TextInput
    private let interrupt: Interrupt
    private let hasher: ContentHasher
    /// Of the text; only where it is transcoded.
    private var textHasher: ContentHasher?
    private var textPosition: UInt64 = 0
    /// How many bytes the text has in UTF-8, where its first one is counted from `textStart`; of a regular file that was
    /// read to its end.
    package private(set) var textSize: UInt64?

    /// As text.
    /// - Parameter encoding: by `--encoding`.
    package convenience init(_ path: String, encoding: String?, interrupt: Interrupt) throws(PipelineError) {
        var named: TextEncoding?
        if let encoding {
            do {
                named = try TextEncoding(named: encoding)
            } catch {
                throw .usage("--encoding \(encoding) \(error.message)")
            }
        }
        try self.init(path, .text(named: named), interrupt)
    }

    private init(_ path: String, _ mode: TextInput.Mode, _ interrupt: Interrupt) throws(PipelineError) {
        self.path = path
        self.interrupt = interrupt
        do { hasher = try ContentHasher() } catch { throw .refused(error.message) }
        // Nonblocking, so that a FIFO without a writer does not hold up Ctrl-C.
        let descriptor = path == "-" ? 0 : withFileName(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .refused(systemMessage(errno)) }
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        isRegular = path != "-" && status.st_mode & S_IFMT == S_IFREG
        stamp = FileStamp(status)
        input = TextInput(InputDescriptor(descriptor, isOwned: path != "-", isRegular: isRegular), mode)
        guard isKnown else { throw .refused(systemMessage(errno)) }
        if status.st_mode & S_IFMT == S_IFDIR { throw .refused("is a directory") }
        input.waiting = { [weak self] in try self?.wait() }
        observe()
    }

    /// For its hash only: no encoding is looked for.
    package convenience init(contentOf path: String, interrupt: Interrupt) throws(PipelineError) {
        try self.init(path, .bytes, interrupt)
    }

    // MARK: What it is

    /// The first bytes of the text, all of it if `windowIsWhole`: of a regular file up to `TextInput.windowSize`, of a
    /// stream at least one. Only before the first `read`.
    package func window() throws -> ArraySlice<UInt8> { try input.window() }
    package func windowIsWhole() throws -> Bool { try input.windowIsWhole() }
    /// Waits for more of a stream; false if there is none, or if the window is full.
    package func widenWindow() throws -> Bool { try input.widenWindow() }

    /// The offset of the text's first byte. Only after `window`.
    package var textStart: UInt64 { input.textStart }
    package func container() throws -> Container? { try input.container() }
    package func encoding() throws -> TextEncoding { try input.encoding() }

    // MARK: How far it is read

    /// Of the file as it lies, now; nil for a stream.
    package var size: UInt64? { input.size }
    /// In the file as it lies, of `size`.
    package var positionInFile: UInt64 { input.positionInFile }
    /// Bytes read since the start: uncompressed, and not transcoded.
    package var bytesRead: UInt64 { input.position }

    // MARK: Reading

    /// Reads some bytes of text; 0 at the end.
    /// - Throws: `FileError`, `PipelineError.interrupted`, or what `idle` throws.
    package func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if interrupt.isSet { throw PipelineError.interrupted }
        let count = try input.read(buffer)
        if textPosition == 0 {
            textPosition = input.textStart
            textHasher = try input.encoding() == .utf8 ? nil : ContentHasher()
        }
        textPosition += UInt64(count)
        textHasher?.update(Bytes(start: buffer.assumingMemoryBound(to: UInt8.self).baseAddress, count: count))
        if count == 0, isRegular { textSize = textPosition }
        return count
    }

    /// Of everything read since the start: uncompressed, and not transcoded.
    package func contentHash() -> ContentHash { hasher.finish() }

    /// Of the text read since the start, where it is transcoded: iconv's tables are part of it. Else nil.
    package func textHash() -> ContentHash? { textHasher?.finish() }

    /// Back to the start; regular files only.
    package func rewind() {
        hasher.reset()
        textHasher = nil
        textPosition = 0
        input.rewind()
    }

    // MARK: -

    private func observe() {
        input.observe = { [hasher] bytes in
            hasher.update(Bytes(start: bytes.assumingMemoryBound(to: UInt8.self).baseAddress, count: bytes.count))
        }
    }

    /// While there is nothing to read. A regular file that is decompressed slowly does not count as idle: what `idle`
    /// does to a file that can be rewound is not meant to happen within a read.
    private func wait() throws {
        if interrupt.isSet { throw PipelineError.interrupted }
        if !isRegular { try idle() }
    }
}
