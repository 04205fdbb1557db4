// A fix file: rejects of earlier jobs, corrected. Columns or keys _job, _reject, _line and _errors say which record of which
// job each one is; they are no part of the record.

/// The columns of an input, matched, those of a fix file left out.
struct FixColumns {
    /// What they are called where userload writes them, first and in this order.
    package static let names = ["_job", "_reject", "_line", "_errors"].map { Array($0.utf8) }

    /// An editor may have moved them: the first two, wherever they stand, make it a fix file.
    let isFix: Bool
    /// Of the other columns.
    let matcher: ColumnMatcher
    /// All of them; those that make it a fix file go nowhere.
    let columns: [Column]
    let age: AgeSource?

    init(_ names: [[UInt8]], isCSV: Bool, _ flags: InputFlags, seen: String) throws(Fault) {
        let places = names.map(Self.place)
        let isFix = places.contains(0) && places.contains(1)
        let others = names.indices.filter { !isFix || places[$0] == nil }
        matcher = try ColumnMatcher(others.map { names[$0] }, isCSV: isCSV, flags, seen: seen)
        var columns = names.map { Column(source: [$0], path: [], match: .none) }
        let matched = matcher.columns
        for (index, other) in others.enumerated() { columns[other] = matched[index] }
        self.isFix = isFix
        self.columns = columns + matched.dropFirst(others.count)
        age = matcher.ageSource.map { source in
            AgeSource(
                index: isCSV ? others[source.index] : source.index, source: source.source, asOf: source.asOf,
                format: source.format)
        }
    }

    /// Which of `names` a header is, in letters of any case; nil: another one.
    fileprivate static func place(_ header: [UInt8]) -> Int? {
        let lowered = header.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        return names.firstIndex(of: lowered)
    }
}

/// Reads which reject a record of a fix file stands for.
struct FixCells {
    /// nil: JSON.
    private let delimiter: UInt8?
    /// Of CSV: which columns the first three names are.
    private let indices: [Int?]
    /// Of JSON: which keys they are.
    private let keys: [[UInt8]]

    init(_ conclusion: Conclusion) {
        delimiter = conclusion.form == .csv ? conclusion.dialect.delimiter : nil
        let places = conclusion.columns.map { $0.path.isEmpty ? FixColumns.place($0.source.first ?? []) : nil }
        indices = (0..<3).map { places.firstIndex(of: $0) }
        keys = indices.map { index in index.flatMap { conclusion.columns[$0].source.first } ?? [] }
    }

    /// nil: none, or none that can be told; the record is then like any other.
    func place(_ record: ScannedRecord) -> RejectPlace? {
        let cells = delimiter.map { self.cells(record.original, $0) } ?? keys.map { value($0, record.original) }
        return withBytes(cells[0]) { job in
            withBytes(cells[1]) { reject in withBytes(cells[2]) { RejectPlace(job: job, reject: reject, line: $0) } }
        }
    }

    /// Of a row that is broken further on, too.
    private func cells(_ row: Bytes, _ delimiter: UInt8) -> [[UInt8]] {
        var cells = [[UInt8]](repeating: [], count: 3)
        let last = indices.compactMap { $0 }.max() ?? 0
        var (index, isQuoted) = (0, false)
        for byte in row.prefix(Self.longest) {
            if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == delimiter, !isQuoted {
                index += 1
                if index > last { break }
            } else if let place = indices.firstIndex(of: index) {
                cells[place].append(byte)
            }
        }
        return cells
    }

    /// As far as the object can be read.
    private func value(_ key: [UInt8], _ json: Bytes) -> [UInt8] {
        JSONMembers.value(at: [key], in: Bytes(rebasing: json.prefix(Self.longest))) ?? []
    }

    /// What is looked at of a record.
    private static let longest = 65_536
}
