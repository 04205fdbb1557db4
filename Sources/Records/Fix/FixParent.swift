// A job whose rejects are written into a fix file: how its records read, and what its columns are called there.

/// What stands before each record of a fix file.
package struct FixStamp {
    /// `JobID.text`.
    let job: String
    /// `RejectPlace.rejectText`.
    let reject: String
    let line: Int64
    /// What is wrong with the record, for people.
    let errors: String

    package init(job: String, reject: String, line: Int64, errors: String) {
        self.job = job
        self.reject = reject
        self.line = line
        self.errors = errors
    }
}

/// The columns of a job's CSV file under the names that fix files have for them.
package struct FixParent {
    struct Output {
        enum Source {
            case cell(Int)
            /// Computed from the date of birth.
            case age
        }

        let path: [[UInt8]]
        /// What it is called in its own file, if that name alone spares people an invalid value; else nil.
        let alias: [UInt8]?
        let source: Source
    }

    let delimiter: UInt8
    /// In the order of the file; the date of birth is followed by the age.
    let outputs: [Output]
    let columnCount: Int
    let null: [UInt8]?
    let isRagged: Bool
    let age: AgeSource?

    /// - Parameters:
    ///   - header: the row of a file that has one.
    ///   - flags: what push was told of the file.
    /// - Returns: nil: the columns cannot be told.
    package init?(delimiter: UInt8?, header: [UInt8]?, flags: InputFlags) {
        self.delimiter = delimiter ?? Dialect().delimiter
        let separator = self.delimiter
        let names =
            header.map { (try? CSVHeaderCells.cells($0, delimiter: separator, line: 1)) ?? [] }
            ?? (flags.columns ?? []).map { withBytes(Array($0.utf8)) { Array(trimmed($0)) } }
        guard let matched = try? FixColumns(names, isCSV: true, flags, seen: ""), !names.isEmpty else { return nil }
        age = matched.age
        columnCount = names.count
        null = flags.null.map { Array($0.utf8) }
        isRagged = flags.ragged
        var outputs: [Output] = []
        for (index, column) in matched.columns.enumerated() {
            if !column.path.isEmpty {
                outputs.append(
                    Output(
                        path: column.path, alias: column.sparesPeople ? column.source.first : nil, source: .cell(index))
                )
            }
            if matched.age?.index == index {
                outputs.append(Output(path: FieldName.age.path, alias: nil, source: .age))
            }
        }
        self.outputs = outputs
    }

    /// By output: nil where the row has no such cell. Then what is left of the row.
    func cells(of record: [UInt8], isOriginal: Bool) -> (values: [[UInt8]?], surplus: [[UInt8]]) {
        guard isOriginal else {
            return (
                outputs.map { output in withBytes(record) { JSONMembers.value(at: output.path, in: $0) ?? [] } }, []
            )
        }
        var cells = CSVCells.whole(record, delimiter: delimiter)
        while cells.count > columnCount, cells.last?.isEmpty == true { cells.removeLast() }
        if isRagged { while cells.count < columnCount { cells.append([]) } }
        if let null { cells = cells.map { $0 == null ? [] : $0 } }
        let values = outputs.map { output -> [UInt8]? in
            switch output.source {
            case .cell(let index): cells.indices.contains(index) ? cells[index] : nil
            case .age: years(cells)
            }
        }
        return (values, Array(cells.dropFirst(columnCount)))
    }

    /// Empty: somebody has to write it.
    private func years(_ cells: [[UInt8]]) -> [UInt8] {
        guard let age, cells.indices.contains(age.index),
            case .years(let years) = withBytes(cells[age.index], { DateText.age($0, age.format, on: age.asOf) })
        else { return [] }
        return Array(String(years).utf8)
    }
}

extension Column {
    /// Under this name, and not under our own, an invalid value stays in `additional_info`.
    var sparesPeople: Bool {
        match == .alias && FieldName.allCases.contains { $0.isOptional && $0.path == path }
    }
}

enum CSVCells {
    /// The cells of one row, whatever is wrong with it: unquoted, not trimmed. A cell with a quote where none may be
    /// stays as it is written.
    static func whole(_ row: [UInt8], delimiter: UInt8) -> [[UInt8]] {
        // A copy, for the scanner loads blocks beyond the end.
        let copy = ByteBuffer(capacity: row.count + ByteBlock.size)
        copy.append(row)
        let scanner = CSVRowScanner(delimiter: delimiter, columns: row.count + 1)
        guard case .complete(let length, _, _) = scanner.scan(BytePointer(copy.base), row.count, isLast: true),
            length == row.count
        else {
            return row.split(separator: delimiter, omittingEmptySubsequences: false).map { Array($0) }
        }
        let starts = (0..<scanner.cellCount).map { index -> Int in
            let start = Int(scanner.cells[index].start)
            return start > 0 && row[start - 1] == UInt8(ascii: "\"") ? start - 1 : start
        }
        let stray = Set(scanner.strayQuotes)
        return starts.indices.map { index in
            let end = index + 1 < starts.count ? starts[index + 1] - 1 : row.count
            if stray.contains(index) { return Array(row[starts[index]..<end]) }
            let cell = scanner.cells[index]
            return unquoted(row[Int(cell.start)..<Int(cell.start + cell.count)])
        }
    }

    private static func unquoted(_ cell: ArraySlice<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        var isSecondQuote = false
        for byte in cell {
            let isQuote = byte == UInt8(ascii: "\"")
            if !(isQuote && isSecondQuote) { text.append(byte) }
            isSecondQuote = isQuote && !isSecondQuote
        }
        return text
    }
}

/// UTF-8 of what may not be: most of that is windows-1252.
func fixText(_ bytes: [UInt8]) -> [UInt8] {
    if withBytes(bytes, UTF8Rules.isValid) { return bytes }
    return Windows1252.decoded(bytes) ?? Array(String(decoding: bytes, as: UTF8.self).utf8)
}
