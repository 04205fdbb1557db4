// Where an object or array ends, by its strings and brackets alone: what is inside, the validator judges.

/// Scans on where it stopped, however the text comes in pieces.
struct JSONStructure {
    /// Objects and arrays inside each other; more of them cannot be told apart from a broken file.
    static let maximumDepth = 100_000

    enum Outcome: Equatable {
        /// The text ends before the object or array does.
        case needsMore
        /// Bytes from its first bracket to its last.
        case complete(Int)
        /// A bracket that does not close what was opened last; at this byte.
        case mismatch(Int)
        case tooDeep(Int)
    }

    /// Bytes that need not be looked at again.
    private(set) var position = 0
    /// Line feeds among them.
    private(set) var lines: UInt64 = 0
    private var isInString = false
    private var depth = 0
    /// A bit for each level, set for an object: the first 64, then the others.
    private var kinds: UInt64 = 0
    private var deeperKinds: [Bool] = []

    /// The text's first `count` bytes have been dropped.
    mutating func drop(_ count: Int) { position -= count }

    /// From the bracket that opens it; blocks are loaded beyond `count`.
    mutating func advance(_ start: BytePointer, _ count: Int) -> Outcome {
        while position < count {
            let block = ByteBlock(start + position)
            let folded = block.folded
            var hits = BlockHits(
                block.equal(UInt8(ascii: "\"")) .| block.equal(0x0A) .| folded.equal(UInt8(ascii: "{"))
                    .| folded.equal(UInt8(ascii: "}")) .| folded.equal(UInt8(ascii: "|")))
            var next = position &+ ByteBlock.size
            while true {
                let hit = hits.removeFirst()
                guard hit < ByteBlock.size else { break }
                let at = position &+ hit
                guard at < count else { break }
                let byte = start[at]
                if byte == 0x0A {
                    lines &+= 1
                } else if byte == UInt8(ascii: "\"") {
                    isInString.toggle()
                } else if isInString {
                    guard byte == UInt8(ascii: "\\") else { continue }
                    // What is escaped is passed over.
                    guard at &+ 1 < count else {
                        position = at
                        return .needsMore
                    }
                    if start[at &+ 1] == 0x0A { lines &+= 1 }
                    next = at &+ 2
                    break
                } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                    guard depth < Self.maximumDepth else { return .tooDeep(at) }
                    push(byte == UInt8(ascii: "{"))
                } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                    guard pop() == (byte == UInt8(ascii: "}")) else { return .mismatch(at) }
                    if depth == 0 {
                        position = at &+ 1
                        return .complete(at &+ 1)
                    }
                }
            }
            position = min(next, count)
        }
        return .needsMore
    }

    @inline(__always)
    private mutating func push(_ isObject: Bool) {
        if depth < 64 {
            kinds = kinds << 1 | (isObject ? 1 : 0)
        } else {
            deeperKinds.append(isObject)
        }
        depth &+= 1
    }

    @inline(__always)
    private mutating func pop() -> Bool {
        depth &-= 1
        if depth >= 64 { return deeperKinds.removeLast() }
        let isObject = kinds & 1 == 1
        kinds >>= 1
        return isObject
    }

    /// Whether the text broke off inside a string.
    var endsInString: Bool { isInString }
}
