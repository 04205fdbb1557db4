// Fix files: what is written of any rejects is read back by a load as the same rejects, with the same values.

import Foundation
import Log

@testable import Records

private let day = CalendarDate(clamping: 2026, 11, 24)

/// A header or nothing, and rejected records, apart by the byte 0x1E.
func fuzzFix(_ bytes: Bytes) {
    var input = FuzzInput(bytes)
    let choices = input.byte()
    let place = RejectPlace(
        job: JobID(high: UInt64(input.byte()) + 1, low: 2), partition: Int32(input.byte()),
        seq: UInt64(input.byte()) + 1,
        line: UInt64(input.byte()))
    let stamp = FixStamp(
        job: place.job.text, reject: place.rejectText, line: Int64(place.line), errors: escaped(text(input.text())))
    let pieces = input.bytes.split(separator: 0x1E, maxSplits: 4, omittingEmptySubsequences: false).map { Array($0) }
    if choices & 1 != 0 {
        checkObjects(pieces, stamp, place, isOriginal: choices & 2 != 0)
    } else {
        checkRows(pieces, stamp, place, choices)
    }
}

/// The records of the file and the rejects they stand for; nil: a load refuses its columns.
private func readBack(_ file: [UInt8]) -> [(original: [UInt8], json: [UInt8]?, fixes: RejectPlace?)]? {
    withBytes(file) { bytes in
        guard let conclusion = try? Conclusion(bytes, isWhole: true, InputFlags(), today: day) else { return nil }
        check(conclusion.isFix, "a fix file that is not known as one")
        let scanner = RecordScanner(bytes, offset: 0)
        var records: [(original: [UInt8], json: [UInt8]?, fixes: RejectPlace?)] = []
        do {
            try scanner.begin(conclusion)
            while try scanner.next() {
                let record = scanner.record
                records.append((Array(record.original), record.json.map { Array($0) }, record.fixes))
            }
        } catch {
            fail("a fix file that cannot be read: \(error)")
        }
        return records
    }
}

// MARK: CSV

private func checkRows(_ pieces: [[UInt8]], _ stamp: FixStamp, _ place: RejectPlace, _ choices: UInt8) {
    let delimiter = Dialect.delimiters[Int(choices >> 1 & 3)].byte
    let known = ["name", "age", "email", "x"].map { Array($0.utf8) }
    let header = choices & 8 != 0 ? pieces[0] : Array(known.joined(separator: [delimiter]))
    var flags = InputFlags()
    flags.ragged = choices & 16 != 0
    if choices & 32 != 0 { flags.null = "NULL" }
    guard let parent = FixParent(delimiter: delimiter, header: header, flags: flags), let sheet = FixSheet([parent])
    else {
        return check(choices & 8 != 0, "known columns that cannot be told")
    }
    let records = pieces.dropFirst(choices & 8 != 0 ? 1 : 0)
    let rows = records.map { sheet.row(of: 0, stamp, $0, isOriginal: true) }
    let stamps = [stamp.job, stamp.reject, String(stamp.line), stamp.errors].map { Array($0.utf8) }
    for (row, record) in zip(rows, records) {
        check(withBytes(row, UTF8Rules.isValid), "a row that is not UTF-8")
        let cells = plainCells(row)
        check(cells.starts(with: stamps), "\(cells) do not begin with \(stamps)")
        // With a quote in it, a row is not cut at each delimiter.
        guard !record.contains(UInt8(ascii: "\"")) else { continue }
        let expected = plainValues(record, parent, delimiter, flags)
        check(Array(cells.dropFirst(4)) == expected.map(fixText), "\(text(row)) for \(text(record))")
    }
    let file: [[UInt8]] = [sheet.header] + rows
    guard let found = readBack(Array(file.joined(separator: [0x0A])) + [0x0A]) else { return }
    check(found.map(\.original) == rows, "\(found.count) rows are read of \(rows.count), or other ones")
    check(found.allSatisfy { $0.fixes == place }, "\(found.map(\.fixes)) for \(place)")
}

/// The cells of a row that was written here: commas, and quotes doubled.
private func plainCells(_ row: [UInt8]) -> [[UInt8]] {
    var cells: [[UInt8]] = [[]]
    var isQuoted = false
    var index = 0
    while index < row.count {
        let byte = row[index]
        index += 1
        if byte == UInt8(ascii: "\"") {
            if isQuoted, index < row.count, row[index] == byte {
                cells[cells.count - 1].append(byte)
                index += 1
            } else {
                isQuoted.toggle()
            }
        } else if byte == UInt8(ascii: ","), !isQuoted {
            cells.append([])
        } else {
            cells[cells.count - 1].append(byte)
        }
    }
    return cells
}

/// What of a row without quotes goes into its columns, and what is left over.
private func plainValues(_ record: [UInt8], _ parent: FixParent, _ delimiter: UInt8, _ flags: InputFlags) -> [[UInt8]] {
    var cells = record.split(separator: delimiter, omittingEmptySubsequences: false).map { Array($0) }
    while cells.count > parent.columnCount, cells.last == [] { cells.removeLast() }
    if flags.ragged { cells += Array(repeating: [], count: max(0, parent.columnCount - cells.count)) }
    if flags.null != nil { cells = cells.map { text($0) == "NULL" ? [] : $0 } }
    var values: [[UInt8]?] = parent.outputs.map { output in
        guard case .cell(let index) = output.source else { fail("an age, without --age-from") }
        return index < cells.count ? cells[index] : nil
    }
    while let last = values.last, last == nil { values.removeLast() }
    return values.map { $0 ?? [] } + cells.dropFirst(parent.columnCount)
}

// MARK: JSON

private func checkObjects(_ records: [[UInt8]], _ stamp: FixStamp, _ place: RejectPlace, isOriginal: Bool) {
    var keys = FixKeys()
    for record in records { keys.add(record) }
    let objects = FixObjects(keys, InputFlags())
    let lines = records.compactMap { record -> [UInt8]? in
        let line = objects.line(stamp, record, isOriginal: isOriginal)
        check(
            (line != nil) == (withBytes(record) { trimmed($0).first } == UInt8(ascii: "{")),
            "an object that is left out")
        guard let line else { return nil }
        check(withBytes(line, UTF8Rules.isValid) && !line.contains(0x0A), "a line that is none")
        if !isOriginal { checkMembers(line, record) }
        return line
    }
    guard let found = readBack(Array(lines.joined(separator: [0x0A]))) else { return }
    check(found.map(\.original) == lines, "\(found.count) lines are read of \(lines.count), or other ones")
    check(found.allSatisfy { $0.fixes == place }, "\(found.map(\.fixes)) for \(place)")
}

/// The members of a sound object stand behind the first four as they were.
private func checkMembers(_ line: [UInt8], _ record: [UInt8]) {
    guard case .good(let depth, let flaws) = ReferenceJSON.read(record), depth <= Limits.depth, !flaws.hasInvalidUTF8
    else { return }
    check(ReferenceJSON.read(line) != .malformed, "a line that is no JSON: \(text(line))")
    let found = withBytes(line) { JSONMembers.all(of: $0).dropFirst(4).map { $0.key } }
    let expected = withBytes(record) { JSONMembers.all(of: $0).map { $0.key } }
    check(found == expected, "\(found.map { text($0) }) for \(expected.map { text($0) })")
}
