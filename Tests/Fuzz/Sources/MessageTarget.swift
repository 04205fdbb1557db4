// Whole messages as a worker takes them from a topic: what becomes of each is what a plain reading of the protocol says. And
// what other members of a consumer group say they were assigned.

import Foundation
import Kafka

@testable import Pipeline
@testable import Records

func fuzzMessage(_ bytes: Bytes) {
    var input = FuzzInput(bytes)
    let choices = input.byte()
    if choices & 0x80 != 0 {
        checkAssignment(input)
    } else {
        checkMessages(&input, choices)
    }
}

// MARK: Messages

private let jobs = [JobID(high: 1, low: 2), JobID(high: 3, low: 4)]
private let keys = [KeyFields.standard] + ["email", "phoneNumber", "email,phoneNumber"].map { key($0) }

private func key(_ more: String) -> KeyFields { (try? KeyFields(parsing: "name,age," + more)) ?? .standard }

private struct FuzzMessage: TopicMessage {
    var partition: Int32 = 0
    let offset: Int64
    let timestamp: Int64
    let key: Bytes?
    let value: Bytes?
    let userload: Bytes?
    let errors: Bytes?

    func header(_ name: StaticString) -> Bytes? {
        name.utf8CodeUnitCount == WireHeader.name.utf8CodeUnitCount ? userload : errors
    }
}

/// Memory of exactly a message's size, given back once it was taken: the address sanitizer sees what reads beyond it, or later.
private final class Memory {
    private var buffers: [UnsafeMutableBufferPointer<UInt8>] = []

    func view(_ bytes: [UInt8]?) -> Bytes? {
        guard let bytes else { return nil }
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = buffer.initialize(from: bytes)
        buffers.append(buffer)
        return Bytes(buffer)
    }

    func free() {
        buffers.forEach { $0.deallocate() }
        buffers = []
    }
}

private final class Database: ProgressSource {
    var known: [JobID: Pipeline.Progress] = [:]
    var waits = false

    func progress(of job: JobID, partition: Int32) throws -> Pipeline.Progress { known[job] ?? Pipeline.Progress() }
    func forget(_ jobs: [JobID]) {}
    func touched(_ job: JobID) {}
    func mustWait(_ marker: StartMarker) throws -> Bool { waits }
    func passedOver(_ job: JobID, _ reason: PassOverReason) {}
}

// Unsafe: libFuzzer calls on one thread.
nonisolated(unsafe) private let batch = Batch()

private func checkMessages(_ input: inout FuzzInput, _ choices: UInt8) {
    batch.reset()
    let keyFields = keys[Int(choices & 3)]
    let database = Database()
    database.waits = choices & 4 != 0
    if choices & 8 != 0 {
        let state = input.byte()
        var progress = Pipeline.Progress(
            last: Int64(state & 3) - 1, passedOver: Int64(state >> 2 & 7), digest: 9, ended: state & 0x20 != 0,
            exists: true)
        if state & 0x40 != 0 { progress.key = JobKey(fields: ["name", "age", "later"], onDuplicate: "skip") }
        database.known[jobs[0]] = progress
    }
    var reference = ReferenceWorker(keyFields: keyFields, database)
    let processor = MessageProcessor(keyFields: keyFields, source: database)
    let state = PartitionState(Position(partition: 0, generation: 1, nextOffset: 0, anchor: nil), lane: 0)
    let builder = BatchBuilder(batch)
    let memory = Memory()
    for offset in 0..<8 where offset == 0 || !input.bytes.isEmpty {
        let form = input.byte()
        let header = makeHeader(&input, form & 3)
        let errors = form & 4 != 0 ? makeErrors(&input) : nil
        let value = makeValue(&input, form >> 3 & 7)
        let message = FuzzMessage(
            offset: Int64(offset), timestamp: Int64(form), key: memory.view(form & 0x40 != 0 ? input.text() : nil),
            value: memory.view(value), userload: memory.view(header), errors: memory.view(errors))
        let (rows, rejects, fixes) = (batch.rowCount, batch.rejectCount, batch.fixes.count)
        let expected = reference.take(message)
        do { try processor.take(message, state, into: builder) } catch { fail("\(error)") }
        check(batch.rowCount - rows == (expected.isRow ? 1 : 0), "\(batch.rowCount - rows) rows for \(expected)")
        check(
            batch.rejectCount - rejects == (expected.isReject ? 1 : 0),
            "\(batch.rejectCount - rejects) rejects for \(expected)")
        check(
            batch.fixes.count - fixes == (expected.fixes == nil ? 0 : 1),
            "\(batch.fixes.count - fixes) fixes for \(expected)")
        check(batch.fixes.last?.reject == expected.fixes || expected.fixes == nil, "another reject is fixed")
        if offset == 0 {
            let copy = MessageCopy(
                offset: 0, timestamp: message.timestamp, key: message.key.map { Array($0) }, value: value,
                header: header)
            check(state.newAnchor == Anchor(offset: 0, hash: anchorHash(copy)), "another anchor")
        }
        // What the batch keeps has to be its own.
        memory.free()
        if expected.isRow { checkRow(expected, value ?? [], keyFields) }
        if expected.isReject { checkReject(expected, value ?? []) }
        if expected.kind == .marker { checkMarker(expected, value ?? []) }
        check(builder.partitions.count == 1, "a message that moves no position")
        if form & 0x80 != 0 { endBatch(builder, reference, next: Int64(offset) + 1) }
    }
    endBatch(builder, reference, next: 8)
    for (job, known) in reference.jobs {
        guard let progress = state.progress(of: job) else { fail("nothing is known of \(job)") }
        let found = (progress.last, progress.passedOver, progress.digest, progress.ended)
        check(found == (known.last, known.passedOver, known.digest, known.ended), "\(found) for \(known)")
    }
}

/// A step counts what stands in the batch under its number.
private func endBatch(_ builder: BatchBuilder, _ reference: ReferenceWorker, next: Int64) {
    let batch = builder.finish { _ in next }
    for (index, step) in batch.progress.enumerated() {
        let rows = batch.rows.count { Int($0.place.progressIndex) == index }
        let rejects = batch.rejects.count { Int($0.place.progressIndex) == index }
        check(
            step.records == rows + rejects && step.rejected == rejects, "\(step) for \(rows) rows, \(rejects) rejects")
        let known = reference.jobs[step.job]
        check(
            step.last == known?.last && step.passedOver == known?.passedOver, "\(step) for \(String(describing: known))"
        )
    }
    batch.reset()
    builder.begin(batch)
}

private func makeHeader(_ input: inout FuzzInput, _ form: UInt8) -> [UInt8]? {
    switch form {
    case 0: return nil
    case 1: return input.text()
    default: break
    }
    let (choices, more) = (input.byte(), input.byte())
    let kind = MessageKind(rawValue: choices & 7) ?? .record
    let fixes = more & 1 != 0 ? RejectPlace(job: jobs[1], partition: 3, seq: 4, line: UInt64(more)) : nil
    let header = WireHeader(
        kind: kind, job: jobs[Int(choices >> 3 & 1)], seq: UInt64(choices >> 4 & 7), line: UInt64(more), offset: 8,
        length: 9,
        lenient: more & 2 != 0 ? LenientFields(rawValue: more >> 2 & 15) : nil,
        onDuplicate: OnDuplicate.allCases[Int(more >> 6) % 3], fixes: fixes)
    var encoded = [UInt8](unsafeUninitializedCapacity: WireHeader.maximumSize) { buffer, count in
        count = buffer.baseAddress.map { header.encode(to: $0) } ?? 0
    }
    if form == 3 { encoded[Int(input.byte()) % encoded.count] = input.byte() }
    return encoded
}

private func makeErrors(_ input: inout FuzzInput) -> [UInt8] {
    let text = input.text()
    return text.isEmpty ? FieldError.json([FieldError(field: "age", code: "missing", message: "is missing")]) : text
}

private func makeValue(_ input: inout FuzzInput, _ form: UInt8) -> [UInt8]? {
    switch form {
    case 0: return nil
    case 1: return input.text()
    case 2: return Array(#"{"name":""#.utf8) + input.text() + Array(#"","age":"#.utf8) + input.text() + Array("}".utf8)
    case 3: return Array(#"{"name":"n","age":1,"#.utf8) + input.text() + input.text() + input.text() + Array("}".utf8)
    case 4: return (try? EndMarker(lastSeq: UInt64(input.byte()), records: 1, digest: 5).encode()) ?? []
    case 5:
        let choices = input.byte()
        let marker = StartMarker(
            job: jobs[Int(choices & 1)], contentHash: nil, label: nil, path: "/a", size: nil, host: "h", format: .jsonl,
            delimiter: nil, header: nil, options: [], keyFields: keys[Int(choices >> 1 & 3)],
            onDuplicate: OnDuplicate.allCases[Int(choices >> 3) % 3], partitions: 1, again: false,
            runAt: Date(timeIntervalSince1970: 1_700_000_000))
        return (try? marker.encode()) ?? []
    case 6:
        // A blank value that is as long as one may be, or longer by one: any length costs the same.
        let byte = input.byte()
        return byte == 0x4C ? Array(repeating: 0x20, count: Limits.valueBytes + Int(input.byte() & 1)) : [byte]
    default: return Array(#"{"name":{"firstName":""#.utf8) + input.text() + Array(#""},"age":"35"}"#.utf8)
    }
}

// MARK: What they are to come to

private struct Outcome {
    enum Kind { case dropped, passedOver, marker, row, reject }

    var kind: Kind
    var job = JobID.foreign
    var header: WireHeader?
    var form = Batch.RejectForm.json
    var errors: [UInt8] = []
    var key: [UInt8] = []
    /// Of the value.
    var length = 0

    var isRow: Bool { kind == .row }
    var isReject: Bool { kind == .reject }
    var fixes: RejectPlace? { isRow || isReject ? header?.fixes : nil }
}

/// The sequence rule and the validation of single messages, with nothing kept from one to the next but numbers.
private struct ReferenceWorker {
    struct Known: Equatable {
        var last: Int64 = -1
        var passedOver: Int64 = -1
        var digest: UInt64 = 0
        var ended = false
        var isOther = false
    }

    let keyFields: KeyFields
    let database: Database
    var jobs: [JobID: Known] = [:]

    init(keyFields: KeyFields, _ database: Database) {
        self.keyFields = keyFields
        self.database = database
    }

    mutating func take(_ message: FuzzMessage) -> Outcome {
        let value = message.value ?? Bytes(start: nil, count: 0)
        guard let raw = message.userload else { return foreign(value) }
        switch WireHeader.decode(raw) {
        case .malformed: return reject(value, "malformed_header", "the userload header does not decode")
        case .newer(_, let job, let seq):
            look(job)
            if let seen = jobs[job]?.passedOver { jobs[job]?.passedOver = max(seen, Int64(seq)) }
            return Outcome(kind: .passedOver, job: job)
        case .header(let header): return ours(header, message, value)
        }
    }

    /// What the database says the first time.
    private mutating func look(_ job: JobID) {
        guard jobs[job] == nil else { return }
        let found = database.known[job] ?? Pipeline.Progress()
        jobs[job] = Known(
            last: found.last, passedOver: found.passedOver, digest: found.digest, ended: found.ended,
            isOther: found.key != nil)
    }

    private mutating func ours(_ header: WireHeader, _ message: FuzzMessage, _ value: Bytes) -> Outcome {
        look(header.job)
        var known = jobs[header.job] ?? Known()
        defer { jobs[header.job] = known }
        var waits = false
        if header.kind == .start {
            guard let marker = try? StartMarker(decoding: value), marker.job == header.job else {
                return reject(value, "malformed_marker", "a start marker of ours does not decode")
            }
            if marker.keyFields != keyFields { known.isOther = true }
            waits = marker.onDuplicate == .update && database.waits
        }
        if header.kind == .broken { return Outcome(kind: .marker, job: header.job, header: header) }
        let seq = Int64(header.seq)
        guard (header.kind == .start) == (seq == 0), seq > known.last, !known.ended else {
            return Outcome(kind: .dropped)
        }
        guard seq == known.last + 1, !known.isOther, !waits else {
            known.passedOver = max(known.passedOver, seq)
            return Outcome(kind: .passedOver, job: header.job)
        }
        if header.kind == .end {
            guard (try? EndMarker(decoding: value)) != nil else {
                return reject(value, "malformed_marker", "an end marker of ours does not decode")
            }
            known.ended = true
        }
        known.last = seq
        guard header.kind != .start, header.kind != .end else {
            return Outcome(kind: .marker, job: header.job, header: header)
        }
        known.digest = Digest.extend(known.digest, value)
        return record(header, message, value)
    }

    private func record(_ header: WireHeader, _ message: FuzzMessage, _ value: Bytes) -> Outcome {
        var outcome = Outcome(kind: .reject, job: header.job, header: header, length: Int(header.length))
        if header.kind == .record {
            let validator = Validator(key: keyFields)
            validator.lenient = header.lenient ?? []
            validator.dropsNulls = header.onDuplicate == .update
            if validator.validate(value) { (outcome.kind, outcome.key) = (.row, Array(validator.key)) }
            outcome.errors = FieldError.json(validator.errors)
        } else {
            outcome.form = header.kind == .raw ? .raw : .truncated
            let sent = message.errors.flatMap { FieldError.parse($0) } ?? []
            outcome.errors =
                sent.isEmpty
                ? errors("unknown", "push sent no readable list of errors") : message.errors.map { Array($0) } ?? []
        }
        return outcome
    }

    private mutating func foreign(_ value: Bytes) -> Outcome {
        guard value.count <= Limits.valueBytes else {
            return reject(
                value, "too_long", "the message has \(value.count) bytes, at most \(Limits.valueBytes) are allowed")
        }
        look(.foreign)
        let validator = Validator(key: keyFields)
        let isRow = validator.validate(value)
        return Outcome(
            kind: isRow ? .row : .reject, errors: FieldError.json(validator.errors),
            key: isRow ? Array(validator.key) : [],
            length: value.count)
    }

    private mutating func reject(_ value: Bytes, _ code: String, _ message: String) -> Outcome {
        look(.foreign)
        let form = value.count > Limits.valueBytes ? Batch.RejectForm.truncated : .json
        return Outcome(kind: .reject, form: form, errors: errors(code, message), length: value.count)
    }

    private func errors(_ code: String, _ message: String) -> [UInt8] {
        FieldError.json([FieldError(field: "", code: code, message: message)])
    }
}

// MARK: What they came to

private func checkRow(_ expected: Outcome, _ value: [UInt8], _ keyFields: KeyFields) {
    guard let row = batch.rows.last else { fail("no row") }
    checkPlace(row.place, expected)
    check(batch.wire(of: row).elementsEqual(value), "a row with another value")
    let key = Array(batch.key(of: row))
    check(key == expected.key, "the key \(key) for \(expected.key)")
    if let read = withBytes(value, { keyByFoundation($0, keyFields) }) {
        check(key == read, "the key \(text(key)), which Foundation reads as \(text(read))")
    }
    let copy = batch.copy(of: row)
    let parts = key.split(separator: 0, omittingEmptySubsequences: false)
    check(CopyRow.value(0, of: copy).map { $0.elementsEqual(parts[0]) } ?? false, "another name than the key's")
    let age = CopyRow.value(1, of: copy).map { $0.reduce(0) { $0 << 8 | Int($1) } } ?? -1
    check(Array(String(age).utf8) == Array(parts[1]), "age \(age), and in the key \(text(parts[1]))")
    check(CopyRow.json(5, of: copy).map { JSONScanner.isClean($0) } ?? true, "additional_info that is no JSON")
}

private func checkMarker(_ expected: Outcome, _ value: [UInt8]) {
    guard let step = batch.progress.first(where: { $0.job == expected.job }) else { fail("a marker without a step") }
    switch expected.header?.kind {
    case .start: check(batch.starts.last?.job == expected.job, "a start marker that is not kept")
    case .broken: check(step.broken, "a broken marker that is not kept")
    default:
        let digits = withBytes(value) { JSONMembers.value(at: [Array("lastSeq".utf8)], in: $0) }
        check(step.end.map { Array(String($0.lastSeq).utf8) } == digits, "an end marker with other numbers")
    }
}

private func checkReject(_ expected: Outcome, _ value: [UInt8]) {
    guard let reject = batch.rejects.last else { fail("no reject") }
    checkPlace(reject.place, expected)
    let isCut = expected.header == nil && value.count > Limits.valueBytes
    let bytes = batch.rejectBytes.slice(reject.bytes, reject.byteCount)
    check(bytes.elementsEqual(isCut ? value.prefix(Limits.truncatedBytes) : value[...]), "a reject with other bytes")
    check(reject.form == expected.form, "\(reject.form) for \(expected.form)")
    let errors = batch.rejectBytes.slice(reject.bytes + reject.byteCount, reject.errorCount)
    check(errors.elementsEqual(expected.errors), "\(text(errors)) for \(text(expected.errors))")
    check(FieldError.parse(errors)?.isEmpty == false, "errors that cannot be read")
}

private func checkPlace(_ place: BatchPlace, _ expected: Outcome) {
    let step = batch.progress[Int(place.progressIndex)]
    check(step.job == expected.job, "\(step.job) for \(expected.job)")
    let numbers = [place.seq, place.line, place.byteOffset, place.length]
    let header = expected.header
    let wanted =
        [header?.seq ?? 0, header?.line ?? 0, header?.offset ?? 0].map { Int64($0) } + [Int64(expected.length)]
    check(numbers == wanted, "\(numbers) for \(wanted)")
}

/// The key of a record that was taken, by another reader of JSON; nil: it does not read it.
private func keyByFoundation(_ json: Bytes, _ fields: KeyFields) -> [UInt8]? {
    guard let record = (try? JSONSerialization.jsonObject(with: Data(json))) as? [String: Any] else { return nil }
    let parts = record["name"] as? [String: Any] ?? ["": record["name"] ?? ""]
    var key = Array(
        ["", "firstName", "lastName"].compactMap { parts[$0].flatMap(trimmedText) }.joined(separator: [0x20]))
    key +=
        [0]
        + (record["age"].flatMap(trimmedText).flatMap { Double(text($0)) }.map { Array(String(Int($0)).utf8) } ?? [])
    for field in [KeyField.email, .phoneNumber] where fields.contains(field) {
        key += [0] + (record[field.rawValue].flatMap(trimmedText) ?? [])
    }
    return key
}

private func trimmedText(_ value: Any) -> [UInt8]? {
    guard let text = value as? String ?? (value as? NSNumber).map({ "\($0)" }) else { return nil }
    let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D]
    let start = Array(text.utf8).drop { blanks.contains($0) }
    return start.reversed().drop { blanks.contains($0) }.reversed()
}

// MARK: Assignments of a group

private func checkAssignment(_ rest: FuzzInput) {
    var input = rest
    let topic = input.text()
    let name = text(topic)
    let bytes = Array(input.bytes)
    let found = GroupAssignment.partitions(of: name, in: bytes)
    check(found == plainPartitions(bytes, Array(name.utf8)), "\(found) are read of \(bytes)")
    // Written as the protocol has it: this topic twice, another one between.
    let partitions = bytes.prefix(9).map { Int32($0) }
    func entry(_ name: [UInt8], _ partitions: [Int32]) -> [UInt8] {
        big(UInt16(name.count)) + name + big(UInt32(partitions.count)) + partitions.flatMap { big(UInt32($0)) }
    }
    let utf8 = Array(name.utf8)
    let made =
        big(UInt16(1)) + big(UInt32(3)) + entry(utf8, partitions) + entry(utf8 + [0x2E], [7]) + entry(utf8, []) + bytes
    check(GroupAssignment.partitions(of: name, in: made) == partitions.sorted(), "\(made) is read otherwise")
}

private func big<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}

/// ConsumerProtocolAssignment, number by number; what ends too early assigns nothing.
private func plainPartitions(_ bytes: [UInt8], _ topic: [UInt8]) -> [Int32] {
    var at = 0
    func number(_ size: Int) -> Int? {
        guard at + size <= bytes.count else { return nil }
        defer { at += size }
        let value = bytes[at..<at + size].reduce(0) { $0 * 256 + Int($1) }
        return bytes[at] < 0x80 ? value : value - 1 << (8 * size)
    }
    var found: [Int] = []
    guard number(2) != nil, var topics = number(4), topics >= 0 else { return [] }
    while topics > 0 {
        guard let length = number(2), length >= 0, at + length <= bytes.count else { return [] }
        let name = bytes[at..<at + length]
        at += length
        guard var partitions = number(4), partitions >= 0 else { return [] }
        while partitions > 0 {
            guard let partition = number(4) else { return [] }
            if name.elementsEqual(topic) { found.append(partition) }
            partitions -= 1
        }
        topics -= 1
    }
    return found.sorted().map { Int32($0) }
}
