// The header row of a CSV file: the first row that is not blank.

struct CSVHeader {
    /// As it stands in the file, without its line end.
    let row: [UInt8]
    let columns: CSVColumns
    /// The physical line behind it.
    let nextLine: UInt64

    /// Reads and checks the header row at the start of the window, and leaves the window behind it.
    init(_ window: InputWindow, _ dialect: Dialect) throws {
        let scanner = CSVRowScanner(delimiter: dialect.delimiter, columns: 0)
        var line: UInt64 = 1
        while try window.fill(1) {
            switch scanner.scan(window.first, window.count, isLast: window.isLast) {
            case .needsMore: try window.fillMore()
            case .complete(0, let next, let lines):
                window.consume(next)
                line += lines
            case .complete(let length, let next, let lines) where length <= Limits.headerRowBytes:
                let bytes = Bytes(start: window.first, count: length)
                row = Array(bytes)
                columns = try CSVColumns(row: bytes, dialect: dialect, line: line)
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
