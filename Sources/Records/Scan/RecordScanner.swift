// Finds the records of a file: one scanner over both formats.

/// Streams: memory stays below 8 MiB however long the file, its records and its lines are, and the way the input comes
/// in pieces changes nothing. One thread. Any error that `read` throws comes out of `readHeader` and `next`.
package final class RecordScanner {
    /// Part of the plan of every job: to be raised when a file would be cut into other records, or other JSON.
    package static let version = 1

    /// Valid until `next`.
    @exclusivity(unchecked) package private(set) var record = ScannedRecord()

    private let format: Format
    private let dialect: Dialect
    private let window: InputWindow
    @exclusivity(unchecked) private var scanner: (any FormatScanner)?

    /// - Parameters:
    ///   - offset: of the first byte that `read` gives, from the start of the input.
    ///   - read: fills its buffer, or part of it, and returns how many bytes; 0 at the end of the input.
    package init(
        format: Format, dialect: Dialect, offset: UInt64 = 0,
        read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
    ) {
        self.format = format
        self.dialect = dialect
        window = InputWindow(offset: offset, read: read)
    }

    /// To be called once, first. A byte order mark is passed over. Returns the header row of a CSV file as it stands,
    /// without its line end; nil for JSON lines.
    /// - Throws: `InputError` if the input is empty, is UTF-16, or has a header that cannot be used.
    package func readHeader() throws -> [UInt8]? {
        if try window.fill(2) {
            let mark = (window.first[0], window.first[1])
            if mark == (0xFE, 0xFF) || mark == (0xFF, 0xFE) {
                throw InputError("UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)")
            }
        }
        if try window.fill(3), sameBytes(window.first, [0xEF, 0xBB, 0xBF], 3) { window.consume(3) }
        guard try window.fill(1) else { throw InputError("empty") }
        switch format {
        case .csv:
            let header = try CSVHeader(window, dialect)
            scanner = CSVScanner(window: window, dialect: dialect, header: header)
            return header.row
        case .jsonl:
            scanner = LineScanner(window: window)
            return nil
        }
    }

    /// The next record; false at the end of the input.
    package func next() throws -> Bool {
        guard let scanner else { preconditionFailure("records before the header") }
        return try scanner.next(&record)
    }

    /// Bytes of the input up to where the next record, or what is before it, begins.
    package var position: UInt64 { window.offset }
}
