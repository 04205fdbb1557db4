// CSV: a header row, then rows that become records. Blank lines – without any byte – are none.

/// Lines end at LF, CRLF or a CR alone. A row that is no record is a reject: another number of cells than the header,
/// or a quote where none may be. A quote that is never closed costs one line: scanning goes on at the next.
final class CSVScanner: FormatScanner {
    private let window: InputWindow
    private let dialect: Dialect
    @exclusivity(unchecked) private var nextLine: UInt64 = 1
    @exclusivity(unchecked) private var rows: CSVRowScanner
    @exclusivity(unchecked) private var columns: CSVColumns?
    @exclusivity(unchecked) private var encoder: CSVEncoder?
    /// What is kept of a row that is too long.
    private let prefix = ByteBuffer(capacity: 16)

    init(window: InputWindow, dialect: Dialect) {
        self.window = window
        self.dialect = dialect
        rows = CSVRowScanner(delimiter: dialect.delimiter, columns: 0)
    }

    /// The raw header row, checked. To be called once, before `next`.
    func readHeader() throws -> [UInt8] {
        while true {
            guard case (let end, let line)? = try nextRow() else { throw InputError("no header row") }
            switch end {
            case .complete(let length, _, _) where length <= Limits.headerRowBytes:
                let row = Bytes(start: window.first, count: length)
                let columns = try CSVColumns(row: row, dialect: dialect, line: line)
                self.columns = columns
                encoder = CSVEncoder(columns)
                rows = CSVRowScanner(delimiter: dialect.delimiter, columns: columns.paths.count)
                let header = Array(row)
                consume(end)
                return header
            case .openQuote where window.count <= Limits.headerRowBytes:
                throw InputError("the header row has a quote that is never closed (line \(line))")
            default:
                throw InputError("the header row is longer than \(Limits.headerRowBytes) bytes (line \(line))")
            }
        }
    }

    func next(_ record: inout ScannedRecord) throws -> Bool {
        guard let (end, line) = try nextRow(), let encoder, let columns else { return false }
        record.line = line
        record.offset = window.offset
        switch end {
        case .complete(let length, _, _):
            let row = window.first
            record.length = UInt64(truncatingIfNeeded: length)
            record.original = Bytes(start: row, count: length)
            if rows.cellCount != columns.paths.count || !rows.strayQuotes.isEmpty {
                record.reject(flaws(columns))
                record.isTruncated = false
            } else if let json = encoder.encode(row, rows.cells) {
                record.accept(json)
            } else {
                record.truncate([.tooLong], from: row, length, into: prefix)
            }
            consume(end)
        case .openQuote: try rejectLine(&record)
        case .tooLong(let from): try rejectLongRow(&record, scannedTo: from)
        case .needsMore: return false
        }
        return true
    }

    /// The row at the start of the window, after blank lines, and its line; nil at the end of the input.
    private func nextRow() throws -> (CSVRowEnd, line: UInt64)? {
        while try window.count > 0 || window.fill(1) {
            let end = rows.scan(window.first, window.count, isLast: window.isLast)
            switch end {
            case .complete(0, _, _): consume(end)
            case .needsMore: try window.fillMore()
            default: return (end, nextLine)
            }
        }
        return nil
    }

    @inline(__always)
    private func consume(_ end: CSVRowEnd) {
        guard case .complete(_, let next, let lines) = end else { return }
        window.consume(next)
        nextLine &+= lines
    }

    private func flaws(_ columns: CSVColumns) -> [FieldError] {
        var errors = ErrorList()
        if rows.cellCount != columns.paths.count {
            errors.append("", "ragged_row", "\(rows.cellCount) cells, the header has \(columns.paths.count)")
        }
        for index in rows.strayQuotes {
            let path = index < columns.paths.count ? columns.paths[index] : []
            let name = Array(path.joined(separator: [UInt8(ascii: ".")]))
            errors.append(
                name.withUnsafeBufferPointer { FieldError.fieldName($0) }, "stray_quote",
                "has a quote where none may be")
        }
        return errors.errors
    }

    // MARK: Quotes that are never closed, and rows that are too long

    /// The first physical line of a row whose quote is never closed.
    private func rejectLine(_ record: inout ScannedRecord) throws {
        while LineEnds.first(window.first, window.count, isLast: window.isLast) == nil,
            window.count <= Limits.valueBytes + 1, !window.isLast
        {
            try window.fillMore()
        }
        let end = LineEnds.first(window.first, window.count, isLast: window.isLast)
        let length = end?.length ?? window.count
        if length <= Limits.valueBytes {
            record.length = UInt64(length)
            record.original = Bytes(start: window.first, count: length)
            record.reject([.unterminatedQuote])
            record.isTruncated = false
            window.consume(end?.next ?? length)
            nextLine += 1
        } else {
            record.truncate([.unterminatedQuote, .tooLong], from: window.first, window.count, into: prefix)
            record.length = try skipLine()
        }
    }

    /// Passes over the rest of a physical line; how many bytes before its end.
    private func skipLine() throws -> UInt64 {
        var length: UInt64 = 0
        while try window.fill(1) {
            if let end = LineEnds.first(window.first, window.count, isLast: window.isLast) {
                window.consume(end.next)
                nextLine += 1
                return length + UInt64(end.length)
            }
            if window.first[window.count - 1] == 0x0D {
                // All but this CR: whether a LF follows it is not known yet.
                length += UInt64(window.count - 1)
                window.consume(window.count - 1)
                _ = try window.fill(2)
            } else {
                length += UInt64(window.count)
                window.consume(window.count)
            }
        }
        return length
    }

    /// The rest of a row that is too long, cell by cell. Of such a row only the beginning is in memory: a quote that
    /// is never closed ends it with the physical line of that quote.
    private func rejectLongRow(_ record: inout ScannedRecord, scannedTo firstCell: Int) throws {
        record.truncate([.tooLong], from: window.first, window.count, into: prefix)
        let start = window.offset
        nextLine += LineEnds.count(window.first, firstCell)
        window.consume(firstCell)
        var end: UInt64?
        while end == nil, try window.fill(1) {
            if window.first[0] == UInt8(ascii: "\"") {
                guard let closing = try closingQuote() else {
                    record.errors.append(.unterminatedQuote)
                    let lineStart = window.offset
                    end = lineStart + (try skipLine())
                    break
                }
                nextLine += LineEnds.count(window.first, closing)
                window.consume(closing + 1)
            }
            end = try skipUnquoted()
        }
        record.length = (end ?? window.offset) - start
    }

    /// From an opening quote at the start of the window; nil if it is never closed.
    private func closingQuote() throws -> Int? {
        _ = try window.fill(Limits.openQuoteBytes + 2)
        var position = 1
        while position < min(window.count, Limits.openQuoteBytes + 1) {
            if window.first[position] != UInt8(ascii: "\"") {
                position += 1
            } else if position + 1 < window.count, window.first[position + 1] == UInt8(ascii: "\"") {
                position += 2
            } else {
                return position
            }
        }
        return nil
    }

    /// Passes over text up to and with a delimiter, or the line end; not nil: the input's offset where the line ended.
    private func skipUnquoted() throws -> UInt64? {
        while try window.fill(1) {
            let byte = window.first[0]
            if byte == 0x0A || byte == 0x0D {
                let end = window.offset
                let isPair = try byte == 0x0D && window.fill(2) && window.first[1] == 0x0A
                window.consume(isPair ? 2 : 1)
                nextLine += 1
                return end
            }
            window.consume(1)
            if byte == dialect.delimiter { return nil }
        }
        return nil
    }
}
