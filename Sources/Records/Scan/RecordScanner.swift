// Finds the records of an input: one scanner over all forms.

/// Streams: memory stays below 8 MiB however long the input, its records and its lines are, and the way it comes in pieces
/// changes nothing. One thread. Any error that `read` throws comes out of every function that throws.
package final class RecordScanner {
    /// Part of the plan of every job: to be raised when a plain file would be cut into other records, or other JSON. What
    /// has changed since the first version is a row with surplus cells that are empty, which was a reject: files that show
    /// one in their first bytes are not plain (`Conclusion.isPlain`). Of a file that shows one later only, a push that the
    /// first version began does not end alike: its job becomes inconsistent, and `push --again` mends it.
    package static let version = 1

    /// Valid until `next`.
    package private(set) var record = ScannedRecord()

    private let window: InputWindow
    private var scanner: (any FormatScanner)?
    private var renamer: JSONRenamer?
    private var fixes: FixCells?
    /// What is kept of a record that its new names make too long.
    private let prefix = ByteBuffer(capacity: 16)

    /// - Parameters:
    ///   - offset: of the first byte that `read` gives, from the start of the input: a byte order mark comes before.
    ///   - read: fills its buffer, or part of it, and returns how many bytes; 0 at the end of the input.
    package init(offset: UInt64 = 0, read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) {
        window = InputWindow(offset: offset, read: read)
    }

    /// Over bytes in memory, which must outlive it.
    init(_ bytes: Bytes, offset: UInt64) { window = InputWindow(bytes, offset: offset) }

    /// Passes over everything before the first record. To be called once, before `next`.
    /// - Throws: `InputError` if the input does not begin as it was concluded.
    package func begin(_ conclusion: Conclusion) throws {
        guard try window.fill(1) else { throw InputError("empty") }
        switch conclusion.form {
        case .csv: scanner = try csv(conclusion)
        case .jsonl: scanner = LineScanner(window: window)
        case .array: scanner = JSONElementScanner(window: window, isArray: true)
        case .objects: scanner = JSONElementScanner(window: window, isArray: false)
        }
        if conclusion.isFix { fixes = FixCells(conclusion) }
        if conclusion.form != .csv, !conclusion.columns.isEmpty || conclusion.age != nil {
            renamer = JSONRenamer(conclusion.columns, age: conclusion.age)
        }
    }

    private func csv(_ conclusion: Conclusion) throws -> CSVScanner {
        var line: UInt64 = 1
        for _ in 0..<max(conclusion.skippedLines, conclusion.hasDelimiterLine ? 1 : 0) {
            try skipLine()
            line += 1
        }
        if let expected = conclusion.header {
            let header = try CSVHeaderRow(window, delimiter: conclusion.dialect.delimiter, line: line)
            guard header.row == expected else { throw InputError("the header row is another one than before") }
            line = header.nextLine
        }
        return CSVScanner(window: window, conclusion, line: line)
    }

    private func skipLine() throws {
        while try window.fill(1) {
            if let end = LineEnds.first(window.first, window.count, isLast: window.isLast) {
                return window.consume(end.next)
            }
            if window.isLast { return window.consume(window.count) }
            // All but a CR that may belong to a LF.
            window.consume(window.count - 1)
            try window.fillMore()
        }
    }

    /// The next record; false at the end of the input.
    @inline(__always)
    package func next() throws -> Bool {
        guard let scanner else { preconditionFailure("records before begin") }
        guard try scanner.next(&record) else { return false }
        if let fixes { record.fixes = fixes.place(record) }
        if let renamer, let json = record.json { rename(json, renamer) }
        return true
    }

    private func rename(_ json: Bytes, _ renamer: JSONRenamer) {
        record.ageFault = .none
        // What cannot be renamed the validator refuses as it is.
        guard let renamed = renamer.rename(json) else { return }
        if renamed.count <= Limits.valueBytes {
            record.accept(renamed)
            record.ageFault = renamer.ageFault
        } else {
            guard let start = json.baseAddress else { return }
            record.truncate([.tooLong], from: start, json.count, into: prefix)
        }
    }

    /// A row of CSV so far had surplus cells, all of them empty.
    var hasSurplus: Bool { (scanner as? CSVScanner)?.hasSurplus ?? false }

    /// Bytes of the input up to where the next record, or what is before it, begins.
    package var position: UInt64 { window.offset }
}
