// CSV: its delimiter, and the row that names the columns.

extension Concluder {
    /// What one delimiter makes of the input.
    private struct Attempt {
        let delimiter: UInt8
        var conclusion: Conclusion?
        var fault: Fault?
        /// Matched, but without all that is needed.
        var incomplete: (conclusion: Conclusion, matcher: ColumnMatcher, seen: String)?
        /// Known columns, and all.
        var known = 0
        var cells = 0

        var rank: (Int, Int, Int) { (conclusion == nil ? 0 : 1, known, cells) }
    }

    func csv(_ flags: InputFlags) throws(Fault) -> Conclusion {
        let line = delimiterLine
        if let named = line, !Dialect.delimiters.contains(where: { $0.byte == named }), flags.delimiter == nil {
            throw Fault("its first line names a delimiter that is not one of , ; tab |")
        }
        let fixed = flags.delimiter ?? line
        let attempts = (fixed.map { [$0] } ?? Dialect.delimiters.map(\.byte)).map { delimiter in
            attempt(delimiter, hasLine: line != nil, flags)
        }
        let best = attempts.dropFirst().reduce(attempts[0]) { $1.rank > $0.rank ? $1 : $0 }
        let alike = attempts.filter { $0.conclusion != nil && $0.rank == best.rank }
        if alike.count > 1 {
            let names = alike.map { "\"\(Dialect(delimiter: $0.delimiter).argument)\"" }
            throw Fault("\(names.joined(separator: " and ")) both separate the columns needed: --delimiter says which")
        }
        if let conclusion = best.conclusion { return conclusion }
        var fault =
            best.fault ?? best.incomplete.map { missing($0.conclusion, $0.matcher, $0.seen, flags) }
            ?? Fault("no header row")
        if fault.amended == nil { otherDelimiter(&fault, hasLine: line != nil, flags) }
        if fault.amended == nil { skipLines(&fault, flags) }
        if flags.format == .csv, looksLikeJSON {
            var amended = flags
            amended.format = nil
            fault = Fault("\(fault.message); it looks like JSON", amended: amended)
        }
        throw fault
    }

    /// The one that was named may be wrong.
    private func otherDelimiter(_ fault: inout Fault, hasLine: Bool, _ flags: InputFlags) {
        guard flags.delimiter != nil else { return }
        for (byte, name) in Dialect.delimiters where attempt(byte, hasLine: hasLine, flags).conclusion != nil {
            var amended = flags
            amended.delimiter = nil
            fault = Fault("\(fault.message); it looks delimited by \(name)", amended: amended)
            return
        }
    }

    private var looksLikeJSON: Bool {
        let first = bytes.first { !isWhitespace($0) }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    // MARK: One delimiter

    private func attempt(_ delimiter: UInt8, hasLine: Bool, _ flags: InputFlags) -> Attempt {
        var attempt = Attempt(delimiter: delimiter)
        do throws(Fault) {
            var conclusion = Conclusion(form: .csv)
            conclusion.dialect = Dialect(delimiter: delimiter)
            conclusion.hasDelimiterLine = hasLine
            conclusion.skippedLines = flags.skipLines
            conclusion.null = flags.null.map { Array($0.utf8) }
            conclusion.isRagged = flags.ragged
            let header: (row: [UInt8], line: UInt64) = try firstRow(delimiter, hasLine: hasLine, flags)
            let names: [[UInt8]]
            if let columns = flags.columns {
                names = columns.map { withBytes(Array($0.utf8)) { Array(trimmed($0)) } }
                attempt.cells =
                    (try? CSVHeaderCells.cells(header.row, delimiter: delimiter, line: header.line).count) ?? 0
                // As many as are named is better than more.
                if attempt.cells != names.count { attempt.cells = 0 }
            } else {
                try checkHeader(header, flags)
                names = try Self.input { () throws(InputError) in
                    try CSVHeaderCells.cells(header.row, delimiter: delimiter, line: header.line)
                }
                conclusion.header = header.row
                attempt.cells = names.count
            }
            let seen = "(line \(header.line): \(Self.list(names)))"
            // Of columns that are found but cannot be used, the sentence counts, not that of another delimiter.
            attempt.known = 1
            let matcher = try ColumnMatcher(names, isCSV: true, flags, seen: seen)
            attempt.known = matcher.knownCount
            conclusion.columns = matcher.columns
            conclusion.age = matcher.ageSource
            describe(&conclusion, matcher)
            if matcher.missing.isEmpty {
                attempt.conclusion = conclusion
            } else {
                attempt.incomplete = (conclusion, matcher, seen)
            }
        } catch {
            attempt.fault = error
        }
        return attempt
    }

    static func input<Result>(_ body: () throws(InputError) -> Result) throws(Fault) -> Result {
        do { return try body() } catch { throw Fault(error.message) }
    }

    /// The header row, or the first one with `--columns`.
    private func firstRow(
        _ delimiter: UInt8, hasLine: Bool, _ flags: InputFlags
    ) throws(Fault) -> (row: [UInt8], line: UInt64) {
        let skipped = max(flags.skipLines, hasLine ? 1 : 0)
        let start = offset(ofLine: skipped)
        let window = InputWindow(Bytes(rebasing: bytes[start...]))
        do {
            let found = try CSVHeaderRow(window, delimiter: delimiter, line: UInt64(skipped) + 1)
            if !isWhole, window.count == 0, window.offset == UInt64(bytes.count - start), !endsLine,
                flags.columns == nil
            {
                throw InputError(
                    "the header row is longer than \(Limits.headerRowBytes) bytes (line \(found.line))")
            }
            return (found.row, found.line)
        } catch let error as InputError {
            throw Fault(flags.columns != nil && error.message == "no header row" ? "no row" : error.message)
        } catch {
            throw Fault("\(error)")
        }
    }

    private var endsLine: Bool { bytes.last == 0x0A || bytes.last == 0x0D }

    /// Where physical line `count` begins, from 0.
    private func offset(ofLine count: Int) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var position = 0
        for _ in 0..<count {
            guard let end = LineEnds.first(base + position, bytes.count - position, isLast: true) else {
                return bytes.count
            }
            position += end.next
        }
        return position
    }

    private func checkHeader(_ header: (row: [UInt8], line: UInt64), _ flags: InputFlags) throws(Fault) {
        guard withBytes(header.row, UTF8Rules.isValid) else {
            var fault = Fault("the header row is not UTF-8 text (line \(header.line))")
            if let offer = windows1252Offer(flags) {
                fault = Fault("the header row is not UTF-8 text (line \(header.line)); \(offer.words)")
                var amended = flags
                amended.encoding = Windows1252.name
                fault.amended = amended
            }
            throw fault
        }
    }

    /// The delimiter that a first line `sep=;` names.
    private var delimiterLine: UInt8? {
        guard let base = bytes.baseAddress else { return nil }
        let end = LineEnds.first(base, bytes.count, isLast: isWhole)?.length ?? bytes.count
        var line = Array(bytes.prefix(min(end, 16)))
        guard end <= 16 else { return nil }
        if line.first == UInt8(ascii: "\""), line.last == UInt8(ascii: "\"") {
            line = Array(line.dropFirst().dropLast())
        }
        guard line.count == 5, line.prefix(4).map({ $0 | 0x20 }) == Array("sep".utf8) + [UInt8(ascii: "=") | 0x20]
        else {
            return nil
        }
        return line[4]
    }

    // MARK: What is missing

    /// The first columns, for messages.
    static func list(_ cells: [[UInt8]]) -> String {
        let shown = 20
        let names = cells.prefix(shown).map { FieldError.fieldName($0) }
        return names.joined(separator: ", ") + (cells.count > shown ? ", … \(cells.count - shown) more" : "")
    }

    /// One of the first rows may have the columns.
    private func skipLines(_ fault: inout Fault, _ flags: InputFlags) {
        guard flags.columns == nil, flags.skipLines == 0, fault.kind == .input else { return }
        for count in 1..<20 {
            let start = offset(ofLine: count)
            guard start < bytes.count else { return }
            // The line itself, not one behind it that is not blank.
            if bytes[start] == 0x0A || bytes[start] == 0x0D { continue }
            var amended = flags
            amended.skipLines = count
            let delimiters = flags.delimiter.map { [$0] } ?? Dialect.delimiters.map(\.byte)
            guard delimiters.contains(where: { attempt($0, hasLine: false, amended).conclusion != nil }) else {
                continue
            }
            fault = Fault("\(fault.message); line \(count + 1) has them: --skip-lines \(count)", amended: amended)
            return
        }
    }
}
