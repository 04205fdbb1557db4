// The header row of a CSV file: which field of a record each column is, and what makes a header unusable.

/// The columns, by their paths: `address.line1` is ["address", "line1"].
struct CSVColumns {
    /// In the order of the file; whitespace around a name is not part of it.
    let paths: [[[UInt8]]]

    /// `row` is the raw header row, which starts at physical line `line`.
    init(row: Bytes, dialect: Dialect, line: UInt64) throws(InputError) {
        guard UTF8Rules.isValid(row) else { throw InputError("the header row is not UTF-8 text (line \(line))") }
        guard !row.contains(0) else { throw InputError("the header row has a NUL character (line \(line))") }
        let cells = try Self.cells(row, dialect, line)
        let seen = "(line \(line): \(Self.list(cells)))"
        paths = Self.paths(cells)
        try Self.checkNames(cells, paths, seen)
        let missing = self.missing
        guard !missing.isEmpty else { return }
        let hint = Self.hint(row, dialect)
        throw InputError(
            "no column\(missing.count > 1 ? "s" : "") \(missing.joined(separator: " and ")) \(seen)\(hint)")
    }

    /// Required columns that are not there: name, or both its parts; and age.
    private var missing: [String] {
        let hasParts = paths.contains { $0.count > 1 && $0[0] == Array("name".utf8) }
        let required = hasParts ? ["name.firstName", "name.lastName", "age"] : ["name", "age"]
        let names = Set(paths.map { $0.joined(separator: [UInt8(ascii: ".")]) }.map { Array($0) })
        return required.filter { !names.contains(Array($0.utf8)) }
    }

    private static func paths(_ cells: [[UInt8]]) -> [[[UInt8]]] {
        cells.map { $0.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Array($0) } }
    }

    /// Unquoted and trimmed.
    private static func cells(_ row: Bytes, _ dialect: Dialect, _ line: UInt64) throws(InputError) -> [[UInt8]] {
        // A copy, for the scanner loads blocks beyond the end.
        let copy = ByteBuffer(capacity: row.count + ByteBlock.size)
        copy.append(row)
        let scanner = CSVRowScanner(delimiter: dialect.delimiter, columns: row.count + 1)
        guard case .complete = scanner.scan(BytePointer(copy.base), row.count, isLast: true) else {
            throw InputError("the header row has a quote that is never closed (line \(line))")
        }
        if let stray = scanner.strayQuotes.first {
            let hint = trimmed(row).first == UInt8(ascii: "{") ? "; it looks like JSON lines: --format jsonl" : ""
            throw InputError("the header row has a stray quote in column \(stray + 1) (line \(line))\(hint)")
        }
        return (0..<scanner.cellCount).map { index in
            let cell = scanner.cells[index]
            var name: [UInt8] = []
            var isSecondQuote = false
            for byte in copy.slice(Int(cell.start), Int(cell.count)) {
                // Quotes stand in pairs.
                let isQuote = byte == UInt8(ascii: "\"")
                if !(isQuote && isSecondQuote) { name.append(byte) }
                isSecondQuote = isQuote && !isSecondQuote
            }
            return withBytes(name) { Array(trimmed($0)) }
        }
    }

    private static func checkNames(_ cells: [[UInt8]], _ paths: [[[UInt8]]], _ seen: String) throws(InputError) {
        var names: Set<[UInt8]> = []
        for (index, cell) in cells.enumerated() {
            let name = FieldError.fieldName(cell)
            if cell.isEmpty { throw InputError("column \(index + 1) has no name \(seen)") }
            if paths[index].contains([]) { throw InputError("column \(name) has an empty part \(seen)") }
            if paths[index].count > Limits.depth {
                throw InputError("column \(name) has more than \(Limits.depth) parts \(seen)")
            }
            if !names.insert(cell).inserted { throw InputError("column \(name) is there twice \(seen)") }
        }
        for (path, cell) in zip(paths, cells) {
            for count in 1..<max(path.count, 1) {
                let outer = Array(path[..<count].joined(separator: [UInt8(ascii: ".")]))
                guard names.contains(outer) else { continue }
                let (one, other) = (
                    FieldError.fieldName(outer),
                    FieldError.fieldName(cell)
                )
                throw InputError("column \(one) cannot stand beside \(other) \(seen)")
            }
        }
    }

    /// The first columns, for messages.
    private static func list(_ cells: [[UInt8]]) -> String {
        let shown = 20
        let names = cells.prefix(shown).map { FieldError.fieldName($0) }
        return names.joined(separator: ", ") + (cells.count > shown ? ", … \(cells.count - shown) more" : "")
    }

    /// What the file may be instead; empty if nothing is known.
    private static func hint(_ row: Bytes, _ dialect: Dialect) -> String {
        for (byte, name) in Dialect.delimiters where byte != dialect.delimiter && row.contains(byte) {
            let other = Dialect(delimiter: byte)
            guard (try? CSVColumns(onlyColumnsOf: row, other)) != nil else { continue }
            return "; it looks delimited by \(name): --delimiter \(byte == UInt8(ascii: "\t") ? name : "'\(name)'")"
        }
        return ""
    }

    /// For the hint, which must not look for a hint itself.
    private init(onlyColumnsOf row: Bytes, _ dialect: Dialect) throws(InputError) {
        paths = Self.paths(try Self.cells(row, dialect, 1))
        guard missing.isEmpty else { throw InputError("") }
    }
}
