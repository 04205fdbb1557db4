// Where the send window's bytes live: blocks taken in turn and given back in the order they were filled. A freed
// block is the next one used, so a window of small messages stays in the processor's cache.

struct WindowArena: ~Copyable {
    private struct Block {
        let base: UnsafeMutablePointer<UInt8>
        let size: Int
        var last: Int  // the last message with bytes in it
        var used: Int
    }

    private static let blockSize = 256 << 10
    private static let freeLimit = 32

    /// Bytes of blocks in use; what the window's limit is about.
    private(set) var live = 0

    private var blocks: [Block] = []  // in use, oldest first, from `oldest` on
    private var oldest = 0
    private var free: [UnsafeMutablePointer<UInt8>] = []

    deinit {
        for block in blocks[oldest...] { block.base.deallocate() }
        for base in free { base.deallocate() }
    }

    /// Room for `count` bytes of message `number`; it stays where it is until the message is released.
    mutating func allocate(_ count: Int, for number: Int) -> UnsafeMutablePointer<UInt8> {
        if blocks.count == oldest || blocks[blocks.count - 1].used + count > blocks[blocks.count - 1].size {
            let size = max(count, Self.blockSize)
            let base = size == Self.blockSize ? free.popLast() : nil
            blocks.append(Block(base: base ?? .allocate(capacity: size), size: size, last: number, used: 0))
            live += size
        }
        let index = blocks.count - 1
        let base = blocks[index].base + blocks[index].used
        blocks[index].used += count
        blocks[index].last = number
        return base
    }

    /// All messages below `number` need their bytes no more. The block being filled is kept until it is left.
    mutating func release(below number: Int) {
        while oldest < blocks.count, blocks[oldest].last < number {
            let block = blocks[oldest]
            if oldest == blocks.count - 1, block.size == Self.blockSize {
                // Empty, and the one in hand: it is filled from its start again, and no other is taken.
                blocks[oldest].used = 0
                break
            }
            oldest += 1
            live -= block.size
            if block.size == Self.blockSize, free.count < Self.freeLimit {
                free.append(block.base)
            } else {
                block.base.deallocate()
            }
        }
        // The list of blocks is compacted now and then, so that it does not grow with the file.
        if oldest > 256 {
            blocks.removeFirst(oldest)
            oldest = 0
        }
    }
}

/// An arena that somebody may still read, with nobody to write it any more.
final class LeftArena {
    private let arena: WindowArena

    init(_ arena: consuming WindowArena) { self.arena = arena }
}
