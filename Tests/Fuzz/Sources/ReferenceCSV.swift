// RFC 4180 and the rules of the README once more, byte by byte: what the scanner is compared with. Knows no limits.

/// Reads rows behind a header.
struct ReferenceCSV {
    struct Row: Equatable {
        var line: UInt64
        var offset: Int
        var length: Int
        /// nil: it is a reject.
        var json: String?
        /// The first error of a reject.
        var code: String?
    }

    /// Of the columns: a part, or two for one inside an object.
    let paths: [[String]]
    let delimiter: UInt8
    var isRagged = false
    var null: [UInt8]?

    private struct Cell {
        var raw: ArraySlice<UInt8> = []
        /// Without its quotes; quotes inside stand once.
        var text: [UInt8] = []
        /// The same with quotes twice, as they stand.
        var inner: ArraySlice<UInt8> = []
        var isStray = false
    }

    func rows(_ bytes: [UInt8]) -> [Row] {
        var rows: [Row] = []
        var at = 0
        var line: UInt64 = 1
        while at < bytes.count {
            let (cells, end, isOpen) = row(bytes, at)
            if isOpen {
                let end = lineEnd(bytes, at)
                rows.append(Row(line: line, offset: at, length: end - at, code: "unterminated_quote"))
                at = behindLineEnd(bytes, end)
                line += 1
                continue
            }
            if end > at { rows.append(judged(cells, Row(line: line, offset: at, length: end - at))) }
            let next = behindLineEnd(bytes, end)
            line += lineEnds(bytes[at..<next])
            at = next
        }
        return rows
    }

    private func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    private func lineEnd(_ bytes: [UInt8], _ start: Int) -> Int {
        bytes[start...].firstIndex(where: isLineEnd) ?? bytes.count
    }

    private func behindLineEnd(_ bytes: [UInt8], _ end: Int) -> Int {
        guard end < bytes.count else { return end }
        return bytes[end] == 0x0D && end + 1 < bytes.count && bytes[end + 1] == 0x0A ? end + 2 : end + 1
    }

    private func lineEnds(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var count: UInt64 = 0
        var last: UInt8 = 0
        for byte in bytes {
            if byte == 0x0D || byte == 0x0A && last != 0x0D { count += 1 }
            last = byte
        }
        return count
    }

    /// The cells of the row at `start`, and its end.
    private func row(_ bytes: [UInt8], _ start: Int) -> (cells: [Cell], end: Int, isOpen: Bool) {
        var cells: [Cell] = []
        var at = start
        while true {
            let cellStart = at
            var cell = Cell()
            if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
                at += 1
                while true {
                    guard at < bytes.count else { return (cells, at, true) }
                    if bytes[at] == UInt8(ascii: "\"") {
                        guard at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "\"") else { break }
                        at += 1
                    }
                    cell.text.append(bytes[at])
                    at += 1
                }
                cell.inner = bytes[cellStart + 1..<at]
                at += 1
                while at < bytes.count, bytes[at] != delimiter, !isLineEnd(bytes[at]) {
                    cell.isStray = true
                    at += 1
                }
            } else {
                while at < bytes.count, bytes[at] != delimiter, !isLineEnd(bytes[at]) {
                    if bytes[at] == UInt8(ascii: "\"") { cell.isStray = true }
                    cell.text.append(bytes[at])
                    at += 1
                }
                cell.inner = bytes[cellStart..<at]
            }
            cell.raw = bytes[cellStart..<at]
            cells.append(cell)
            guard at < bytes.count, bytes[at] == delimiter else { return (cells, at, false) }
            at += 1
        }
    }

    private func judged(_ cells: [Cell], _ row: Row) -> Row {
        var row = row
        let isStray = cells.contains(where: \.isStray)
        var fits = cells.count == paths.count || cells.count < paths.count && isRagged
        if cells.count > paths.count, !isStray {
            fits = cells[paths.count...].allSatisfy { cell in
                cell.raw.elementsEqual("\"\"".utf8) || cell.raw.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
            }
        }
        row.code = !fits ? "ragged_row" : isStray ? "stray_quote" : nil
        if row.code == nil { row.json = json(cells) }
        return row
    }

    /// Members in the order of the columns, those of one object together.
    private func json(_ cells: [Cell]) -> String {
        var keys: [String] = []
        for path in paths where !keys.contains(path[0]) { keys.append(path[0]) }
        let members = keys.compactMap { key in
            let inside = zip(paths, cells).compactMap { path, cell in path[0] == key ? member(path, cell) : nil }
            let isNested = paths.contains { $0.count > 1 && $0[0] == key }
            return inside.isEmpty || !isNested ? inside.first : "\"\(key)\":{" + inside.joined(separator: ",") + "}"
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    /// nil: the cell is empty.
    private func member(_ path: [String], _ cell: Cell) -> String? {
        guard !cell.text.isEmpty, null.map({ !$0.elementsEqual(cell.inner) }) ?? true else { return nil }
        let isNumber =
            path == ["age"] && cell.inner.count <= 18 && cell.inner.allSatisfy { (0x30...0x39).contains($0) }
            && (cell.inner.count == 1 || cell.inner.first != 0x30)
        let value = isNumber ? fuzzLatin(cell.text) : "\"" + escaped(cell.text) + "\""
        return "\"\(path[path.count - 1])\":\(value)"
    }

    private func escaped(_ text: [UInt8]) -> String {
        var json = ""
        for byte in text {
            switch byte {
            case 0x0A: json += "\\n"
            case 0x0D: json += "\\r"
            case 0x09: json += "\\t"
            case ..<0x20: json += "\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            case 0x22: json += "\\\""
            case 0x5C: json += "\\\\"
            default: json += fuzzLatin([byte])
            }
        }
        return json
    }
}

/// A character for each byte, so that any bytes can be compared as text.
func fuzzLatin(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    return text
}
