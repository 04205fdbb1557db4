// The members of one JSON object, for what is looked at before any record is sent. Off the hot path.

package enum JSONMembers {
    /// The keys of the object that begins in `json`, unescaped: as many as there are before it breaks off. nil: it does
    /// not begin as an object.
    static func keys(of json: Bytes) -> [[UInt8]]? {
        var keys: [[UInt8]] = []
        return forEach(json) { key, _, _ in
            keys.append(key)
            return true
        } ? keys : nil
    }

    /// The text at a path: a string's without its quotes, a number's as it stands. nil: there is none.
    static func value(at path: [[UInt8]], in json: Bytes) -> [UInt8]? {
        guard let wanted = path.first else { return nil }
        var found: [UInt8]?
        _ = forEach(json) { key, value, isComplete in
            guard key == wanted, isComplete else { return true }
            if path.count > 1 {
                found = Self.value(at: Array(path.dropFirst()), in: value)
            } else if value.first == UInt8(ascii: "\""), let start = value.baseAddress {
                let text = ByteBuffer()
                JSONString.unescape(start + 1, start + value.count - 1, into: text)
                found = Array(text.bytes)
            } else if let first = value.first, isDigit(first) || first == UInt8(ascii: "-") {
                found = Array(value)
            }
            return false
        }
        return found
    }

    /// The members of one whole object, in order: keys unescaped, values as they stand.
    package static func all(of json: Bytes) -> [(key: [UInt8], value: Bytes)] {
        var members: [(key: [UInt8], value: Bytes)] = []
        _ = forEach(json) { key, value, isComplete in
            if isComplete { members.append((key, value)) }
            return true
        }
        return members
    }

    /// The keys of fields that are no column and null in a record.
    package static func clearedKeys(of record: Bytes) -> [[UInt8]] {
        all(of: record).filter { $0.value.first == UInt8(ascii: "n") && !RecordField.isColumn($0.key) }.map(\.key)
    }

    /// The JSON of an object with these members.
    package static func object(_ members: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
        var json = [UInt8(ascii: "{")]
        for (key, value) in members {
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            json += JSONString.key(key) + value
        }
        return json + [UInt8(ascii: "}")]
    }

    /// The arrays of objects in the object that the input begins with, by what jq calls them; the first few.
    static func wrappedArrays(in json: Bytes) -> [(filter: String, bytes: Bytes)] {
        var found: [(filter: String, bytes: Bytes)] = []
        addArrays(in: json, filter: "", depth: 0, to: &found)
        return found
    }

    private static func addArrays(
        in json: Bytes, filter: String, depth: Int, to found: inout [(filter: String, bytes: Bytes)]
    ) {
        _ = forEach(json) { key, value, _ in
            let filter = filter + step(key, isFirst: filter.isEmpty)
            if value.first == UInt8(ascii: "["),
                value.dropFirst().first(where: { !isWhitespace($0) }) == UInt8(ascii: "{")
            {
                found.append((filter + "[]", value))
            } else if value.first == UInt8(ascii: "{"), depth < 4 {
                addArrays(in: value, filter: filter, depth: depth + 1, to: &found)
            }
            return found.count < 8
        }
    }

    /// `.key`, or `["a key"]`.
    private static func step(_ key: [UInt8], isFirst: Bool) -> String {
        let isPlain =
            key.allSatisfy { byte in
                isDigit(byte) || byte == UInt8(ascii: "_")
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            } && key.first.map { !isDigit($0) } ?? false
        if isPlain { return "." + String(decoding: key, as: UTF8.self) }
        let quoted = String(decoding: JSONString.key(key).dropLast(), as: UTF8.self)
        return (isFirst ? "." : "") + "[\(quoted)]"
    }

    /// Hands out each key and its value, which is not complete if the text breaks off in it; until `body` returns false.
    /// False: it is not an object.
    private static func forEach(_ json: Bytes, _ body: ([UInt8], Bytes, Bool) -> Bool) -> Bool {
        guard let start = json.baseAddress else { return false }
        let scratch = ObjectKeys()
        defer { scratch.deallocate() }
        scratch.reset(bytes: json.count)
        var scan = JSONScanner(end: start + json.count, keys: scratch)
        var position = scan.token(start)
        guard position < scan.end, position.pointee == UInt8(ascii: "{") else { return false }
        position = scan.token(position + 1)
        let text = ByteBuffer()
        while position < scan.end, position.pointee == UInt8(ascii: "\"") {
            guard let closing = scan.string(position + 1) else { return true }
            text.removeAll()
            JSONString.unescape(position + 1, closing, into: text)
            let colon = scan.token(closing + 1)
            guard colon < scan.end, colon.pointee == UInt8(ascii: ":") else { return true }
            let value = scan.token(colon + 1)
            guard value < scan.end else { return true }
            let end = scan.value(value, depth: 1)
            guard body(Array(text.bytes), Bytes(start: value, count: (end ?? scan.end) - value), end != nil), let end
            else {
                return true
            }
            position = scan.token(end)
            guard position < scan.end, position.pointee == UInt8(ascii: ",") else { return true }
            position = scan.token(position + 1)
        }
        return true
    }
}
