// What a file is: any bytes and flags end in a conclusion that holds for the whole file, or in a refusal whose way out is one.

import Foundation

@testable import Records

private let day = CalendarDate(clamping: 2026, 11, 24)

func fuzzConclude(_ bytes: Bytes) {
    var input = FuzzInput(bytes)
    let choices = input.byte()
    var flags = makeFlags(&input, choices)
    let isWhole = choices & 1 == 0
    let text = Bytes(rebasing: input.bytes.prefix(Limits.conclusionBytes))
    // Where an encoding is named, the text was made of it, and so is UTF-8.
    if !UTF8Rules.isValid(text) { flags.encoding = nil }
    switch conclude(text, isWhole: isWhole, flags) {
    case .success(let conclusion):
        if choices & 0x38 == 8 {
            check(conclude(text, isWhole: isWhole, flags) == .success(conclusion), "another conclusion the second time")
        }
        let line = conclusion.line(["gzip", "UTF-16LE"])
        check(line.utf8.count <= Limits.descriptionBytes, "a conclusion of \(line.utf8.count) bytes")
        if isWhole { checkMessages(text, conclusion, seed: choices) }
    case .failure(let refusal):
        check(!refusal.notice.text.isEmpty, "a refusal without words")
        if case .options(let words) = refusal.remedy { checkWay(text, isWhole: isWhole, words, flags) }
    }
    checkStream(text, flags, seed: choices)
}

private func conclude(_ text: Bytes, isWhole: Bool, _ flags: InputFlags) -> Result<Conclusion, Refusal> {
    do throws(Refusal) {
        return .success(try Conclusion(text, isWhole: isWhole, flags, today: day))
    } catch {
        return .failure(error)
    }
}

/// None, mostly: who types nothing meets the most of this.
private func makeFlags(_ input: inout FuzzInput, _ choices: UInt8) -> InputFlags {
    var flags = InputFlags()
    guard choices & 2 != 0 else { return flags }
    let which = input.byte()
    if which & 1 != 0 { flags.format = input.choice(Format.allCases) }
    if which & 2 != 0 { flags.delimiter = input.choice(Dialect.delimiters.map(\.byte)) }
    if which & 4 != 0 { flags.skipLines = Int(input.byte() & 7) }
    if which & 8 != 0 {
        flags.columns = text(input.text()).split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    if which & 16 != 0 { flags.null = text(input.text()) }
    flags.ragged = which & 32 != 0
    flags.lenient = choices & 4 != 0
    // The text is UTF-8 already: the name only has to come through to the command that is printed.
    if choices & 0x40 != 0 { flags.encoding = input.choice(["windows-1252", "UTF-16LE", "SHIFT_JIS", "utf8"]) }
    if which & 64 != 0, let pairs = try? ColumnMap.pairs(text(input.text())) { flags.map = pairs }
    if which & 128 != 0 {
        let format = input.choice([nil] + DateFormat.allCases)
        flags.ageFrom = AgeFrom(column: text(input.text()), asOf: day, format: format)
    }
    return flags
}

// MARK: The whole file

private struct Message: Equatable {
    let kind: MessageKind
    let partition: Int32
    let seq: UInt64
    let key: [UInt8]?
    let value: [UInt8]
    let header: [UInt8]
    let errors: [UInt8]?
}

/// The messages come alike from pieces of any size, and the worker reads what push sends.
private func checkMessages(_ text: Bytes, _ conclusion: Conclusion, seed: UInt8) {
    let plan = Plan(input: conclusion, keyFields: .standard, partitions: 3, onDuplicate: .skip)
    let (whole, error) = messages(RecordScanner(text, offset: 0), plan)
    // The window of a stream is larger than all else here: sometimes is enough.
    if seed & 0x38 == 0 {
        let (pieces, otherError) = messages(RecordScanner(read: reader(text, Pieces(seed))), plan)
        check(whole == pieces && error == otherError, "\(whole.count) messages, in pieces \(pieces.count), or others")
    }
    let validator = Validator(key: .standard)
    for message in whole {
        guard case .header(let header) = withBytes(message.header, { WireHeader.decode($0) }) else {
            fail("a header that no worker reads")
        }
        check(header.kind == message.kind && header.seq == message.seq, "another header")
        check(message.value.count <= Limits.valueBytes, "a value of \(message.value.count) bytes")
        if message.kind == .record {
            validator.lenient = header.lenient ?? []
            check(withBytes(message.value) { validator.validate($0) }, "the worker refuses \(validator.errors)")
            check(message.key?.elementsEqual(validator.key) ?? false, "the worker has another key")
        } else {
            check(
                message.errors.map { withBytes($0) { FieldError.parse($0) }?.isEmpty == false } ?? false,
                "a reject whose errors no worker reads")
        }
    }
}

private func messages(_ scanner: RecordScanner, _ plan: Plan) -> (messages: [Message], error: String?) {
    var messages: [Message] = []
    do {
        try scanner.begin(plan.input)
        let stream = RecordStream(scanner: scanner, plan: plan, job: JobID(high: 1, low: 2))
        while try stream.next() {
            let out = stream.outgoing
            messages.append(
                Message(
                    kind: out.kind, partition: out.partition, seq: out.seq, key: out.key.map { Array($0) },
                    value: Array(out.value), header: Array(out.header), errors: out.errors.map { Array($0) }))
        }
        for partition in 0..<3 {
            let seqs = messages.filter { $0.partition == partition }.map(\.seq)
            check(seqs == Array(1...UInt64(seqs.count + 1)).dropLast(), "seqs with a gap: \(seqs)")
            check(stream.endMarker(partition: partition).lastSeq == UInt64(seqs.count), "another end marker")
        }
    } catch let error as InputError {
        return (messages, error.message)
    } catch {
        fail("\(error)")
    }
    return (messages, nil)
}

// MARK: The way out

/// What a refusal prints is taken, and says the same flags when it is typed.
private func checkWay(_ text: Bytes, isWhole: Bool, _ words: [String], _ given: InputFlags) {
    let flags = typed(words)
    check(flags.words == words, "\(words) is read as \(flags.words)")
    var text = Array(text)
    if given.encoding != nil {
        check(flags.encoding == given.encoding, "the encoding is lost in \(words)")
    } else if flags.encoding == Windows1252.name {
        guard let decoded = withBytes(text, { Windows1252.decoded($0) }) else { fail("no windows-1252") }
        text = decoded
    }
    if case .failure(let refusal) = withBytes(text, { conclude($0, isWhole: isWhole, flags) }) {
        fail("the way out, \(words), ends in: \(refusal.notice.text)")
    }
}

private func typed(_ words: [String]) -> InputFlags {
    var flags = InputFlags()
    var rest = words[...]
    func value() -> String { rest.popFirst() ?? "" }
    while let word = rest.popFirst() {
        switch word {
        case "--format": flags.format = Format(rawValue: value())
        case "--encoding": flags.encoding = value()
        case "--delimiter": flags.delimiter = Dialect(argument: value())?.delimiter
        case "--skip-lines": flags.skipLines = Int(value()) ?? -1
        case "--columns":
            flags.columns = value().split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        case "--null": flags.null = value()
        case "--ragged": flags.ragged = true
        case "--lenient": flags.lenient = true
        case "--map": flags.map += (try? ColumnMap.pairs(value())) ?? []
        case "--age-from":
            let column = value()
            check(value() == "--as-of", "--age-from without --as-of")
            guard let asOf = CalendarDate(iso: value()) else { fail("no day") }
            flags.ageFrom = AgeFrom(column: column, asOf: asOf)
        case "--date-format": flags.ageFrom?.format = DateFormat(rawValue: value())
        default: fail("a word that is no option: \(word)")
        }
    }
    return flags
}

// MARK: A stream

/// What is concluded from, of a stream, does not depend on how much came.
private func checkStream(_ text: Bytes, _ flags: InputFlags, seed: UInt8) {
    guard let length = StreamWindow.length(text, flags) else { return }
    check((0...text.count).contains(length), "a first record of \(length) bytes in \(text.count)")
    let shorter = StreamWindow.length(Bytes(rebasing: text[..<(length * Int(seed) / 256)]), flags)
    // A bracket that closes what was not opened ends all that there is, and is refused.
    let isBroken = text.first { !isWhitespace($0) }.map { $0 | 0x20 == UInt8(ascii: "{") } ?? false
    check(shorter == nil || isBroken, "a first record of \(length) bytes is whole after \(shorter ?? 0)")
}
