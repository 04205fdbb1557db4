// CSV, and JSON arrays, objects and lines: cut into records as a plain reading says, however they come in pieces.

@testable import Records

private let csvPaths = [["name"], ["age"], ["email"], ["address", "line1"], ["x"], ["address", "city"]]

private func csvConclusion(_ delimiter: UInt8, isRagged: Bool, _ null: [UInt8]?) -> Conclusion {
    var conclusion = Conclusion(form: .csv)
    conclusion.dialect = Dialect(delimiter: delimiter)
    conclusion.isRagged = isRagged
    conclusion.null = null
    conclusion.columns = csvPaths.map { path in
        Column(
            source: [Array(path.joined(separator: ".").utf8)], path: path.map { Array($0.utf8) }, match: .none)
    }
    return conclusion
}

func fuzzCSV(_ bytes: Bytes) {
    var input = FuzzInput(bytes)
    let choices = input.byte()
    let delimiter = Dialect.delimiters[Int(choices & 3)].byte
    let isRagged = choices & 4 != 0
    let null = choices & 8 != 0 ? Array("NULL".utf8) : nil
    let conclusion = csvConclusion(delimiter, isRagged: isRagged, null)
    let found = scanBothWays(input.bytes, conclusion, seed: input.bytes.first ?? 0)
    check(found.error == nil, "CSV is refused in the middle: \(found.error ?? "")")
    let reference = ReferenceCSV(paths: csvPaths, delimiter: delimiter, isRagged: isRagged, null: null)
    let expected = reference.rows(Array(input.bytes))
    let rows = found.records.map { record in
        ReferenceCSV.Row(
            line: record.line, offset: Int(record.offset), length: Int(record.length),
            json: record.json.map { fuzzLatin($0) }, code: record.errors.first?.code)
    }
    if rows != expected {
        let first = zip(rows, expected).first { $0 != $1 }
        fail("\(rows.count) rows for \(expected.count): \(first.map { "\($0) for \($1)" } ?? "the last ones differ")")
    }
}

func fuzzArray(_ bytes: Bytes) {
    var input = FuzzInput(bytes)
    let form = input.choice([Form.array, .objects, .jsonl])
    let seed = input.byte()
    let found = scanBothWays(input.bytes, Conclusion(form: form), seed: seed)
    check(found.records.allSatisfy { $0.json == $0.original }, "JSON that is not the input's bytes")
    checkLines(found, input.bytes, isPerLine: form == .jsonl)
    switch form {
    case .array: checkArray(found, input.bytes)
    case .objects: checkSequence(found, input.bytes)
    default: check(found.error == nil, "lines are refused in the middle: \(found.error ?? "")")
    }
}

private func checkLines(_ found: Found, _ bytes: Bytes, isPerLine: Bool) {
    var line: UInt64 = 1
    var at = 0
    for record in found.records {
        line += UInt64(bytes[at..<Int(record.offset)].count { $0 == 0x0A })
        at = Int(record.offset)
        check(record.line == line, "a record of line \(line) says line \(record.line)")
        check(!isPerLine || !record.original.contains(0x0A), "a line with a line end")
    }
}

/// An array by the RFC is read to its end, element by element; and what is read to its end, and whose elements are JSON, is
/// an array by the RFC.
private func checkArray(_ found: Found, _ bytes: Bytes) {
    let (outcome, elements) = ReferenceJSON.readArray(bytes)
    let isArray = outcome != .malformed && bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "[")
    if isArray {
        check(found.error == nil, "an array is refused: \(found.error ?? "")")
        check(
            found.records.map(\.original) == elements.map { Array(bytes[$0]) },
            "\(found.records.count) elements, not \(elements.count), or other ones")
    } else if found.error == nil, outcome == .malformed, !bytes.isEmpty {
        check(
            found.records.contains { ReferenceJSON.read($0.original) == .malformed },
            "what is no array is read as one")
    }
}

/// Nothing but blanks stands between objects.
private func checkSequence(_ found: Found, _ bytes: Bytes) {
    guard found.error == nil else { return }
    var at = 0
    for record in found.records {
        check(
            bytes[at..<Int(record.offset)].allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) },
            "bytes that belong to no record")
        at = Int(record.offset + record.length)
    }
}

/// Records longer than anything is kept: two bytes make a run of up to 1.6 MiB.
func fuzzLong(_ bytes: Bytes) {
    var input = FuzzInput(bytes)
    let choices = input.byte()
    let seed = input.byte()
    var text: [UInt8] = []
    for byte in input.bytes {
        if byte >= 0xF0, let last = text.last, text.count < 4 << 20 {
            // From 97 KiB, past every limit by little or much.
            text += Array(repeating: last, count: 100_000 * Int(byte & 15) + 48_569)
        } else {
            text.append(byte)
        }
    }
    let conclusion =
        switch choices % 4 {
        case 0: csvConclusion(UInt8(ascii: ","), isRagged: false, nil)
        case 1: Conclusion(form: .jsonl)
        case 2: Conclusion(form: .array)
        default: Conclusion(form: .objects)
        }
    _ = withBytes(text) { scanBothWays($0, conclusion, seed: seed) }
}
