// Gives the keys of a JSON object the names they have in a record; all else stays as it was written.

/// One scanner's; made once of the columns. A value whose key keeps its depth is renamed in place; others are kept and
/// written behind the rest, those of one object together.
final class JSONRenamer {
    /// A key in the tree of all source paths.
    private final class Node {
        let key: [UInt8]
        /// Index of the column whose source ends here; −1 if none does.
        var column = -1
        /// Whether the source of `--age-from` ends here.
        var isBirth = false
        var children: [Node] = []

        init(key: [UInt8]) { self.key = key }
    }

    /// What is written behind the rest.
    private enum Step {
        /// `"key":`, and the value of a column if it was there.
        case value([UInt8], column: Int)
        /// `"key":{`; taken back by `close` if nothing came into it.
        case open([UInt8])
        case close
    }

    private let root = Node(key: [])
    /// Of a column that is renamed in place: `"name":`; of others empty.
    private let keys: [[UInt8]]
    private let steps: [Step]
    private let age: AgeSource?
    private let scratch = ObjectKeys()
    private let output = ByteBuffer(capacity: 1024)
    private let unescaped = ByteBuffer()
    /// By column; empty if it was not there.
    private let values: UnsafeMutablePointer<Bytes>
    private let columnCount: Int
    /// A column whose key is there twice: written twice, for the validator to see.
    private var doubled = -1
    private var birth: (value: Bytes, isString: Bool)?
    private var opened: [Int] = []
    /// What the date of birth of the last record is wrong with.
    private(set) var ageFault = AgeFault.none

    init(_ columns: [Column], age: AgeSource?) {
        self.age = age
        keys = columns.map { $0.isRenamedInPlace ? JSONString.key($0.path[0]) : [] }
        columnCount = columns.count
        values = .allocate(capacity: max(columns.count, 1))
        steps = Self.steps(columns.indices.filter { !columns[$0].isRenamedInPlace }.map { ($0, columns[$0].path[...]) })
        for (index, column) in columns.enumerated() { insert(column.source).column = index }
        if let age { insert(age.source).isBirth = true }
    }

    private func insert(_ path: [[UInt8]]) -> Node {
        path.reduce(root) { node, key in
            if let child = node.children.first(where: { $0.key == key }) { return child }
            let child = Node(key: key)
            node.children.append(child)
            return child
        }
    }

    private static func steps(_ columns: [(index: Int, path: ArraySlice<[UInt8]>)]) -> [Step] {
        var steps: [Step] = []
        var done: Set<[UInt8]> = []
        for column in columns {
            guard let key = column.path.first, done.insert(key).inserted else { continue }
            if column.path.count == 1 {
                steps.append(.value(JSONString.key(key), column: column.index))
            } else {
                let group = columns.filter { $0.path.first == key }.map { ($0.index, $0.path.dropFirst()) }
                steps.append(.open(JSONString.key(key) + [UInt8(ascii: "{")]))
                steps += Self.steps(group)
                steps.append(.close)
            }
        }
        return steps
    }

    deinit {
        scratch.deallocate()
        values.deallocate()
    }

    /// The object with its new names; valid until the next call. nil: it is not an object such as the validator takes.
    /// Longer than its limit it may be.
    func rename(_ json: Bytes) -> Bytes? {
        output.removeAll()
        values.update(repeating: Bytes(start: nil, count: 0), count: columnCount)
        doubled = -1
        birth = nil
        ageFault = .none
        guard let start = json.baseAddress else { return nil }
        scratch.reset(bytes: json.count)
        var scan = JSONScanner(end: start + json.count, keys: scratch)
        let brace = scan.token(start)
        guard brace < scan.end, brace.pointee == UInt8(ascii: "{") else { return nil }
        output.append(UInt8(ascii: "{"))
        guard let end = members(&scan, brace, root, depth: 1), scan.token(end) == scan.end else { return nil }
        appendKept()
        appendAge()
        output.append(UInt8(ascii: "}"))
        return output.bytes
    }

    /// Copies the members of the object at `brace` and takes out what goes elsewhere.
    private func members(_ scan: inout JSONScanner, _ brace: BytePointer, _ parent: Node, depth: Int) -> BytePointer? {
        var position = scan.token(brace + 1)
        if position < scan.end, position.pointee == UInt8(ascii: "}") { return position + 1 }
        while true {
            let quote = position
            guard quote < scan.end, quote.pointee == UInt8(ascii: "\"") else { return nil }
            scan.sawEscape = false
            guard let closing = scan.string(quote + 1) else { return nil }
            let node = find(quote + 1, closing, hasEscape: scan.sawEscape, parent)
            let colon = scan.token(closing + 1)
            guard colon < scan.end, colon.pointee == UInt8(ascii: ":") else { return nil }
            let value = scan.token(colon + 1)
            guard let end = copy(&scan, quote, value, node, depth: depth) else { return nil }
            position = scan.token(end)
            guard position < scan.end else { return nil }
            if position.pointee == UInt8(ascii: "}") { return position + 1 }
            guard position.pointee == UInt8(ascii: ",") else { return nil }
            position = scan.token(position + 1)
        }
    }

    /// One member, from the quote of its key to the end of its value.
    private func copy(
        _ scan: inout JSONScanner, _ quote: BytePointer, _ value: BytePointer, _ node: Node?, depth: Int
    ) -> BytePointer? {
        if let node, !node.children.isEmpty, node.column < 0, value < scan.end, value.pointee == UInt8(ascii: "{"),
            depth < Limits.depth
        {
            separate()
            output.append(Bytes(start: quote, count: value - quote))
            output.append(UInt8(ascii: "{"))
            guard let end = members(&scan, value, node, depth: depth + 1) else { return nil }
            output.append(UInt8(ascii: "}"))
            return end
        }
        guard let end = scan.value(value, depth: depth) else { return nil }
        let bytes = Bytes(start: value, count: end - value)
        if let node, node.isBirth { birth = birth ?? (bytes, value.pointee == UInt8(ascii: "\"")) }
        guard let node, node.column >= 0 else {
            separate()
            output.append(Bytes(start: quote, count: end - quote))
            return end
        }
        if !keys[node.column].isEmpty {
            separate()
            output.append(keys[node.column])
            output.append(bytes)
        } else if values[node.column].baseAddress == nil {
            values[node.column] = bytes
        } else {
            doubled = node.column
        }
        return end
    }

    private func find(_ start: BytePointer, _ end: BytePointer, hasEscape: Bool, _ parent: Node) -> Node? {
        var key = Bytes(start: start, count: end - start)
        if hasEscape {
            unescaped.removeAll()
            JSONString.unescape(start, end, into: unescaped)
            key = unescaped.bytes
        }
        for node in parent.children where node.key.count == key.count {
            if withBytes(node.key, { $0.elementsEqual(key) }) { return node }
        }
        return nil
    }

    /// A comma, unless the object begins here.
    private func separate() {
        if output.count > 0, output.base[output.count - 1] != UInt8(ascii: "{") { output.append(UInt8(ascii: ",")) }
    }

    private func appendKept() {
        opened.removeAll(keepingCapacity: true)
        for step in steps {
            switch step {
            case .value(let key, let column):
                guard values[column].baseAddress != nil else { continue }
                for _ in 0..<(doubled == column ? 2 : 1) {
                    separate()
                    output.append(key)
                    output.append(values[column])
                }
            case .open(let key):
                opened.append(output.count)
                separate()
                output.append(key)
            case .close:
                guard let start = opened.popLast() else { continue }
                if output.base[output.count - 1] == UInt8(ascii: "{") {
                    output.count = start
                } else {
                    output.append(UInt8(ascii: "}"))
                }
            }
        }
    }

    private func appendAge() {
        guard let age, let birth else { return }
        var text = birth.value
        if birth.isString { text = Bytes(rebasing: text[1..<(text.count - 1)]) }
        if birth.isString, trimmed(text).count == 0 { return }
        if !birth.isString, text.elementsEqual("null".utf8) { return }
        switch DateText.age(text, age.format, on: age.asOf) {
        case .years(let years):
            separate()
            output.append("\"age\":")
            for digit in String(years).utf8 { output.append(digit) }
        case .notADate: ageFault = .notADate
        case .inFuture: ageFault = .inFuture
        case .outOfRange: ageFault = .outOfRange
        }
    }
}

extension Column {
    /// Only its key changes.
    fileprivate var isRenamedInPlace: Bool { source.count == 1 && path.count == 1 }
}
