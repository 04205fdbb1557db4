// An input taken apart: choices in front, and the bytes that are read under them.

@testable import Records

/// Choices come from the front; what is not there is 0.
struct FuzzInput {
    private var rest: Bytes

    init(_ bytes: Bytes) { rest = bytes }

    mutating func byte() -> UInt8 {
        guard let first = rest.first else { return 0 }
        rest = Bytes(rebasing: rest[1...])
        return first
    }

    /// Of `choices`, one.
    mutating func choice<Choice>(_ choices: [Choice]) -> Choice { choices[Int(byte()) % choices.count] }

    mutating func number() -> UInt64 { (0..<8).reduce(0) { number, _ in number << 8 | UInt64(byte()) } }

    /// Up to 31 bytes behind their length.
    mutating func text() -> [UInt8] {
        // In two steps: `rest` would be read before its first byte is taken off.
        let count = Int(byte()) & 31
        let text = Array(rest.prefix(count))
        for _ in text { _ = byte() }
        return text
    }

    var bytes: Bytes { rest }
}

/// How an input comes in pieces: all at once, or in pieces of changing sizes that `seed` makes.
struct Pieces {
    private var state: UInt64?

    static let whole = Pieces(nil)

    init(_ seed: UInt8?) { state = seed.map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 | 1 } }

    /// Mostly a few bytes, sometimes many.
    mutating func next() -> Int {
        guard var state else { return .max }
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        self.state = state
        return state & 15 == 0 ? 1 + Int(state >> 4 & 0x3_FFFF) : 1 + Int(state >> 4 & 7)
    }
}

/// What reads `bytes` in these pieces.
func reader(_ bytes: Bytes, _ pieces: Pieces) -> (UnsafeMutableRawBufferPointer) -> Int {
    var position = 0
    var pieces = pieces
    return { target in
        let count = min(target.count, pieces.next(), bytes.count - position)
        target.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

/// A record copied out of its views.
struct FoundRecord: Equatable {
    let line: UInt64
    let offset: UInt64
    let length: UInt64
    let original: [UInt8]
    let json: [UInt8]?
    let isTruncated: Bool
    let errors: [FieldError]
}

/// What a scan ends with.
struct Found: Equatable {
    var records: [FoundRecord] = []
    /// Why it ended early.
    var error: String?
}

/// Behind a header. The window is small, so that it has to grow, and does not cost more than the scan.
func scan(_ bytes: Bytes, _ conclusion: Conclusion, _ pieces: Pieces) -> Found {
    var found = Found()
    let window = InputWindow(capacity: 64, read: reader(bytes, pieces))
    let scanner: any FormatScanner =
        switch conclusion.form {
        case .csv: CSVScanner(window: window, conclusion, line: 1)
        case .jsonl: LineScanner(window: window)
        case .array, .objects: JSONElementScanner(window: window, isArray: conclusion.form == .array)
        }
    var record = ScannedRecord()
    do {
        while try scanner.next(&record) {
            check(record.json == nil || record.errors.isEmpty, "a record with JSON and errors")
            check(record.json != nil || !record.errors.isEmpty, "a record with neither JSON nor errors")
            found.records.append(
                FoundRecord(
                    line: record.line, offset: record.offset, length: record.length, original: Array(record.original),
                    json: record.json.map { Array($0) }, isTruncated: record.isTruncated, errors: record.errors))
        }
    } catch let error as InputError {
        found.error = error.message
    } catch {
        fail("\(error)")
    }
    return found
}

/// Scans in one piece and in many: both must find the same.
func scanBothWays(_ bytes: Bytes, _ conclusion: Conclusion, seed: UInt8) -> Found {
    let whole = scan(bytes, conclusion, .whole)
    let pieces = scan(bytes, conclusion, Pieces(seed))
    if whole != pieces {
        let first = zip(whole.records, pieces.records).first { $0 != $1 }
        fail(
            "in one piece \(whole.records.count) records (\(whole.error ?? "no error")), in many "
                + "\(pieces.records.count) (\(pieces.error ?? "no error")); they differ in "
                + "\(first.map { "\($0)" } ?? "none") and \(first.map { "\($1)" } ?? "none")")
    }
    checkPlaces(whole, bytes)
    return whole
}

/// A record's bytes are those of the input at its place, and records follow each other.
private func checkPlaces(_ found: Found, _ bytes: Bytes) {
    var end: UInt64 = 0
    var line: UInt64 = 0
    for record in found.records {
        check(record.offset >= end, "a record at \(record.offset) begins before \(end), where the last one ends")
        check(record.line >= line, "line \(record.line) behind line \(line)")
        end = record.offset + record.length
        line = record.line
        check(end <= UInt64(bytes.count), "a record ends at \(end), behind the input")
        let expected = bytes[Int(record.offset)..<Int(end)]
        check(
            record.original.elementsEqual(record.isTruncated ? expected.prefix(Limits.truncatedBytes) : expected),
            "the bytes of the record at \(record.offset) are not those of the input")
    }
}

func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }
