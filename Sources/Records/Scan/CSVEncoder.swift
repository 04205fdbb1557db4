// Makes a record's JSON of a row's cells: nested as the header's dots say, without the empty cells.

/// A small program made of the header once and run for every row.
final class CSVEncoder {
    private enum Action: UInt8 {
        /// A cell as a string, or nothing if it is empty.
        case string
        /// The same, but a canonical integer as a number.
        case age
        /// An object; taken back by `close` if nothing came into it.
        case open
        case close
    }

    private struct Step {
        let action: Action
        let column: Int32
        /// `"key":"` or `"key":{`, in `literals`.
        let literal: Int32
        let literalCount: Int32
    }

    @exclusivity(unchecked) private var steps: [Step] = []
    private let literals = ByteBuffer()
    private let json = ByteBuffer(capacity: 1024)
    /// Where the objects that are open begin, their key included.
    private let opened: UnsafeMutablePointer<Int>

    init(_ columns: CSVColumns) {
        opened = .allocate(capacity: Limits.depth + 1)
        addSteps(for: columns.paths.indices.map { ($0, columns.paths[$0][...]) }, isOutermost: true)
        // For the last block of the last literal.
        literals.reserve(ByteBlock.size)
    }

    deinit { opened.deallocate() }

    /// Columns in the order of their first appearance, those of one object together.
    private func addSteps(for columns: [(index: Int, path: ArraySlice<[UInt8]>)], isOutermost: Bool) {
        var order: [[UInt8]] = []
        var groups: [[UInt8]: [(index: Int, path: ArraySlice<[UInt8]>)]] = [:]
        for column in columns {
            guard let key = column.path.first else { continue }
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append((column.index, column.path.dropFirst()))
        }
        for key in order {
            let group = groups[key] ?? []
            if group.count == 1, group[0].path.isEmpty {
                let isAge = isOutermost && key == Array("age".utf8)
                addStep(isAge ? .age : .string, key, UInt8(ascii: "\""), column: group[0].index)
            } else {
                addStep(.open, key, UInt8(ascii: "{"), column: 0)
                addSteps(for: group, isOutermost: false)
                steps.append(Step(action: .close, column: 0, literal: 0, literalCount: 0))
            }
        }
    }

    private func addStep(_ action: Action, _ key: [UInt8], _ last: UInt8, column: Int) {
        let start = literals.count
        literals.append(UInt8(ascii: "\""))
        for byte in key {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                literals.append(UInt8(ascii: "\\"))
                literals.append(byte)
            } else if byte < 0x20 {
                Self.appendControl(byte, to: literals)
            } else {
                literals.append(byte)
            }
        }
        literals.append("\":")
        literals.append(last)
        steps.append(
            Step(
                action: action, column: Int32(column), literal: Int32(start),
                literalCount: Int32(literals.count - start)))
    }

    private static func appendControl(_ byte: UInt8, to target: ByteBuffer) {
        let digits = Array("0123456789abcdef".utf8)
        target.append("\\u00")
        target.append(digits[Int(byte >> 4)])
        target.append(digits[Int(byte & 15)])
    }

    /// The JSON of a row whose cells are all there; valid until the next call. nil: it is longer than
    /// `Limits.valueBytes`. Blocks are loaded beyond the row.
    func encode(_ row: BytePointer, _ cells: UnsafeMutablePointer<CSVCell>) -> Bytes? {
        json.removeAll()
        json.append(UInt8(ascii: "{"))
        var depth = 0
        for step in steps {
            switch step.action {
            case .string, .age:
                let cell = cells[Int(step.column)]
                guard cell.count > 0 else { continue }
                appendLiteral(step)
                let start = row + Int(cell.start)
                let count = Int(cell.count)
                if step.action == .age, Self.isCanonicalInteger(start, count) {
                    json.count &-= 1  // The quote.
                    appendText(start, count)
                } else {
                    appendText(start, count)
                    json.append(UInt8(ascii: "\""))
                }
                json.append(UInt8(ascii: ","))
                guard json.count <= Limits.valueBytes else { return nil }
            case .open:
                opened[depth] = json.count
                depth &+= 1
                appendLiteral(step)
            case .close:
                depth &-= 1
                if json.base[json.count &- 1] == UInt8(ascii: "{") {
                    json.count = opened[depth]
                } else {
                    json.base[json.count &- 1] = UInt8(ascii: "}")
                    json.append(UInt8(ascii: ","))
                }
            }
        }
        if json.base[json.count &- 1] == UInt8(ascii: ",") { json.count &-= 1 }
        json.append(UInt8(ascii: "}"))
        return json.count <= Limits.valueBytes ? json.bytes : nil
    }

    @inline(__always)
    private func appendLiteral(_ step: Step) {
        let count = Int(step.literalCount)
        json.reserve(count &+ ByteBlock.size)
        let source = BytePointer(literals.base + Int(step.literal))
        let target = json.base + json.count
        var copied = 0
        while copied < count {
            ByteBlock(source + copied).store(to: target + copied)
            copied &+= ByteBlock.size
        }
        json.count &+= count
    }

    /// A cell's text, escaped; stops soon after `Limits.valueBytes`. A quote stands twice in a cell and once in JSON.
    @inline(__always)
    private func appendText(_ start: BytePointer, _ count: Int) {
        json.reserve(count &+ 2 &* ByteBlock.size)
        var source = start
        var rest = count
        while true {
            let block = ByteBlock(source)
            block.store(to: json.base + json.count)
            let hit = BlockHits(
                block.equal(UInt8(ascii: "\"")) .| block.equal(UInt8(ascii: "\\")) .| block.control
            ).first
            if hit >= rest {
                json.count &+= rest
                return
            }
            json.count &+= hit
            source += hit
            rest &-= hit
            guard hit < ByteBlock.size else { continue }
            let used = appendEscaped(source.pointee)
            source += used
            rest &-= used
            json.reserve(rest &+ 2 &* ByteBlock.size)
            guard rest > 0, json.count <= Limits.valueBytes else { return }
        }
    }

    /// How many bytes of the cell it stands for.
    private func appendEscaped(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "\""):
            json.append("\\\"")
            return 2
        case UInt8(ascii: "\\"): json.append("\\\\")
        case 0x0A: json.append("\\n")
        case 0x0D: json.append("\\r")
        case 0x09: json.append("\\t")
        default: Self.appendControl(byte, to: json)
        }
        return 1
    }

    /// 0, or digits without a leading zero; up to 18 of them.
    @inline(__always)
    private static func isCanonicalInteger(_ start: BytePointer, _ count: Int) -> Bool {
        guard count <= 18, start[0] != UInt8(ascii: "0") || count == 1 else { return false }
        for position in 0..<count where !isDigit(start[position]) { return false }
        return true
    }
}
