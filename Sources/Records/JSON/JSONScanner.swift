// A strict JSON scanner: at least as strict as Postgres' jsonb. It finds where values end and what is wrong with them;
// it builds nothing.

/// What is wrong with text that still has the shape of JSON: scanning goes on after it.
struct JSONFlaws: OptionSet {
    let rawValue: UInt8

    static let invalidUTF8 = JSONFlaws(rawValue: 1)
    /// A NUL, raw or as \u0000: text in Postgres cannot hold it.
    static let nul = JSONFlaws(rawValue: 2)
    static let loneSurrogate = JSONFlaws(rawValue: 4)
    static let duplicateKey = JSONFlaws(rawValue: 8)
    /// Beyond what Postgres' numeric can hold.
    static let numberOutOfRange = JSONFlaws(rawValue: 16)
    /// With this number all of them together are longer than `Limits.numberDigits` when written out.
    static let tooManyDigits = JSONFlaws(rawValue: 32)
}

/// Why scanning ended early.
enum JSONFault {
    /// No JSON; at this byte.
    case malformed(BytePointer)
    /// More than `Limits.depth` objects and arrays in each other.
    case tooDeep
}

/// Functions take the position of a token's first byte and return that after its last; nil after a fault.
/// A value on the stack, so that its fields are registers; `keys` is scratch that outlives it.
struct JSONScanner {
    let end: BytePointer
    let keys: ObjectKeys
    var flaws: JSONFlaws = []
    /// Set by a string with a backslash; reset by who asks.
    var sawEscape = false
    var fault: JSONFault?
    /// Of all numbers so far that Postgres writes out longer than they came.
    var writtenDigits = 0

    init(end: BytePointer, keys: ObjectKeys) {
        self.end = end
        self.keys = keys
    }

    /// Whether `json` is one value that jsonb takes as it stands.
    static func isClean(_ json: Bytes) -> Bool {
        guard let start = json.baseAddress else { return false }
        let keys = ObjectKeys()
        defer { keys.deallocate() }
        keys.reset(bytes: json.count)
        var scan = JSONScanner(end: start + json.count, keys: keys)
        guard let end = scan.value(scan.token(start), depth: 0) else { return false }
        return scan.token(end) == scan.end && scan.flaws.isEmpty
    }

    mutating func malformed(_ position: BytePointer) -> BytePointer? {
        fault = .malformed(position)
        return nil
    }

    /// The next byte that is no JSON whitespace, or `end`.
    @inline(__always)
    func token(_ start: BytePointer) -> BytePointer {
        var next = start
        while next < end, next.pointee <= 0x20 {
            guard next.pointee == 0x20 || next.pointee == 0x0A || next.pointee == 0x0D || next.pointee == 0x09 else {
                break
            }
            next += 1
        }
        return next
    }

    /// Any value; `depth` objects and arrays are open around it.
    mutating func value(_ start: BytePointer, depth: Int) -> BytePointer? {
        guard start < end else { return malformed(start) }
        switch start.pointee {
        case UInt8(ascii: "\""):
            guard let quote = string(start + 1) else { return nil }
            return quote + 1
        case UInt8(ascii: "{"), UInt8(ascii: "["): return container(start, depth: depth)
        case UInt8(ascii: "t"): return literal("true", start)
        case UInt8(ascii: "f"): return literal("false", start)
        case UInt8(ascii: "n"): return literal("null", start)
        default: return number(start)
        }
    }

    private mutating func literal(_ word: StaticString, _ start: BytePointer) -> BytePointer? {
        let count = word.utf8CodeUnitCount
        guard end - start >= count, sameBytes(start, word.utf8Start, count) else { return malformed(start) }
        return start + count
    }

    /// A value that is an object or array. A loop with its own stack of one bit a level: input cannot overflow ours.
    private mutating func container(_ start: BytePointer, depth outer: Int) -> BytePointer? {
        enum Expected { case value, firstElement, key, firstKey, separator }
        var position = start
        var expected = Expected.value
        var depth = outer
        var objects: UInt64 = 0
        while true {
            position = token(position)
            guard position < end else { return malformed(position) }
            let byte = position.pointee
            switch expected {
            case .value, .firstElement:
                if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                    depth += 1
                    guard depth <= Limits.depth else { return tooDeep() }
                    let isObject = byte == UInt8(ascii: "{")
                    objects = objects << 1 | (isObject ? 1 : 0)
                    if isObject { keys.open() }
                    expected = isObject ? .firstKey : .firstElement
                    position += 1
                    continue
                }
                if byte != UInt8(ascii: "]") || expected == .value {
                    guard let next = value(position, depth: depth) else { return nil }
                    position = next
                    expected = .separator
                    continue
                }
            case .key, .firstKey:
                if byte == UInt8(ascii: "\"") {
                    guard let next = key(position) else { return nil }
                    position = next
                    expected = .value
                    continue
                }
                guard byte == UInt8(ascii: "}"), expected == .firstKey else { return malformed(position) }
            case .separator:
                if byte == UInt8(ascii: ",") {
                    expected = objects & 1 == 1 ? .key : .value
                    position += 1
                    continue
                }
                guard byte == (objects & 1 == 1 ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    return malformed(position)
                }
            }
            // The innermost object or array ends here.
            if objects & 1 == 1, keys.close() != nil { flaws.insert(.duplicateKey) }
            objects >>= 1
            depth -= 1
            position += 1
            if depth == outer { return position }
            expected = .separator
        }
    }

    private mutating func tooDeep() -> BytePointer? {
        fault = .tooDeep
        return nil
    }

    /// A key at its opening quote, and the colon behind it.
    private mutating func key(_ quote: BytePointer) -> BytePointer? {
        sawEscape = false
        guard let closing = string(quote + 1) else { return nil }
        if keys.add(quote + 1, closing, hasEscape: sawEscape) { flaws.insert(.duplicateKey) }
        let colon = token(closing + 1)
        guard colon < end, colon.pointee == UInt8(ascii: ":") else { return malformed(colon) }
        return colon + 1
    }
}
