// Inputs from memory, in pieces of any size, and records copied out of their views so that tests can compare them.

@testable import Records

/// What `RecordScanner` said about one record.
struct Scanned: Equatable {
    var line: UInt64
    var offset: UInt64
    var length: UInt64
    var original: [UInt8]
    var json: String?
    var isTruncated: Bool
    var errors: [FieldError]

    var codes: [String] { errors.map(\.code) }
}

/// What `RecordStream` sends for one record.
struct Sent: Equatable {
    var kind: MessageKind
    var partition: Int32
    var seq: UInt64
    var key: String?
    var value: [UInt8]
    var header: [UInt8]
    var errors: String?
}

/// What is read from memory, in pieces.
func reader(_ input: [UInt8], chunk: Int = .max) -> (UnsafeMutableRawBufferPointer) -> Int {
    var position = 0
    return { target in
        let count = min(target.count, chunk, input.count - position)
        target.copyBytes(from: input[position..<position + count])
        position += count
        return count
    }
}

/// What is behind a byte order mark, as `TextInput` leaves it, and where that begins.
func text(_ input: [UInt8]) -> (bytes: [UInt8], start: UInt64) {
    input.starts(with: "\u{FEFF}".utf8) ? (Array(input.dropFirst(3)), 3) : (input, 0)
}

let testDay = CalendarDate(year: 2026, month: 11, day: 24)!

func conclude(
    _ input: [UInt8], _ flags: InputFlags = InputFlags(), key: KeyFields = .standard, isWhole: Bool? = nil
) throws(Refusal) -> Conclusion {
    let (input, start) = text(input)
    let window = Array(input.prefix(Limits.conclusionBytes))
    return try Result<Conclusion, Refusal> { () throws(Refusal) in
        try window.withUnsafeBufferPointer { bytes throws(Refusal) in
            try Conclusion(
                bytes, isWhole: isWhole ?? (window.count == input.count), offset: start, flags, keyFields: key,
                today: testDay)
        }
    }.get()
}

/// Without a look at the records, so that a test may have any.
func taken(_ input: [UInt8], _ format: Format, delimiter: Character = ",") throws -> Conclusion {
    guard format == .csv else { return Conclusion(form: .jsonl) }
    var flags = InputFlags()
    flags.delimiter = delimiter.asciiValue
    let (input, start) = text(input)
    let window = Array(input.prefix(Limits.conclusionBytes))
    return try withBytes(window) { bytes in
        let whole = window.count == input.count
        do throws(Fault) {
            return try Concluder(bytes, isWhole: whole, offset: start, keyFields: .standard, today: testDay).csv(flags)
        } catch {
            throw InputError(error.message)
        }
    }
}

func scanner(
    _ input: [UInt8], _ format: Format, delimiter: Character = ",", chunk: Int = .max
) throws -> RecordScanner {
    try scanner(input, try taken(input, format, delimiter: delimiter), chunk: chunk)
}

func scanner(_ input: [UInt8], _ conclusion: Conclusion, chunk: Int = .max) throws -> RecordScanner {
    let (input, start) = text(input)
    let scanner = RecordScanner(offset: start, read: reader(input, chunk: chunk))
    try scanner.begin(conclusion)
    return scanner
}

func scan(
    _ input: [UInt8], _ format: Format = .csv, delimiter: Character = ",", chunk: Int = .max
) throws -> [Scanned] {
    try scan(try scanner(input, format, delimiter: delimiter, chunk: chunk))
}

func scan(_ scanner: RecordScanner) throws -> [Scanned] {
    var records: [Scanned] = []
    while try scanner.next() {
        let record = scanner.record
        records.append(
            Scanned(
                line: record.line, offset: record.offset, length: record.length, original: Array(record.original),
                json: record.json.map { String(decoding: $0, as: UTF8.self) }, isTruncated: record.isTruncated,
                errors: record.errors))
    }
    return records
}

func scan(_ input: String, _ format: Format = .csv, delimiter: Character = ",", chunk: Int = .max) throws -> [Scanned] {
    try scan(Array(input.utf8), format, delimiter: delimiter, chunk: chunk)
}

let testJob = JobID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)

func stream(
    _ input: [UInt8], _ format: Format, key: KeyFields = .standard, partitions: Int = 3, chunk: Int = .max
) throws -> RecordStream {
    try stream(input, try taken(input, format), key: key, partitions: partitions, chunk: chunk)
}

func stream(
    _ input: [UInt8], _ conclusion: Conclusion, key: KeyFields = .standard, partitions: Int = 3, chunk: Int = .max
) throws -> RecordStream {
    let plan = Plan(input: conclusion, keyFields: key, partitions: partitions, onDuplicate: .skip)
    return RecordStream(scanner: try scanner(input, conclusion, chunk: chunk), plan: plan, job: testJob)
}

func sent(_ stream: RecordStream) throws -> [Sent] {
    var messages: [Sent] = []
    while try stream.next() {
        let message = stream.outgoing
        messages.append(
            Sent(
                kind: message.kind, partition: message.partition, seq: message.seq,
                key: message.key.map { String(decoding: $0, as: UTF8.self) }, value: Array(message.value),
                header: Array(message.header), errors: message.errors.map { String(decoding: $0, as: UTF8.self) }))
    }
    return messages
}

/// A person copied out of the validator's views, with the key.
struct Valid: Equatable {
    var name: String
    var age: Int
    var email: String?
    var phoneNumber: String?
    var address: String?
    var additionalInfo: String?
    var key: String
}

enum Verdict: Equatable {
    case valid(Valid)
    case invalid([FieldError])

    var person: Valid? { if case .valid(let person) = self { person } else { nil } }

    /// "age: not_an_integer", in order.
    var codes: [String] { if case .invalid(let errors) = self { errors.map { "\($0.field): \($0.code)" } } else { [] } }
}

func validate(_ json: [UInt8], key: KeyFields = .standard, with validator: Validator? = nil) -> Verdict {
    let validator = validator ?? Validator(key: key)
    // In memory of exactly its size: the address sanitizer then sees a read beyond it.
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: json.count)
    defer { copy.deallocate() }
    copy.initialize(from: json, count: json.count)
    guard validator.validate(Bytes(start: copy, count: json.count)) else { return .invalid(validator.errors) }
    func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
    let person = validator.person
    return .valid(
        Valid(
            name: text(person.name), age: person.age, email: person.email.map(text),
            phoneNumber: person.phoneNumber.map(text), address: person.address.map(text),
            additionalInfo: person.additionalInfo.map(text), key: text(validator.key)))
}

func validate(_ json: String, key: KeyFields = .standard) -> Verdict { validate(Array(json.utf8), key: key) }

func withBytes<Result>(_ text: String, _ body: (Bytes) throws -> Result) rethrows -> Result {
    try withBytes(Array(text.utf8), body)
}

/// The records' JSON, or a reject's errors.
func records(_ input: [UInt8], _ conclusion: Conclusion) throws -> [String] {
    try sent(try stream(input, conclusion)).map { message in
        message.kind == .record ? String(decoding: message.value, as: UTF8.self) : "! \(message.errors ?? "")"
    }
}
