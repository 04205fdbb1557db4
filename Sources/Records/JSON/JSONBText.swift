// JSON as Postgres prints jsonb, so that equal values are equal texts: the server need not parse a value to compare it.

/// Prints one value after the other. One owner; keeps its memory.
package struct JSONBText: ~Copyable {
    private struct Member {
        let key: Bytes
        let value: Bytes
    }

    private var text: [UInt8] = []
    private var isNull = true
    private var members: [Member] = []
    private let keys = ObjectKeys()
    private static let deepest = 32

    package init() {}

    deinit { keys.deallocate() }

    /// False: how Postgres prints it is not known, as of a string with escapes, a number with an exponent or a negative
    /// zero, a key twice, objects in objects too deep.
    /// - Parameter json: valid JSON, or nil (jsonb_in and JsonbToCString in the server's source).
    package mutating func print(_ json: Bytes?) -> Bool {
        text.removeAll(keepingCapacity: true)
        members.removeAll(keepingCapacity: true)
        isNull = json == nil
        guard let json else { return true }
        guard let start = json.baseAddress else { return false }
        keys.reset(bytes: json.count)
        var scan = JSONScanner(end: start + json.count, keys: keys)
        let first = scan.token(start)
        guard let end = scan.value(first, depth: 0), !scan.sawEscape, scan.flaws.isEmpty else { return false }
        return write(Bytes(start: first, count: end - first), depth: 0)
    }

    /// What was printed last; nil: of nil. Calls `body` with it.
    package func withText(_ body: (Bytes?) -> Void) {
        if isNull { body(nil) } else { text.withUnsafeBufferPointer { body($0) } }
    }

    private mutating func write(_ value: Bytes, depth: Int) -> Bool {
        switch value.first {
        case UInt8(ascii: "{"):
            guard depth < Self.deepest else { return false }
            return writeObject(value, depth)
        case UInt8(ascii: "["):
            guard depth < Self.deepest else { return false }
            return writeArray(value, depth)
        case nil: return false
        case let first?:
            if first == UInt8(ascii: "-") || isDigit(first), !Self.isPlain(value) { return false }
            text.append(contentsOf: value)
            return true
        }
    }

    private mutating func writeArray(_ array: Bytes, _ depth: Int) -> Bool {
        guard let start = array.baseAddress else { return false }
        var scan = JSONScanner(end: start + array.count, keys: keys)
        var position = scan.token(start + 1)
        text.append(UInt8(ascii: "["))
        while position < scan.end, position.pointee != UInt8(ascii: "]") {
            if position.pointee == UInt8(ascii: ",") {
                text.append(contentsOf: [UInt8(ascii: ","), UInt8(ascii: " ")])
                position = scan.token(position + 1)
            }
            guard let end = scan.value(position, depth: depth),
                write(Bytes(start: position, count: end - position), depth: depth + 1)
            else { return false }
            position = scan.token(end)
        }
        text.append(UInt8(ascii: "]"))
        return true
    }

    /// Keys are in the order of their lengths, those of one length in that of their bytes.
    private mutating func writeObject(_ object: Bytes, _ depth: Int) -> Bool {
        guard let start = object.baseAddress else { return false }
        var scan = JSONScanner(end: start + object.count, keys: keys)
        let first = members.count
        var position = scan.token(start + 1)
        while position < scan.end, position.pointee != UInt8(ascii: "}") {
            if position.pointee == UInt8(ascii: ",") { position = scan.token(position + 1) }
            guard let quote = scan.string(position + 1) else { return false }
            let colon = scan.token(quote + 1)
            guard colon < scan.end else { return false }
            let value = scan.token(colon + 1)
            guard let end = scan.value(value, depth: depth) else { return false }
            let key = Bytes(start: position, count: quote + 1 - position)
            guard insert(Member(key: key, value: Bytes(start: value, count: end - value)), from: first) else {
                return false
            }
            position = scan.token(end)
        }
        text.append(UInt8(ascii: "{"))
        for place in first..<members.count {
            if place > first { text.append(contentsOf: [UInt8(ascii: ","), UInt8(ascii: " ")]) }
            text.append(contentsOf: members[place].key)
            text.append(contentsOf: [UInt8(ascii: ":"), UInt8(ascii: " ")])
            guard write(members[place].value, depth: depth + 1) else { return false }
        }
        text.append(UInt8(ascii: "}"))
        members.removeLast(members.count - first)
        return true
    }

    /// Objects of people have few keys. False: too many, which would make this slow.
    private mutating func insert(_ member: Member, from first: Int) -> Bool {
        guard members.count - first < 256 else { return false }
        var place = members.count
        while place > first, Self.isOrdered(member.key, before: members[place - 1].key) { place -= 1 }
        members.insert(member, at: place)
        return true
    }

    private static func isOrdered(_ one: Bytes, before other: Bytes) -> Bool {
        one.count == other.count ? one.lexicographicallyPrecedes(other) : one.count < other.count
    }

    /// A number that jsonb prints as it came.
    private static func isPlain(_ number: Bytes) -> Bool {
        if number.count > 1, number[0] == UInt8(ascii: "-"), number[1] == UInt8(ascii: "0") { return false }
        return !number.contains { $0 | 0x20 == UInt8(ascii: "e") }
    }
}
