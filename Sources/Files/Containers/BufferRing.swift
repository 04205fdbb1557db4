// A few buffers that go round between the thread that fills them and the one that reads them.

import Dispatch
import Synchronization

/// One writer, one reader; each has its own methods. Every wait has a limit, or ends when the other side stops.
final class BufferRing: @unchecked Sendable {
    // Unchecked: a slot belongs to the writer from `free` to `filled`, and to the reader from `filled` to `free`.

    enum Content {
        /// - file: position in the file as it lies, up to which it was read for these bytes.
        case bytes(count: Int, file: UInt64)
        case end
        case failed(any Error)
    }

    private static let slots = 4
    static let size = 262_144

    private let memory = UnsafeMutableRawPointer.allocate(byteCount: slots * size, alignment: 64)
    private let contents = UnsafeMutablePointer<Content>.allocate(capacity: slots)
    // From 0, for libdispatch traps if a semaphore is released below its first value.
    private let free = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)
    private let writerHasEnded = DispatchSemaphore(value: 0)
    private let isStopped = Atomic<Bool>(false)
    private var writerSlot = 0  // the writer's
    private var readerSlot = 0  // the reader's

    init() {
        contents.initialize(repeating: .end, count: Self.slots)
        for _ in 0..<Self.slots { free.signal() }
    }

    deinit {
        contents.deinitialize(count: Self.slots)
        contents.deallocate()
        memory.deallocate()
    }

    private func buffer(_ slot: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: memory + slot * Self.size, count: Self.size)
    }

    // MARK: The writer

    struct Stopped: Error {}

    /// The buffer to fill next; waits for one.
    func nextFree() throws(Stopped) -> UnsafeMutableRawBufferPointer {
        repeat {
            try checkStop()
        } while free.wait(timeout: .now() + .milliseconds(100)) == .timedOut
        return buffer(writerSlot)
    }

    func checkStop() throws(Stopped) { if isStopped.load(ordering: .relaxed) { throw Stopped() } }

    /// Hands over the buffer that `nextFree` gave.
    func fill(_ content: Content) {
        contents[writerSlot] = content
        writerSlot = (writerSlot + 1) % Self.slots
        filled.signal()
    }

    /// The last thing the writer does.
    func end() { writerHasEnded.signal() }

    // MARK: The reader

    /// The content that comes next; nil if nothing came within 100 ms.
    func next() -> (Content, UnsafeMutableRawBufferPointer)? {
        guard filled.wait(timeout: .now() + .milliseconds(100)) == .success else { return nil }
        return (contents[readerSlot], buffer(readerSlot))
    }

    /// Gives back the buffer that `next` gave.
    func release() {
        readerSlot = (readerSlot + 1) % Self.slots
        free.signal()
    }

    /// The writer is to end; returns at once.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        free.signal()
    }

    /// Whether the writer ended, within five seconds.
    func waitForWriter() -> Bool {
        guard writerHasEnded.wait(timeout: .now() + .seconds(5)) == .success else { return false }
        writerHasEnded.signal()
        return true
    }
}
