// The rows of a batch on their way into the table: COPY straight in, keys that are there already left out, rows that
// Postgres refuses found by halving.

internal import Postgres
internal import Records

extension LoadTransaction {
    /// Numbers of rows, in the batch's order.
    typealias RowNumbers = ArraySlice<UInt32>

    func insertRows() throws {
        guard !batch.order.isEmpty else { return }
        let looksFirst = memory.expectsDuplicates
        memory.expectsDuplicates = false
        try insert(batch.order[...], looksFirst: looksFirst)
        let lostFirst = lost
        try insertRepeats()
        if !batch.chains.isEmpty || !unfolded.isEmpty { try insertChains(lostFirst) }
    }

    private func insertRepeats() throws {
        guard !lost.isEmpty, !batch.repeats.isEmpty else { return }
        // Of several rows with one key the first has its fate. Where it did not come to stand in the table, the next
        // one is not a duplicate: it is inserted or refused on its own.
        let next = batch.nextRepeats()
        while !lost.isEmpty {
            let rows = RowNumbers(lost.compactMap { next[$0] })
            lost = []
            for number in rows { tally.duplicates[progressIndex(number)] -= 1 }
            try insert(rows, looksFirst: false)
        }
    }

    func progressIndex(_ number: UInt32) -> Int { Int(batch.rows[Int(number)].place.progressIndex) }

    func insert(_ rows: RowNumbers, looksFirst: Bool) throws {
        var rows = looksFirst ? try withoutDuplicates(rows) : rows
        while let error = try write(rows) {
            guard error.sqlstate == .uniqueViolation else { return try narrow(rows, error) }
            // Keys that are there already, or that another transaction brought since we looked.
            let rest = try withoutDuplicates(rows)
            // Another unique index than the key's, or a trigger that changes keys. Row by row, then.
            if rest.count == rows.count { return try narrow(rows, error) }
            rows = rest
        }
    }

    /// Tries to bring `rows` in and counts them. Returns the error if it lies in the rows; nothing of them is in then.
    private func write(_ rows: RowNumbers) throws -> PostgresError? {
        guard !rows.isEmpty else { return nil }
        try setSavepoint()
        let isCounting = memory.needsInsert
        var ages: InsertedAges?
        let written: Int
        do {
            if isCounting {
                let inserted = try insertCounting(rows)
                written = inserted.rows
                ages = inserted
            } else {
                written = try connection.copyIn(statements.copy) { writer in try send(rows, writer) }
            }
        } catch let error as PostgresError where error.kind == .server && !connection.isBroken {
            guard error.isData || error.isOurFault || error.sqlstate == .protocolViolation else { throw error }
            // A column that has become another type, under our feet perhaps, fails (22P03, 22P02, 22021, 08P01): no
            // record is to blame for it. Looked at outside the savepoint, whose end would let go of the table.
            if facts == nil {
                try connection.execute("ROLLBACK TO SAVEPOINT people; RELEASE SAVEPOINT people")
                facts = try TableFacts(connection, environment)
                try connection.execute("SAVEPOINT people")
            } else {
                try connection.execute("ROLLBACK TO SAVEPOINT people")
            }
            guard error.isData else { throw error }
            return error
        }
        if !isChecked {
            let found = try TableFacts(connection, environment)
            isChecked = true
            facts = found
            memory.needsInsert = found.needsInsert
            // Triggers that nobody knew of may have changed the rows: once more, so that the table's own are counted.
            if found.needsInsert && !isCounting {
                try connection.execute("ROLLBACK TO SAVEPOINT people")
                return try write(rows)
            }
        }
        guard let inserted = try inserted(rows, written: written) else {
            try connection.execute("ROLLBACK TO SAVEPOINT people")
            for half in halves(rows) { try insert(half, looksFirst: false) }
            return nil
        }
        isSavepointUsed = true
        count(inserted, ages)
        return nil
    }

    /// Where a refused attempt goes back to: behind the last one that succeeded. Released first, so that a batch does not
    /// end in thousands of nested ones.
    func setSavepoint() throws {
        guard isSavepointUsed != false else { return }
        let release = isSavepointUsed == nil ? "" : "RELEASE SAVEPOINT people; "
        try connection.execute(release + "SAVEPOINT people")
        isSavepointUsed = false
    }

    private func send(_ rows: RowNumbers, _ writer: CopyWriter) throws {
        chunk.removeAll()
        chunk.append(CopyRow.header)
        for number in rows {
            let row = batch.copy(of: batch.rows[Int(number)])
            if chunk.count + row.count > CopyWriter.chunk {
                try write(chunk.bytes, writer)
                chunk.removeAll()
            }
            chunk.append(row)
        }
        chunk.append(CopyRow.trailer)
        try write(chunk.bytes, writer)
        chunk.shrink(to: 1 << 20)
    }

    private func write(_ bytes: UnsafeBufferPointer<UInt8>, _ writer: CopyWriter) throws(PostgresError) {
        try writer.write(bytes)
        Torture.reached("load.copying")
    }

    /// Those of `rows` that stand in the table now that `written` of them were inserted; nil: it cannot be told. A trigger
    /// swallowed the others; they are counted as nothing, so the job's sum will not come out.
    private func inserted(_ rows: RowNumbers, written: Int) throws -> RowNumbers? {
        if written == rows.count { return rows }
        if written == 0 {
            swallow(rows)
            return []
        }
        let there = try keysFound(rows)
        let found = RowNumbers(zip(rows, there).filter(\.1).map(\.0))
        guard found.count == written else { return nil }
        swallow(zip(rows, there).filter { !$0.1 }.map(\.0))
        return found
    }

    func swallow(_ rows: some Sequence<UInt32>) {
        lost.append(contentsOf: rows)
        tally.swallowed.formUnion(rows)
    }

    private func count(_ rows: RowNumbers, _ ages: InsertedAges?) {
        if !rows.isEmpty { memory.refused.inserted() }
        for number in rows { tally.inserted[progressIndex(number)] += 1 }
        if let ages {
            for (age, rows) in ages.withJob { tally.count(age: age, rows) }
        } else {
            for number in rows { tally.ages[Int(batch.rows[Int(number)].age)] += 1 }
        }
    }

    // MARK: Refused rows

    func halves(_ rows: RowNumbers) -> [RowNumbers] {
        let middle = rows.startIndex + rows.count / 2
        return [rows[..<middle], rows[middle...]]
    }

    /// Halves `rows`, which as a whole were refused with `error`, until what is refused is single rows.
    private func narrow(_ rows: RowNumbers, _ error: PostgresError) throws {
        guard rows.count > 1 else { return try judge(rows, error) }
        for half in halves(rows) {
            if let error = try write(half) { try narrow(half, error) }
        }
    }

    /// A single row was refused: a duplicate, or its own fault.
    private func judge(_ row: RowNumbers, _ error: PostgresError) throws {
        guard let number = row.first else { return }
        guard error.sqlstate == .uniqueViolation else { return try refuse(number, error) }
        if try settle(row, error) { return }
        // What stood in its way may be gone meanwhile.
        guard let again = try write(row) else { return }
        if try settle(row, again) { return }
        try refuse(number, again)
    }

    /// False: it is no duplicate, or the row that it was to update is gone.
    private func settle(_ row: RowNumbers, _ error: PostgresError) throws -> Bool {
        guard try isDuplicate(row, error) else { return false }
        if row.contains(where: { batch.mode(of: $0).updates }) { return try withoutDuplicates(row).isEmpty }
        row.forEach(countDuplicate)
        return true
    }

    /// The index on the key says so, or the table has the key, whichever index complained.
    private func isDuplicate(_ row: RowNumbers, _ error: PostgresError) throws -> Bool {
        try facts?.isDuplicate(error) == true || error.sqlstate == .uniqueViolation && keysFound(row).first == true
    }

    func refuse(_ number: UInt32, _ error: PostgresError) throws {
        // The records it was folded from are tried by themselves.
        if batch.folds[number] != nil {
            unfolded.insert(number)
            return
        }
        memory.refused.add(error)
        if environment.maxRefused > 0, memory.refused.count >= environment.maxRefused {
            throw LoadObstacle.refused(memory.refused.failure(error))
        }
        tally.rejected[progressIndex(number)] += 1
        tally.refused.append((number, FieldError.json([FieldError(error)])))
        lost.append(number)
    }
}

extension FieldError {
    /// The server's own words; not its DETAIL, which quotes the row.
    fileprivate init(_ error: PostgresError) {
        var message = "Postgres refused it: \(error.message.prefix(500))"
        if let constraint = error.constraint, !message.contains(constraint) { message += " (constraint \(constraint))" }
        self.init(field: "", code: "postgres_\(error.sqlstate?.rawValue ?? "error")", message: message)
    }
}
