// From the first bytes of an input and the flags to a conclusion, or to a refusal with the way out.

extension Conclusion {
    /// - Parameters:
    ///   - window: the first bytes, at most `Limits.conclusionBytes`; of a stream those up to the end of its first record.
    ///   - isWhole: there are no others.
    ///   - offset: of the first one in the input: behind a byte order mark 3.
    ///   - today: what a suggestion of `--as-of` says; a conclusion does not depend on it.
    package init(
        _ window: Bytes, isWhole: Bool, offset: UInt64 = 0, _ flags: InputFlags, keyFields: KeyFields = .standard,
        today: CalendarDate
    ) throws(Refusal) {
        let start = Concluder(window, isWhole: isWhole, offset: offset, keyFields: keyFields, today: today)
        do {
            self = try start.conclude(flags)
        } catch {
            throw start.refusal(error, flags)
        }
    }
}

/// One window; pure.
struct Concluder {
    /// With zeros behind for the blocks that scanners load.
    let bytes: Bytes
    let isWhole: Bool
    let offset: UInt64
    let keyFields: KeyFields
    let today: CalendarDate
    /// The bytes are another program's output: a second program is not tried.
    let isOutput: Bool
    private let copy: ByteBuffer

    init(
        _ window: Bytes, isWhole: Bool, offset: UInt64 = 0, keyFields: KeyFields, today: CalendarDate,
        isOutput: Bool = false
    ) {
        self.isOutput = isOutput
        copy = ByteBuffer(capacity: window.count + ByteBlock.size)
        copy.append(window)
        for offset in 0..<ByteBlock.size { copy.base[copy.count + offset] = 0 }
        bytes = copy.bytes
        self.isWhole = isWhole
        self.offset = offset
        self.keyFields = keyFields
        self.today = today
    }

    /// How many records are looked at.
    static let records = 100

    func conclude(_ flags: InputFlags) throws(Fault) -> Conclusion {
        guard let first = bytes.first(where: { !isWhitespace($0) }) else {
            throw Fault(bytes.count == 0 ? "empty" : "nothing but blank lines")
        }
        let form = try form(first, flags)
        if flags.format == nil, let fault = separatedByCommas(form) { throw fault }
        var conclusion: Conclusion
        do throws(Fault) {
            conclusion = form == .csv ? try csv(flags) : try json(form, flags)
            conclusion.lenient = lenient(conclusion, flags)
            try checkRecords(conclusion, flags)
        } catch {
            throw separatedByCommas(form) ?? error
        }
        if form == .csv, conclusion.isPlain { conclusion.hasSurplus = hasSurplus(conclusion) }
        if conclusion.age != nil, keyFields == .standard {
            conclusion.notices.append(
                Notice(
                    text:
                        "another --as-of makes a second row of whoever had a birthday between, while the unique key is "
                        + keyFields.text))
        }
        if let offer = windows1252Offer(flags) { conclusion.notices.append(offer.notice) }
        return conclusion
    }

    // MARK: Form

    private func form(_ first: UInt8, _ flags: InputFlags) throws(Fault) -> Form {
        let isArray = first == UInt8(ascii: "[")
        let isObject = first == UInt8(ascii: "{")
        var amended = flags
        amended.format = nil
        switch flags.format {
        case .csv: return .csv
        case .jsonl:
            if isArray { throw Fault("is a JSON array, not JSON lines", amended: amended) }
            return .jsonl
        case .json:
            guard isArray || isObject else {
                throw Fault("is not JSON: it begins with neither [ nor {", amended: amended)
            }
            return isArray ? .array : .objects
        case nil:
            guard isArray || isObject else { return .csv }
            if let flag = flags.ofCSV.first {
                throw Fault("is JSON; \(flag) is for CSV (--format csv takes it as CSV)")
            }
            if isArray { return .array }
            return firstObjectEndsOnItsLine ? .jsonl : .objects
        }
    }

    /// Whether nothing but blanks stands between the end of the first object and the end of the line it begins on.
    private var firstObjectEndsOnItsLine: Bool {
        guard let base = bytes.baseAddress, let start = bytes.firstIndex(of: UInt8(ascii: "{")) else { return false }
        var structure = JSONStructure()
        guard case .complete(let length) = structure.advance(base + start, bytes.count - start) else {
            // As long as it stands on one line it may be a long one.
            return structure.lines == 0
        }
        guard structure.lines == 0 else { return false }
        let rest = bytes[(start + length)...].first { $0 == 0x0A || !isWhitespace($0) }
        return rest != UInt8(ascii: "{")
    }

    /// "line 3, byte 57"
    func place(_ position: Int) -> String {
        let lines = bytes.baseAddress.map { LineEnds.count($0, position) } ?? 0
        return "line \(lines + 1), byte \(UInt64(position) + offset)"
    }

    // MARK: What may break its rule

    private func lenient(_ conclusion: Conclusion, _ flags: InputFlags) -> LenientFields {
        var fields: LenientFields = flags.lenient ? .all : []
        for column in conclusion.columns where column.match == .alias {
            if column.path == FieldName.email.path { fields.insert(.email) }
            if column.path == FieldName.phoneNumber.path { fields.insert(.phoneNumber) }
            if column.path == FieldName.address.path { fields.insert(.address) }
        }
        return fields.subtracting(LenientFields(keyFields))
    }

    // MARK: Records

    /// Nothing of a wrong file may become the rejects of a completed job.
    private func checkRecords(_ conclusion: Conclusion, _ flags: InputFlags) throws(Fault) {
        var seen = 0
        var found = 0
        var births = 0
        let reader = RecordReader()
        do {
            try forEachRecord(conclusion) { record in
                seen += 1
                guard let json = record.json, reader.read(json) else { return }
                if record.ageFault != .none { births += 1 }
                if reader.hasName, reader.has(.age) { found += 1 }
            }
        } catch {
            throw Fault(error.message, amended: other(flags))
        }
        // A fix file says itself what it is, and of its records only some may be corrected yet.
        guard seen > 0, found == 0, !conclusion.isFix else { return }
        let words =
            seen == 1
            ? "the first record has no name and age" : "none of the first \(seen) records has a name and an age"
        guard births > 0, let age = conclusion.age else { throw Fault(words, amended: other(flags)) }
        var fault = Fault(
            (seen == 1 ? "the first record has no date" : "none of the first \(seen) records has a date")
                + " in \"\(age.name)\"; --date-format says how they are written")
        if age.format == nil, let format = dateFormat(conclusion, age) {
            var amended = flags
            amended.ageFrom?.format = format
            fault.amended = amended
        }
        throw fault
    }

    /// Bytes that look like JSON may still be CSV.
    func other(_ flags: InputFlags) -> InputFlags? {
        guard flags.format == nil, bytes.first(where: { !isWhitespace($0) }) == UInt8(ascii: "[") else { return nil }
        var amended = flags
        amended.format = .csv
        return amended
    }

    /// Whether a row has surplus cells, all of them empty.
    private func hasSurplus(_ conclusion: Conclusion) -> Bool {
        let scanner = RecordScanner(bytes, offset: offset)
        guard (try? scanner.begin(conclusion)) != nil else { return false }
        let end = offset + UInt64(bytes.count)
        while (try? scanner.next()) ?? false {
            if !isWhole, scanner.record.offset + scanner.record.length >= end { return false }
            if scanner.hasSurplus { return true }
        }
        return false
    }

    /// The first records that are there as a whole.
    func forEachRecord(_ conclusion: Conclusion, _ body: (ScannedRecord) -> Void) throws(InputError) {
        let scanner = RecordScanner(bytes, offset: offset)
        let end = offset + UInt64(bytes.count)
        do {
            try scanner.begin(conclusion)
            var seen = 0
            while seen < Self.records, try scanner.next() {
                // The last one may go on behind the window, its line end too.
                if !isWhole, scanner.record.offset + scanner.record.length >= end { return }
                seen += 1
                body(scanner.record)
            }
        } catch let error as InputError {
            // What ends here may go on behind the window.
            if isWhole || !error.isUnfinished { throw error }
        } catch {
            throw InputError("\(error)")
        }
    }
}
