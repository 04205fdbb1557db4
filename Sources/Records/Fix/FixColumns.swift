// A fix file: rejects of earlier jobs, corrected. Its first four columns or keys say which record of which job each one is;
// they are no part of the record.

/// The columns of an input, matched, those of a fix file left out.
struct FixColumns {
    /// What they are called, in this order and spelling.
    package static let names = ["_job", "_reject", "_line", "_errors"].map { Array($0.utf8) }

    let isFix: Bool
    /// Of the columns behind those.
    let matcher: ColumnMatcher
    /// All of them; the first four of a fix file go nowhere.
    let columns: [Column]
    let age: AgeSource?

    init(_ names: [[UInt8]], isCSV: Bool, _ flags: InputFlags, seen: String) throws(Fault) {
        isFix = names.starts(with: Self.names)
        let count = isFix ? Self.names.count : 0
        matcher = try ColumnMatcher(Array(names.dropFirst(count)), isCSV: isCSV, flags, seen: seen)
        columns = names.prefix(count).map { Column(source: [$0], path: [], match: .none) } + matcher.columns
        age = matcher.ageSource.map {
            AgeSource(index: $0.index + count, source: $0.source, asOf: $0.asOf, format: $0.format)
        }
    }
}

/// Reads which reject a record of a fix file stands for.
struct FixCells {
    /// nil: JSON.
    private let delimiter: UInt8?

    init(_ conclusion: Conclusion) { delimiter = conclusion.form == .csv ? conclusion.dialect.delimiter : nil }

    /// nil: none, or none that can be told; the record is then like any other.
    func place(_ record: ScannedRecord) -> RejectPlace? {
        let cells = delimiter.map { Self.cells(record.original, $0) } ?? Self.values(record.original)
        guard cells.count == 3 else { return nil }
        return withBytes(cells[0]) { job in
            withBytes(cells[1]) { reject in withBytes(cells[2]) { RejectPlace(job: job, reject: reject, line: $0) } }
        }
    }

    /// The first three cells, none of which holds a delimiter or a quote; of a row that is broken further on, too.
    private static func cells(_ row: Bytes, _ delimiter: UInt8) -> [[UInt8]] {
        row.prefix(longest).split(separator: delimiter, maxSplits: 3, omittingEmptySubsequences: false).prefix(3).map {
            $0.filter { $0 != UInt8(ascii: "\"") }
        }
    }

    /// The values of the first members, as far as the object can be read.
    private static func values(_ json: Bytes) -> [[UInt8]] {
        let start = Bytes(rebasing: json.prefix(longest))
        return FixColumns.names.prefix(3).map { JSONMembers.value(at: [$0], in: start) ?? [] }
    }

    /// What is looked at: more than the three can be.
    private static let longest = 256
}
