// The header row of a CSV file: where it is, and its cells.

/// The first row that is not blank.
struct CSVHeaderRow {
    /// As it stands in the file, without its line end.
    let row: [UInt8]
    /// The physical line where it starts, and that behind it.
    let line: UInt64
    let nextLine: UInt64

    /// Reads the row at the start of the window, which begins with physical line `line`, and leaves the window behind it.
    /// - Throws: `InputError` if there is none, or it cannot be one.
    init(_ window: InputWindow, delimiter: UInt8, line start: UInt64) throws {
        let scanner = CSVRowScanner(delimiter: delimiter, columns: 0)
        var line = start
        while try window.fill(1) {
            switch scanner.scan(window.first, window.count, isLast: window.isLast) {
            case .needsMore where window.count <= Limits.headerRowBytes + 2: try window.fillMore()
            case .complete(0, let next, let lines):
                window.consume(next)
                line += lines
            case .complete(let length, let next, let lines) where length <= Limits.headerRowBytes:
                row = Array(Bytes(start: window.first, count: length))
                self.line = line
                nextLine = line + lines
                window.consume(next)
                return
            case .openQuote where window.count <= Limits.headerRowBytes:
                throw InputError("the header row has a quote that is never closed (line \(line))")
            default: throw InputError("the header row is longer than \(Limits.headerRowBytes) bytes (line \(line))")
            }
        }
        throw InputError("no header row")
    }
}

enum CSVHeaderCells {
    /// Unquoted and trimmed.
    static func cells(_ row: [UInt8], delimiter: UInt8, line: UInt64) throws(InputError) -> [[UInt8]] {
        // A copy, for the scanner loads blocks beyond the end.
        let copy = ByteBuffer(capacity: row.count + ByteBlock.size)
        copy.append(row)
        let scanner = CSVRowScanner(delimiter: delimiter, columns: row.count + 1)
        guard case .complete = scanner.scan(BytePointer(copy.base), row.count, isLast: true) else {
            throw InputError("the header row has a quote that is never closed (line \(line))")
        }
        if let stray = scanner.strayQuotes.first {
            throw InputError("the header row has a stray quote in column \(stray + 1) (line \(line))")
        }
        return (0..<scanner.cellCount).map { index in
            let cell = scanner.cells[index]
            return unquoted(copy.slice(Int(cell.start), Int(cell.count)))
        }
    }

    /// With single quotes where they stand in pairs, and trimmed.
    static func unquoted(_ cell: Bytes) -> [UInt8] {
        var text: [UInt8] = []
        var isSecondQuote = false
        for byte in cell {
            let isQuote = byte == UInt8(ascii: "\"")
            if !(isQuote && isSecondQuote) { text.append(byte) }
            isSecondQuote = isQuote && !isSecondQuote
        }
        return withBytes(text) { Array(trimmed($0)) }
    }
}
