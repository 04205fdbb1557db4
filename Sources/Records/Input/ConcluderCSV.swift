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

        /// Columns that are known, of a header that is no use as it is, too.
        var columns: Int { conclusion != nil ? .max : incomplete.map(\.matcher.knownCount) ?? known }
    }

    func csv(_ flags: InputFlags) throws(Fault) -> Conclusion {
        let line = delimiterLine
        let attempts = attempts(flags)
        let best = Self.best(attempts)
        if let line, !Self.isDelimiter(line), flags.delimiter == nil {
            var amended = flags
            amended.delimiter = best.delimiter
            throw Fault("its first line names a delimiter that is not one of , ; tab |", amended: amended)
        }
        let alike = attempts.filter { $0.conclusion != nil && $0.rank == best.rank }
        if alike.count > 1 {
            let names = alike.map { "\"\(Dialect(delimiter: $0.delimiter).argument)\"" }
            throw Fault("\(names.joined(separator: " and ")) both separate the columns needed: --delimiter says which")
        }
        if let conclusion = best.conclusion { return conclusion }
        var fault =
            best.fault ?? best.incomplete.map { missing($0.conclusion, $0.matcher, $0.seen, flags) }
            ?? Fault("no header row")
        if fault.amended == nil { otherDelimiter(&fault, line, flags) }
        if fault.amended == nil { skipLines(&fault, best.columns, flags) }
        if flags.format == .csv, looksLikeJSON {
            var amended = flags
            amended.format = nil
            fault = fault.adding("it looks like JSON", amended: amended)
        }
        throw fault
    }

    private static func isDelimiter(_ byte: UInt8) -> Bool { Dialect.delimiters.contains { $0.byte == byte } }

    /// With the delimiter that a flag or the first line names, or with each one.
    private func attempts(_ flags: InputFlags) -> [Attempt] {
        let line = delimiterLine
        let named = flags.delimiter ?? line.flatMap { Self.isDelimiter($0) ? $0 : nil }
        return (named.map { [$0] } ?? Dialect.delimiters.map(\.byte)).map { attempt($0, hasLine: line != nil, flags) }
    }

    private static func best(_ attempts: [Attempt]) -> Attempt {
        attempts.dropFirst().reduce(attempts[0]) { $1.rank > $0.rank ? $1 : $0 }
    }

    /// The one that a flag or the first line names may be wrong: another one finds more columns.
    private func otherDelimiter(_ fault: inout Fault, _ line: UInt8?, _ flags: InputFlags) {
        guard let used = flags.delimiter ?? line else { return }
        let found = attempt(used, hasLine: line != nil, flags).columns
        let best = Self.best(Dialect.delimiters.map { attempt($0.byte, hasLine: line != nil, flags) })
        guard best.delimiter != used, best.columns > found else { return }
        var amended = flags
        // Only what contradicts the first line must be said.
        amended.delimiter = line == nil || line == best.delimiter ? nil : best.delimiter
        let name = Dialect(delimiter: best.delimiter).argument
        let isOfLine = flags.delimiter == nil
        fault = fault.adding(
            "its delimiter looks like \"\(name)\"\(isOfLine ? ", which its first line contradicts" : "")",
            amended: amended
        )
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
            let matched = try FixColumns(names, isCSV: true, flags, seen: seen)
            let matcher = matched.matcher
            attempt.known = matcher.knownCount
            conclusion.isFix = matched.isFix
            conclusion.columns = matched.columns
            conclusion.age = matched.age
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
                fault = fault.adding(offer.words)
                fault.namesEncoding = true
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

    /// One of the first rows may have the columns, or what leads to them.
    /// - Parameter columns: those known in the first row.
    private func skipLines(_ fault: inout Fault, _ columns: Int, _ flags: InputFlags) {
        guard flags.columns == nil, flags.skipLines == 0 else { return }
        var hint: String?
        for count in 1..<20 {
            let start = offset(ofLine: count)
            guard start < bytes.count else { break }
            // The line itself, not one behind it that is not blank.
            if bytes[start] == 0x0A || bytes[start] == 0x0D { continue }
            var amended = flags
            amended.skipLines = count
            let words: String
            do {
                _ = try conclude(amended)
                fault = fault.adding("line \(count + 1) has them: --skip-lines \(count)", amended: amended)
                return
            } catch {
                words = "with --skip-lines \(count), line \(count + 1) is the header: \(error.message)"
            }
            if let way = way(amended), way.program == nil {
                fault = fault.adding(words, amended: way.flags)
                return
            }
            if hint == nil, columns == 0, Self.best(attempts(amended)).columns > 0 { hint = words }
        }
        if let hint { fault = fault.adding(hint) }
    }
}
