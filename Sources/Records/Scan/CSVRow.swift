// RFC 4180: where the cells of a row are, and where the row ends. Looks only at delimiters, quotes and line ends.

/// A cell of a row, in bytes from the row's start; the quotes around it are left out. Inside, a quote stands twice.
struct CSVCell {
    let start: UInt32
    let count: UInt32
}

/// How a row that is in memory in part or as a whole goes on.
enum CSVRowEnd: Equatable {
    /// `length` bytes, and the next row begins at `next`; it has `lines` line ends, its own included.
    case complete(length: Int, next: Int, lines: UInt64)
    /// The end has not been seen yet.
    case needsMore
    /// A quote stays open for more than `Limits.openQuoteBytes`, or up to the end of the input.
    case openQuote
    /// Longer than `Limits.valueBytes`: to be scanned on from this cell, which starts at byte `from`.
    case tooLong(from: Int)
}

/// One row after another; scratch of one scanner.
final class CSVRowScanner {
    let delimiter: UInt8
    /// Of the last row: at most `columns` are kept, all are counted.
    private(set) var cells: UnsafeMutablePointer<CSVCell>
    private(set) var cellCount = 0
    /// Cells with a quote where none may be: inside an unquoted cell, or with text after the closing one. What follows
    /// the quote is text up to the next delimiter or line end.
    private(set) var strayQuotes: [Int] = []
    private(set) var hasStrayQuotes = false
    private let columns: Int

    init(delimiter: UInt8, columns: Int) {
        self.delimiter = delimiter
        self.columns = columns
        cells = .allocate(capacity: columns)
    }

    deinit { cells.deallocate() }

    /// Scans the row at the start of the window's `count` bytes. Blocks are loaded beyond them.
    func scan(_ row: BytePointer, _ count: Int, isLast: Bool) -> CSVRowEnd {
        if hasStrayQuotes {
            strayQuotes.removeAll(keepingCapacity: true)
            hasStrayQuotes = false
        }
        let delimiter = self.delimiter
        let cells = self.cells
        let columns = self.columns
        var found = 0
        var lines: UInt64 = 0
        var cellStart = 0
        var cellEnd = -1  // Of a quoted cell, once it is closed.
        var openQuote = -1
        var handled = 0  // Bytes before are done with: the second of two quotes, the LF of a CRLF.
        var position = 0
        while position < count {
            let block = ByteBlock(row + position)
            var hits = BlockHits(
                block.equal(delimiter) .| block.equal(UInt8(ascii: "\"")) .| block.equal(0x0A) .| block.equal(0x0D))
            while true {
                let hit = hits.removeFirst()
                guard hit < ByteBlock.size else { break }
                let at = position &+ hit
                guard at < count else { break }
                guard at >= handled else { continue }
                let byte = row[at]
                if openQuote >= 0 {
                    guard at &- openQuote <= Limits.openQuoteBytes else { return .openQuote }
                    if byte == UInt8(ascii: "\"") {
                        guard at &+ 1 < count || isLast else { return .needsMore }
                        if at &+ 1 < count, row[at &+ 1] == UInt8(ascii: "\"") {
                            handled = at &+ 2
                        } else {
                            cellEnd = at
                            openQuote = -1
                        }
                    } else if byte == 0x0A {
                        lines &+= 1
                    } else if byte == 0x0D {
                        guard at &+ 1 < count || isLast else { return .needsMore }
                        if at &+ 1 == count || row[at &+ 1] != 0x0A { lines &+= 1 }
                    }
                    continue
                }
                if at > Limits.valueBytes { return .tooLong(from: cellStart) }
                if byte == UInt8(ascii: "\"") {
                    if at == cellStart {
                        openQuote = at
                    } else {
                        addStrayQuote(found)
                    }
                    continue
                }
                // A delimiter or a line end: the cell is complete.
                var next = at &+ 1
                if byte == 0x0D {
                    guard next < count || isLast else { return .needsMore }
                    if next < count, row[next] == 0x0A { next &+= 1 }
                }
                if found < columns { cells[found] = cell(cellStart, cellEnd, at, found) }
                found &+= 1
                cellStart = next
                cellEnd = -1
                if byte != delimiter {
                    cellCount = found
                    return .complete(length: at, next: next, lines: lines &+ 1)
                }
            }
            position &+= ByteBlock.size
        }
        if openQuote >= 0 {
            return isLast || count - openQuote > Limits.openQuoteBytes + 1 ? .openQuote : .needsMore
        }
        if count > Limits.valueBytes { return .tooLong(from: cellStart) }
        guard isLast else { return .needsMore }
        if found < columns { cells[found] = cell(cellStart, cellEnd, count, found) }
        cellCount = found + 1
        return .complete(length: count, next: count, lines: lines)
    }

    /// The cell that starts at `start` and whose delimiter is at `end`; `quote` is its closing quote, or negative.
    @inline(__always)
    private func cell(_ start: Int, _ quote: Int, _ end: Int, _ index: Int) -> CSVCell {
        if quote < 0 {
            return CSVCell(start: UInt32(truncatingIfNeeded: start), count: UInt32(truncatingIfNeeded: end &- start))
        }
        if quote &+ 1 != end { addStrayQuote(index) }
        return CSVCell(
            start: UInt32(truncatingIfNeeded: start &+ 1), count: UInt32(truncatingIfNeeded: quote &- start &- 1))
    }

    private func addStrayQuote(_ cell: Int) {
        hasStrayQuotes = true
        if strayQuotes.last != cell { strayQuotes.append(cell) }
    }
}
