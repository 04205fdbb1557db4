// Rows that have another number of cells than the header, and cells that stand for nothing.

extension CSVRowScanner {
    /// Makes the last row one of `count` cells: surplus cells that are empty do not count, missing ones are empty if the
    /// row may be ragged. False: it stays as it is.
    func fit(_ row: BytePointer, _ length: Int, _ count: Int, isRagged: Bool) -> Bool {
        if cellCount < count {
            guard isRagged else { return false }
            for index in cellCount..<count { cells[index] = CSVCell(start: 0, count: 0) }
            return true
        }
        guard !hasStrayQuotes else { return false }
        var start = Int(cells[count].start)
        // Back to the opening quote.
        if start > 0, row[start - 1] == UInt8(ascii: "\"") { start -= 1 }
        let surplus = Bytes(start: row + start, count: max(0, length - start))
        return surplus.split(separator: delimiter).allSatisfy { cell in
            cell.elementsEqual("\"\"".utf8) || cell.allSatisfy(isWhitespace)
        }
    }

    /// Empties cells of exactly this text, quoted or not.
    func empty(_ row: BytePointer, _ count: Int, _ text: [UInt8]) {
        for index in 0..<count where Int(cells[index].count) == text.count {
            let cell = Bytes(start: row + Int(cells[index].start), count: text.count)
            if withBytes(text, { $0.elementsEqual(cell) }) { cells[index] = CSVCell(start: 0, count: 0) }
        }
    }
}
