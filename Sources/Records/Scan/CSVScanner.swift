// CSV rows that become records. Blank lines – without any byte – are none.

/// Lines end at LF, CRLF or a CR alone. A row that is no record is a reject: another number of cells than the header,
/// or a quote where none may be. A quote that is never closed costs one line: scanning goes on at the next.
final class CSVScanner: FormatScanner {
    let window: InputWindow
    let dialect: Dialect
    var nextLine: UInt64
    /// What is kept of a row that is too long.
    let prefix = ByteBuffer(capacity: 16)
    private let rows: CSVRowScanner
    private let columns: [Column]
    private let columnCount: Int
    private let encoder: CSVEncoder
    private let null: [UInt8]?
    private let isRagged: Bool
    private(set) var hasSurplus = false

    /// Behind the header row; `line` is the physical line there.
    init(window: InputWindow, _ conclusion: Conclusion, line: UInt64) {
        self.window = window
        dialect = conclusion.dialect
        nextLine = line
        columns = conclusion.columns
        columnCount = columns.count
        // One more than there are: where surplus cells begin.
        rows = CSVRowScanner(delimiter: dialect.delimiter, columns: columnCount + 1)
        encoder = CSVEncoder(columns.map(\.path), age: conclusion.age)
        null = conclusion.null
        isRagged = conclusion.isRagged
    }

    func next(_ record: inout ScannedRecord) throws -> Bool {
        while try window.count > 0 || window.fill(1) {
            record.line = nextLine
            record.offset = window.offset
            let row = window.first
            switch rows.scan(row, window.count, isLast: window.isLast) {
            case .complete(let length, let next, let lines):
                window.consume(next)
                nextLine &+= lines
                guard length > 0 else { continue }
                take(&record, row, length)
            case .needsMore:
                try window.fillMore()
                continue
            case .openQuote: try rejectLine(&record)
            case .tooLong(let from): try rejectLongRow(&record, scannedTo: from)
            }
            return true
        }
        return false
    }

    @inline(__always)
    private func take(_ record: inout ScannedRecord, _ row: BytePointer, _ length: Int) {
        record.length = UInt64(truncatingIfNeeded: length)
        record.original = Bytes(start: row, count: length)
        guard rows.cellCount == columnCount || fit(row, length), !rows.hasStrayQuotes else {
            record.reject(flaws())
            record.isTruncated = false
            return
        }
        if let null { rows.empty(row, columnCount, null) }
        if let json = encoder.encode(row, length, rows.cells) {
            record.accept(json)
            record.ageFault = encoder.ageFault
        } else {
            record.truncate([.tooLong], from: row, length, into: prefix)
        }
    }

    private func fit(_ row: BytePointer, _ length: Int) -> Bool {
        guard rows.fit(row, length, columnCount, isRagged: isRagged) else { return false }
        if rows.cellCount > columnCount { hasSurplus = true }
        return true
    }

    private func flaws() -> [FieldError] {
        var errors = ErrorList()
        if rows.cellCount > columnCount || rows.cellCount < columnCount && !isRagged {
            errors.append(
                "", "ragged_row",
                "the row has \(rows.cellCount) cell\(rows.cellCount == 1 ? "" : "s"), the header \(columnCount)")
        }
        for index in rows.strayQuotes {
            let column = index < columns.count ? columns[index] : nil
            let path = column.map { $0.path.isEmpty ? $0.source : $0.path } ?? []
            let name = FieldError.fieldName(Array(path.joined(separator: [UInt8(ascii: ".")])))
            let subject = name.isEmpty ? "a surplus cell " : ""
            errors.append(name, "stray_quote", subject + "has a quote in the wrong place")
        }
        return errors.errors
    }
}
