// JSON as Postgres prints jsonb, so that equal values are equal texts: the server need not parse a value to compare it.

/// Prints one value after the other. One owner; keeps its memory.
package struct JSONBText: ~Copyable {
    private struct Member {
        let key: Bytes
        let value: UnsafePointer<UInt8>
    }

    private var text: [UInt8] = []
    private var isNull = true
    private var members: [Member] = []
    private static let deepest = 32

    package init() {}

    /// False: how Postgres prints it is not known, as of a string with escapes, a number with an exponent or a negative
    /// zero, a key twice, objects in objects too deep.
    /// - Parameter json: valid JSON, or nil (jsonb_in and JsonbToCString in the server's source).
    package mutating func print(_ json: Bytes?) -> Bool {
        text.removeAll(keepingCapacity: true)
        members.removeAll(keepingCapacity: true)
        isNull = json == nil
        guard let json else { return true }
        guard let start = json.baseAddress else { return false }
        var position = start
        return write(&position, start + json.count, depth: 0)
    }

    /// What was printed last; nil: of nil. Calls `body` with it.
    package func withText(_ body: (Bytes?) -> Void) {
        if isNull { body(nil) } else { text.withUnsafeBufferPointer { body($0) } }
    }

    private mutating func write(
        _ position: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, depth: Int
    ) -> Bool {
        Self.skipSpace(&position, end)
        guard position < end, depth < Self.deepest else { return false }
        switch position.pointee {
        case UInt8(ascii: "{"): return writeObject(&position, end, depth)
        case UInt8(ascii: "["): return writeArray(&position, end, depth)
        case UInt8(ascii: "\""):
            let start = position
            guard Self.skipString(&position, end) else { return false }
            text.append(contentsOf: Bytes(start: start, count: position - start))
            return true
        default:
            let start = position
            Self.skipWord(&position, end)
            let word = Bytes(start: start, count: position - start)
            guard !word.isEmpty, Self.isPlain(word) else { return false }
            text.append(contentsOf: word)
            return true
        }
    }

    private mutating func writeArray(
        _ position: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ depth: Int
    ) -> Bool {
        text.append(UInt8(ascii: "["))
        position += 1
        var isFirst = true
        while true {
            Self.skipSpace(&position, end)
            guard position < end else { return false }
            if position.pointee == UInt8(ascii: "]") { break }
            if position.pointee == UInt8(ascii: ",") { position += 1 }
            if !isFirst { text.append(contentsOf: [UInt8(ascii: ","), UInt8(ascii: " ")]) }
            isFirst = false
            guard write(&position, end, depth: depth + 1) else { return false }
        }
        position += 1
        text.append(UInt8(ascii: "]"))
        return true
    }

    /// Keys are in the order of their lengths, those of one length in that of their bytes.
    private mutating func writeObject(
        _ position: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ depth: Int
    ) -> Bool {
        let first = members.count
        position += 1
        while true {
            Self.skipSpace(&position, end)
            guard position < end else { return false }
            if position.pointee == UInt8(ascii: "}") { break }
            if position.pointee == UInt8(ascii: ",") {
                position += 1
                Self.skipSpace(&position, end)
            }
            let start = position
            guard position < end, Self.skipString(&position, end) else { return false }
            let key = Bytes(start: start, count: position - start)
            Self.skipSpace(&position, end)
            guard position < end, position.pointee == UInt8(ascii: ":") else { return false }
            position += 1
            Self.skipSpace(&position, end)
            guard insert(Member(key: key, value: position), from: first), Self.skipValue(&position, end) else {
                return false
            }
        }
        position += 1
        text.append(UInt8(ascii: "{"))
        for place in first..<members.count {
            if place > first { text.append(contentsOf: [UInt8(ascii: ","), UInt8(ascii: " ")]) }
            text.append(contentsOf: members[place].key)
            text.append(contentsOf: [UInt8(ascii: ":"), UInt8(ascii: " ")])
            var value = members[place].value
            guard write(&value, end, depth: depth + 1) else { return false }
        }
        text.append(UInt8(ascii: "}"))
        members.removeLast(members.count - first)
        return true
    }

    /// Objects of people have few keys. False: the key is there already.
    private mutating func insert(_ member: Member, from first: Int) -> Bool {
        // More would make this slow.
        guard members.count - first < 256 else { return false }
        var place = members.count
        while place > first {
            let order = Self.compare(members[place - 1].key, member.key)
            if order == 0 { return false }
            if order < 0 { break }
            place -= 1
        }
        members.insert(member, at: place)
        return true
    }

    private static func compare(_ one: Bytes, _ other: Bytes) -> Int {
        if one.count != other.count { return one.count - other.count }
        for place in 0..<one.count where one[place] != other[place] { return Int(one[place]) - Int(other[place]) }
        return 0
    }

    /// A word that jsonb prints as it came.
    private static func isPlain(_ word: Bytes) -> Bool {
        if word[0] == UInt8(ascii: "t") || word[0] == UInt8(ascii: "f") || word[0] == UInt8(ascii: "n") { return true }
        if word.count > 1, word[0] == UInt8(ascii: "-"), word[1] == UInt8(ascii: "0") { return false }
        return !word.contains { $0 | 0x20 == UInt8(ascii: "e") }
    }

    @inline(__always)
    private static func skipSpace(_ position: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
        while position < end, position.pointee <= 0x20 { position += 1 }
    }

    /// False: it has escapes.
    @inline(__always)
    private static func skipString(_ position: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
        position += 1
        while position < end {
            let byte = position.pointee
            position += 1
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\") { return false }
        }
        return false
    }

    @inline(__always)
    private static func skipWord(_ position: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
        while position < end {
            switch position.pointee {
            case 0...0x20, UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"): return
            default: position += 1
            }
        }
    }

    private static func skipValue(_ position: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
        var depth = 0
        while position < end {
            switch position.pointee {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
                continue
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            case UInt8(ascii: "\""): guard skipString(&position, end) else { return false }
            case 0...0x20, UInt8(ascii: ","), UInt8(ascii: ":"):
                position += 1
                continue
            default: skipWord(&position, end)
            }
            if depth <= 0 { return true }
        }
        return false
    }
}
