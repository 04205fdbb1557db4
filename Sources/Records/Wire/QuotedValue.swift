// The value that an error is about, as people are shown it. Messages never hold it: it is taken from the record.

/// Trimmed, and at most `longest` bytes and then "…".
enum QuotedValue {
    static let longest = 60

    /// nil: there is nothing to show.
    static func cut(_ value: Bytes) -> [UInt8]? {
        let value = trimmed(value)
        guard value.count > longest else { return value.count == 0 ? nil : Array(value) }
        var count = longest
        while count > 0, value[count] & 0xC0 == 0x80 { count -= 1 }
        return Array(value[..<count]) + Array("…".utf8)
    }

    /// Of an error without a field: how the record begins.
    static func value(of error: FieldError, in record: ScannedRecord) -> [UInt8]? {
        guard !error.field.isEmpty else { return cut(record.original) }
        return record.json.flatMap { value(of: error.field, inJSON: $0) }
    }

    static func value(of field: String, inJSON json: Bytes) -> [UInt8]? {
        let path = field.split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) }
        let value = JSONMembers.value(at: [Array(field.utf8)], in: json) ?? JSONMembers.value(at: path, in: json)
        return value.flatMap { withBytes($0) { cut($0) } }
    }
}

/// Finds the values in records that were kept as they stood in their file.
package struct KeptRecords {
    private let isCSV: Bool
    private let delimiter: UInt8
    private let flags: InputFlags
    /// Of CSV; empty if they cannot be told.
    private let columns: [Column]
    private let age: AgeSource?

    /// - Parameters:
    ///   - header: the row of a CSV file that has one.
    ///   - flags: what push was told of the file; nil if that is not known.
    package init(isCSV: Bool, delimiter: UInt8?, header: [UInt8]?, flags: InputFlags?) {
        let separator = delimiter ?? Dialect().delimiter
        let names =
            header.map { (try? CSVHeaderCells.cells($0, delimiter: separator, line: 1)) ?? [] }
            ?? (flags?.columns ?? []).map { withBytes(Array($0.utf8)) { Array(trimmed($0)) } }
        let matcher = isCSV ? flags.flatMap { try? FixColumns(names, isCSV: true, $0, seen: "") } : nil
        self.isCSV = isCSV
        self.delimiter = separator
        self.flags = flags ?? InputFlags()
        columns = matcher?.columns ?? []
        age = matcher?.age
    }

    /// nil: it cannot be told, or there is none.
    /// - Parameters:
    ///   - isOriginal: as it stood in the file, not the JSON that push made of it.
    package func value(of error: FieldError, in record: [UInt8], isOriginal: Bool) -> [UInt8]? {
        // What is not there has no value, whatever another name may make of the record.
        guard error.code != "missing" else { return nil }
        return withBytes(record) { record in
            if error.field.isEmpty { return QuotedValue.cut(record) }
            if isOriginal, isCSV { return cell(error.field, record) }
            if isOriginal, let source = source(of: error.field, in: record) {
                return JSONMembers.value(at: source, in: record).flatMap { withBytes($0) { QuotedValue.cut($0) } }
            }
            return QuotedValue.value(of: error.field, inJSON: record)
        }
    }

    /// The whole value of a field, not cut; nil: it cannot be told, or there is none.
    func whole(_ field: String, in record: [UInt8], isOriginal: Bool) -> [UInt8]? {
        withBytes(record) { record in
            if isOriginal, isCSV { return wholeCell(field, record) }
            let path = field.split(separator: ".").map { Array($0.utf8) }
            let own = JSONMembers.value(at: [Array(field.utf8)], in: record) ?? JSONMembers.value(at: path, in: record)
            guard isOriginal, let source = source(of: field, in: record) else { return own }
            return JSONMembers.value(at: source, in: record)
        }
    }

    private func cell(_ field: String, _ record: Bytes) -> [UInt8]? {
        wholeCell(field, record).flatMap { withBytes($0) { QuotedValue.cut($0) } }
    }

    private func wholeCell(_ field: String, _ record: Bytes) -> [UInt8]? {
        guard let cells = try? CSVHeaderCells.cells(Array(record), delimiter: delimiter, line: 1),
            let index = age?.name == field ? age?.index : columns.firstIndex(where: { $0.isCalled(field) }),
            cells.indices.contains(index)
        else { return nil }
        return cells[index]
    }

    /// The key that push took for the field; nil if that has the field's own name.
    private func source(of field: String, in record: Bytes) -> [[UInt8]]? {
        guard let keys = JSONMembers.keys(of: record),
            let matcher = try? FixColumns(keys, isCSV: false, flags, seen: "")
        else { return nil }
        if let age = matcher.age, age.name == field { return age.source }
        return matcher.columns.first { $0.isCalled(field) }?.source
    }
}

extension Column {
    /// Whether errors call it so.
    fileprivate func isCalled(_ field: String) -> Bool {
        FieldError.fieldName(Array(path.joined(separator: [UInt8(ascii: ".")]))) == field
    }
}
