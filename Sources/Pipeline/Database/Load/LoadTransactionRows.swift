// The rows of a batch on their way into the table: COPY straight in, keys that are there already left out, rows that
// Postgres refuses found by halving.

internal import Postgres
internal import Records

extension LoadTransaction {
    /// Numbers of rows, in the batch's order.
    typealias RowNumbers = ArraySlice<UInt32>

    func insertRows() throws {
        var rows = batch.order[...]
        guard !rows.isEmpty else { return }
        try connection.execute("SAVEPOINT people")
        let looksFirst = memory.expectsDuplicates
        memory.expectsDuplicates = false
        if looksFirst { rows = try withoutDuplicates(rows) }
        while let error = try copy(rows) {
            guard error.isDuplicate else { return try narrow(rows, error) }
            // Keys that are there already, or that another transaction brought since we looked.
            let rest = try withoutDuplicates(rows)
            // The index says duplicate and we find none: a trigger changes keys, perhaps. Row by row, then.
            if rest.count == rows.count { return try narrow(rows, error) }
            rows = rest
        }
    }

    /// Tries to COPY `rows` and counts them. Returns the error if it lies in the rows; nothing of them is in then.
    private func copy(_ rows: RowNumbers) throws -> PostgresError? {
        guard !rows.isEmpty else { return nil }
        do {
            let copied = try connection.copyIn(statements.copy) { writer in try send(rows, writer) }
            try checkColumns()
            // The next attempt starts from here, and a batch is not to end in thousands of nested ones.
            try connection.execute("RELEASE SAVEPOINT people; SAVEPOINT people")
            try count(rows, copied: copied)
            return nil
        } catch let error as PostgresError where error.kind == .server && !connection.isBroken {
            guard error.isData || error.isOurFault || error.sqlstate == .protocolViolation else { throw error }
            try connection.execute("ROLLBACK TO SAVEPOINT people")
            try checkColumns()
            guard error.isData else { throw error }
            return error
        }
    }

    /// A column that has become another type, under our feet perhaps, fails (22P03, 22P02, 22021, 08P01), or takes our
    /// bytes for something else: no record is to blame for it, and nothing of it may stay.
    private func checkColumns() throws {
        guard !hasCheckedColumns else { return }
        hasCheckedColumns = true
        guard let changed = try connection.query(statements.columnTypes, []).first else { return }
        let (column, type, wanted) = (changed.string(0) ?? "", changed.string(1) ?? "", changed.string(2) ?? "")
        throw PipelineError.configuration(
            "column \(column) of \(environment.info.tableName) has become \(type); userload needs \(wanted)")
    }

    private func send(_ rows: RowNumbers, _ writer: CopyWriter) throws {
        chunk.removeAll()
        chunk.append(CopyRow.header)
        for number in rows {
            let row = batch.copy(of: batch.rows[Int(number)])
            if chunk.count + row.count > CopyWriter.chunk {
                try writer.write(chunk.bytes)
                chunk.removeAll()
            }
            chunk.append(row)
        }
        chunk.append(CopyRow.trailer)
        try writer.write(chunk.bytes)
        chunk.shrink(to: 1 << 20)
    }

    /// Counts rows as inserted. If Postgres copied fewer than it was sent, a trigger swallowed some: those whose key is
    /// not there. They are counted as nothing, so the job's sum will not come out.
    private func count(_ rows: RowNumbers, copied: Int) throws {
        memory.refused.inserted()
        var inserted = rows
        if copied < rows.count {
            let there = try keysFound(rows)
            inserted = RowNumbers(zip(rows, there).filter(\.1).map(\.0).prefix(copied))
        }
        for number in inserted {
            let row = batch.rows[Int(number)]
            tally.inserted[Int(row.place.progressIndex)] += 1
            tally.ages[Int(row.age)] += 1
        }
    }

    // MARK: Duplicates

    /// Leaves out, and counts, rows whose keys the table has.
    private func withoutDuplicates(_ rows: RowNumbers) throws -> RowNumbers {
        let there = try keysFound(rows)
        var rest = RowNumbers()
        rest.reserveCapacity(rows.count)
        for (number, isThere) in zip(rows, there) {
            if isThere { countDuplicate(number) } else { rest.append(number) }
        }
        return rest
    }

    private func countDuplicate(_ number: UInt32) {
        memory.expectsDuplicates = true
        tally.duplicates[Int(batch.rows[Int(number)].place.progressIndex)] += 1
    }

    /// For each row, whether the table has its key.
    private func keysFound(_ rows: RowNumbers) throws -> [Bool] {
        let answer = try connection.query(statements.findDuplicates, keyParameters(rows))
        var found = [Bool](repeating: false, count: rows.count)
        // "{1,5,7}", in any order
        var number = 0
        for byte in answer[0].bytes(0) ?? UnsafeBufferPointer(start: nil, count: 0) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number * 10 + Int(byte & 0xF)
            case UInt8(ascii: ","), UInt8(ascii: "}"):
                found[number - 1] = true
                number = 0
            default: break
            }
        }
        return found
    }

    /// Names, ages, e-mails and phone numbers out of `Validator.key`'s form: fields between NULs, an absent one empty.
    private func keyParameters(_ rows: RowNumbers) -> [Parameter] {
        var names = BinaryArray(of: .text, capacity: rows.count * 24)
        var ages = BinaryArray(of: .integer, capacity: rows.count * 8)
        for number in rows {
            let row = batch.rows[Int(number)]
            names.append(value: batch.name(of: row))
            ages.append(value: Int32(row.age))
        }
        let fields = environment.info.keyFields.fields
        let others = [KeyField.email, .phoneNumber].map { field -> Parameter in
            guard let position = fields.firstIndex(of: field) else { return .null }
            var values = BinaryArray(of: .text, capacity: rows.count * 24)
            for number in rows {
                let key = batch.key(of: batch.rows[Int(number)])
                let value = key.split(separator: 0, omittingEmptySubsequences: false)[position]
                if value.isEmpty { values.appendNull() } else { values.append(value: Bytes(rebasing: value)) }
            }
            return values.parameter()
        }
        return [names.parameter(), ages.parameter()] + others
    }

    // MARK: Refused rows

    /// Halves `rows`, which as a whole were refused with `error`, until what is refused is single rows.
    private func narrow(_ rows: RowNumbers, _ error: PostgresError) throws {
        guard rows.count > 1 else { return try refuse(rows.first!, error) }
        let middle = rows.startIndex + rows.count / 2
        for half in [rows[..<middle], rows[middle...]] {
            if let error = try copy(half) { try narrow(half, error) }
        }
    }

    private func refuse(_ number: UInt32, _ error: PostgresError) throws {
        guard !error.isDuplicate else { return countDuplicate(number) }
        memory.refused.add(error)
        if environment.maxRefused > 0, memory.refused.count >= environment.maxRefused {
            throw LoadObstacle.refused(memory.refused.failure(error))
        }
        tally.rejected[Int(batch.rows[Int(number)].place.progressIndex)] += 1
        tally.refused.append((number, FieldError.json([FieldError(error)])))
    }
}

extension FieldError {
    /// The server's own words; not its DETAIL, which quotes the row.
    fileprivate init(_ error: PostgresError) {
        var message = String(error.message.prefix(500))
        if let constraint = error.constraint, !message.contains(constraint) { message += " (constraint \(constraint))" }
        self.init(field: "", code: "postgres_\(error.sqlstate?.rawValue ?? "error")", message: message)
    }
}
