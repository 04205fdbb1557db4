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

    private let steps: UnsafeMutableBufferPointer<Step>
    private let literals = ByteBuffer()
    private let json = ByteBuffer(capacity: 1024)
    /// Where the objects that are open begin in `json`, their keys included.
    private let opened: UnsafeMutablePointer<Int>

    private let age: AgeSource?
    /// What the date of birth of the last row is wrong with.
    private(set) var ageFault = AgeFault.none

    /// - Parameter paths: of each column, where its value goes.
    init(_ paths: [[[UInt8]]], age: AgeSource?) {
        self.age = age
        var steps: [Step] = []
        Self.addSteps(for: paths.indices.map { ($0, paths[$0][...]) }, isOutermost: true, &steps, literals)
        // For the last block of the last literal.
        literals.reserve(ByteBlock.size)
        self.steps = .allocate(capacity: steps.count)
        _ = self.steps.initialize(from: steps)
        opened = .allocate(capacity: Limits.depth + 1)
    }

    deinit {
        steps.deallocate()
        opened.deallocate()
    }

    // MARK: Making the program

    /// Columns in the order of their first appearance, those of one object together.
    private static func addSteps(
        for columns: [(index: Int, path: ArraySlice<[UInt8]>)], isOutermost: Bool, _ steps: inout [Step],
        _ literals: ByteBuffer
    ) {
        var order: [[UInt8]] = []
        var groups: [[UInt8]: [(index: Int, path: ArraySlice<[UInt8]>)]] = [:]
        for column in columns {
            guard let key = column.path.first else { continue }
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append((column.index, column.path.dropFirst()))
        }
        for key in order {
            let group = groups[key] ?? []
            let isCell = group.count == 1 && group[0].path.isEmpty
            let isAge = isCell && isOutermost && key == Array("age".utf8)
            let start = literals.count
            literals.append(JSONString.key(key))
            literals.append(isCell ? UInt8(ascii: "\"") : UInt8(ascii: "{"))
            steps.append(
                Step(
                    action: isAge ? .age : isCell ? .string : .open, column: Int32(isCell ? group[0].index : 0),
                    literal: Int32(start), literalCount: Int32(literals.count - start)))
            if isCell { continue }
            addSteps(for: group, isOutermost: false, &steps, literals)
            steps.append(Step(action: .close, column: 0, literal: 0, literalCount: 0))
        }
    }

    // MARK: Running it

    /// The JSON of a row of `length` bytes whose cells are all there; valid until the next call. nil: it is longer than
    /// `Limits.valueBytes`. Blocks are loaded beyond the row.
    func encode(_ row: BytePointer, _ length: Int, _ cells: UnsafeMutablePointer<CSVCell>) -> Bytes? {
        json.removeAll()
        // Enough for a row without escapes, an age, and the block after its last byte: nothing is checked until there is
        // one.
        let room = literals.count &+ length &+ 4 &* steps.count &+ 3 &* ByteBlock.size
        json.reserve(room)
        var next = json.base
        next.pointee = UInt8(ascii: "{")
        next += 1
        var depth = 0
        for step in steps {
            switch step.action {
            case .string, .age:
                let cell = cells[Int(step.column)]
                let count = Int(cell.count)
                guard count > 0 else { continue }
                let start = row + Int(cell.start)
                if step.action == .age, Self.isCanonicalInteger(start, count) {
                    // Without the quote.
                    next = copyLiteral(step, Int(step.literalCount) &- 1, to: next)
                    next = copy(start, count, to: next, room)
                } else {
                    next = copyLiteral(step, Int(step.literalCount), to: next)
                    next = copy(start, count, to: next, room)
                    next.pointee = UInt8(ascii: "\"")
                    next += 1
                }
                next.pointee = UInt8(ascii: ",")
                next += 1
                guard next - json.base <= Limits.valueBytes else { return nil }
            case .open:
                opened[depth] = next - json.base
                depth &+= 1
                next = copyLiteral(step, Int(step.literalCount), to: next)
            case .close:
                depth &-= 1
                if next[-1] == UInt8(ascii: "{") {
                    next = json.base + opened[depth]
                } else {
                    Self.replaceLast(before: next, UInt8(ascii: "}"))
                    next.pointee = UInt8(ascii: ",")
                    next += 1
                }
            }
        }
        if let age { next = append(age, row, cells, to: next) }
        if next[-1] == UInt8(ascii: ",") {
            Self.replaceLast(before: next, UInt8(ascii: "}"))
        } else {
            next.pointee = UInt8(ascii: "}")
            next += 1
        }
        json.count = next - json.base
        return json.count <= Limits.valueBytes ? json.bytes : nil
    }

    /// A date of birth, as the age on a day: nothing if there is none, or if `ageFault` says what is wrong with it.
    private func append(
        _ age: AgeSource, _ row: BytePointer, _ cells: UnsafeMutablePointer<CSVCell>,
        to target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        ageFault = .none
        let cell = cells[age.index]
        let text = Bytes(start: row + Int(cell.start), count: Int(cell.count))
        guard trimmed(text).count > 0 else { return target }
        switch DateText.age(text, age.format, on: age.asOf) {
        case .notADate: ageFault = .notADate
        case .inFuture: ageFault = .inFuture
        case .outOfRange: ageFault = .outOfRange
        case .years(let years):
            var next = target
            for byte in "\"age\":\(years),".utf8 {
                next.pointee = byte
                next += 1
            }
            return next
        }
        return target
    }

    /// A raw store: Swift 6.3.1 drops `next[-1] = …` when `next[0] = …` follows it (at -O).
    @inline(__always)
    private static func replaceLast(before next: UnsafeMutablePointer<UInt8>, _ byte: UInt8) {
        UnsafeMutableRawPointer(next).storeBytes(of: byte, toByteOffset: -1, as: UInt8.self)
    }

    @inline(__always)
    private func copyLiteral(
        _ step: Step, _ count: Int, to target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        let source = BytePointer(literals.base + Int(step.literal))
        var copied = 0
        repeat {
            ByteBlock(source + copied).store(to: target + copied)
            copied &+= ByteBlock.size
        } while copied < count
        return target + count
    }

    /// A cell's text, escaped; returns where to go on. A quote stands twice in a cell and once in JSON.
    @inline(__always)
    private func copy(
        _ start: BytePointer, _ count: Int, to target: UnsafeMutablePointer<UInt8>, _ room: Int
    ) -> UnsafeMutablePointer<UInt8> {
        var copied = 0
        while true {
            let block = ByteBlock(start + copied)
            block.store(to: target + copied)
            let hit = BlockHits(
                block.equal(UInt8(ascii: "\"")) .| block.equal(UInt8(ascii: "\\")) .| block.control
            ).first
            if copied &+ hit >= count { return target + count }
            copied &+= hit
            if hit < ByteBlock.size { break }
        }
        return copyEscaped(start + copied, count - copied, to: target + copied, room)
    }

    /// The same from a byte that must be escaped on; stops soon after `Limits.valueBytes`.
    private func copyEscaped(
        _ start: BytePointer, _ count: Int, to target: UnsafeMutablePointer<UInt8>, _ room: Int
    ) -> UnsafeMutablePointer<UInt8> {
        json.count = target - json.base
        var position = 0
        while position < count, json.count <= Limits.valueBytes {
            let byte = start[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 {
                JSONString.appendEscaped(byte, to: json)
                position += byte == UInt8(ascii: "\"") ? 2 : 1
            } else {
                json.append(byte)
                position += 1
            }
        }
        // Again enough for all that is to come.
        json.reserve(room)
        return json.base + json.count
    }

    /// 0, or digits without a leading zero; up to 18 of them.
    @inline(__always)
    private static func isCanonicalInteger(_ start: BytePointer, _ count: Int) -> Bool {
        guard count <= 18, start[0] != UInt8(ascii: "0") || count == 1 else { return false }
        for position in 0..<count where !isDigit(start[position]) { return false }
        return true
    }
}
