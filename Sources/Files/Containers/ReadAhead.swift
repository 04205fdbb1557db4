// Decompression on a thread of its own, ahead of its reader by at most a ring of buffers.

import Glibc

/// The reader's side; one thread owns it. What the thread works on is the thread's own.
final class ReadAhead {
    private let ring = BufferRing()
    private var current: UnsafeMutableRawBufferPointer?
    private var end: Content?
    /// How far the file, as it lies, was read for the bytes handed out.
    private(set) var filePosition: UInt64 = 0

    private typealias Content = BufferRing.Content

    /// - Parameter prefix: what was read of the file already, from its start.
    init(_ descriptor: InputDescriptor, _ container: Container, prefix: ArraySlice<UInt8>) throws(FileError) {
        let work = DecompressionThread(descriptor, container, try container.decompressor(), prefix, ring)
        try work.start()
    }

    /// The thread ends soon after; it is not waited for.
    deinit { ring.stop() }

    /// Stops the thread; false if it did not end within five seconds.
    func close() -> Bool {
        ring.stop()
        return ring.waitForWriter()
    }

    /// Reads some bytes; 0 at the end.
    /// - Parameter waiting: called about ten times a second while there are none.
    func read(_ buffer: UnsafeMutableRawBufferPointer, waiting: () throws -> Void) throws -> Int {
        while current == nil {
            switch end {
            case .failed(let error): throw error
            case .end: return 0
            case .bytes, nil: break
            }
            guard let (content, bytes) = ring.next() else {
                try waiting()
                continue
            }
            if case .bytes(let count, let file) = content {
                current = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
                filePosition = file
            } else {
                end = content
            }
        }
        guard let rest = current else { return 0 }
        let count = min(rest.count, buffer.count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
        current = UnsafeMutableRawBufferPointer(rebasing: rest[count...])
        if count == rest.count {
            current = nil
            ring.release()
        }
        return count
    }
}

/// Reads the file, decompresses it and fills the ring, until the end, an error or a stop.
private final class DecompressionThread: @unchecked Sendable {
    // Unchecked: only the thread touches what is not constant.
    private static let inputSize = 65_536

    private let descriptor: InputDescriptor
    private let container: Container
    private let decompressor: any Decompressor
    private let ring: BufferRing
    private let prefix: ArraySlice<UInt8>

    init(
        _ descriptor: InputDescriptor, _ container: Container, _ decompressor: any Decompressor,
        _ prefix: ArraySlice<UInt8>, _ ring: BufferRing
    ) {
        self.descriptor = descriptor
        self.container = container
        self.decompressor = decompressor
        self.prefix = prefix
        self.ring = ring
    }

    func start() throws(FileError) {
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runDecompressionThread, context.toOpaque())
        guard code == 0 else {
            context.release()
            throw FileError(.unreadable, "cannot be decompressed: no thread (\(systemMessage(code)))")
        }
        pthread_detach(thread)
    }

    func run() {
        do {
            try decompress()
        } catch is BufferRing.Stopped {
        } catch {
            ring.fill(.failed(error))
        }
        ring.end()
    }

    private func decompress() throws {
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.inputSize, alignment: 64)
        defer { input.deallocate() }
        var position: UInt64 = 0  // of what was decompressed
        var pending = try Input(prefix: prefix, input)
        var output = try ring.nextFree()
        var produced = 0
        func flush() throws {
            ring.fill(.bytes(count: produced, file: position))
            output = try ring.nextFree()
            produced = 0
        }
        while true {
            let room = UnsafeMutableRawBufferPointer(rebasing: output[produced...])
            let step = try decompressor.step(pending.bytes, room, at: position)
            pending.consume(step.consumed)
            position += UInt64(step.consumed)
            produced += step.produced
            if produced == output.count {
                try flush()
            } else if pending.bytes.isEmpty {
                // A stream's records are not held back until a buffer is full.
                if !descriptor.isRegular, produced > 0 { try flush() }
                try ring.checkStop()
                guard try pending.read(descriptor, at: position, waiting: ring.checkStop) else { break }
            } else if step == (0, 0) {
                throw container.damaged(at: position, "no progress")
            }
        }
        if produced > 0 { try flush() }
        try decompressor.finish(at: position)
        ring.fill(.end)
    }
}

/// Compressed bytes at hand: first those that were read before, then those of the file.
private struct Input {
    private let buffer: UnsafeMutableRawBufferPointer
    private(set) var bytes: UnsafeRawBufferPointer

    /// - Parameter prefix: at most as long as `buffer`.
    init(prefix: ArraySlice<UInt8>, _ buffer: UnsafeMutableRawBufferPointer) throws {
        self.buffer = buffer
        buffer.copyBytes(from: prefix)
        bytes = UnsafeRawBufferPointer(rebasing: buffer[..<prefix.count])
    }

    mutating func consume(_ count: Int) { bytes = UnsafeRawBufferPointer(rebasing: bytes[count...]) }

    /// False at the end of the file.
    mutating func read(
        _ descriptor: InputDescriptor, at position: UInt64, waiting: () throws -> Void
    ) throws -> Bool {
        let count = try descriptor.read(buffer, at: position, waiting: waiting)
        bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        return count > 0
    }
}

/// Where the thread begins; it owns its context.
private func runDecompressionThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<DecompressionThread>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
