// CSV that does not fit the window: quotes that are never closed, and rows that are too long.

extension CSVScanner {
    /// The first physical line of a row whose quote is never closed.
    func rejectLine(_ record: inout ScannedRecord) throws {
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
    func rejectLongRow(_ record: inout ScannedRecord, scannedTo firstCell: Int) throws {
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
