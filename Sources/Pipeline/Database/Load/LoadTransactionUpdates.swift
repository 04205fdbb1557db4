// Rows of a batch whose keys the table has, by what their jobs want of them: skipped, kept as rejects, or written into
// the row that is there.

internal import Postgres
internal import Records

extension LoadTransaction {
    /// Deals with those of `rows` whose keys the table has, and returns the others.
    func withoutDuplicates(_ rows: RowNumbers) throws -> RowNumbers {
        guard batch.hasUpdates else { return try withoutSkipped(rows) }
        let updating = rows.filter { batch.mode(of: $0).updates }
        let rest = try withoutSkipped(RowNumbers(rows.filter { !batch.mode(of: $0).updates }))
        if updating.isEmpty { return rest }
        let toInsert = Set(rest).union(try update(updating[...]))
        if toInsert.isEmpty { return [] }
        return RowNumbers(rows.filter(toInsert.contains))
    }

    private func withoutSkipped(_ rows: RowNumbers) throws -> RowNumbers {
        if rows.isEmpty { return rows }
        let there = try keysFound(rows)
        var rest = RowNumbers()
        rest.reserveCapacity(rows.count)
        for (number, isThere) in zip(rows, there) {
            if isThere { countDuplicate(number) } else { rest.append(number) }
        }
        return rest
    }

    /// A record whose key the table has, of a job that does not update.
    func countDuplicate(_ number: UInt32) {
        memory.expectsDuplicates = true
        guard case .reject = batch.mode(of: number), !Torture.has(.rejectModeSkips) else {
            return tally.duplicates[progressIndex(number)] += 1
        }
        tally.rejected[progressIndex(number)] += 1
        tally.refused.append((number, duplicateErrors))
    }

    // MARK: Updating

    /// Joins that read a whole table would make every batch cost more as it grows, and bitmaps are for many rows.
    static let lookUps =
        "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_bitmapscan = off"

    /// - Returns: those whose keys the table does not have.
    private func update(_ rows: RowNumbers) throws -> RowNumbers {
        try connection.execute(Self.lookUps)
        let before = tally.duplicates.reduce(0, +)
        var rest = RowNumbers()
        var changing = rows
        // Of a few rows one more question costs more than it saves.
        if rows.count >= 1_000 {
            if memory.expectsEqual {
                (rest, changing) = try withoutEqual(rows)
            } else {
                changing = try withoutChanged(rows)
            }
        }
        rest += try change(changing)
        memory.expectsEqual = 2 * (tally.duplicates.reduce(0, +) - before) >= rows.count
        return rest
    }

    /// - Returns: those whose keys the table does not have.
    private func change(_ rows: RowNumbers) throws -> RowNumbers {
        guard !rows.isEmpty else { return [] }
        let answer: UpdateAnswer
        try setSavepoint()
        do {
            answer = try ask(rows)
        } catch let error as PostgresError where error.isData && !connection.isBroken {
            try connection.execute("ROLLBACK TO SAVEPOINT people")
            if rows.count == 1 {
                for number in rows { try refuse(number, error) }
                return []
            }
            return RowNumbers(try halves(rows).flatMap { try change($0) })
        }
        isSavepointUsed = true
        var rest = RowNumbers()
        for (number, fate) in zip(rows, answer.fates) {
            switch fate {
            case .absent:
                rest.append(number)
                continue
            case .equal: tally.duplicates[progressIndex(number)] += 1
            case .changed: countUpdated(number)
            // A trigger swallowed the change: it counts as nothing, so the job's sum will not come out.
            case .swallowed: swallow([number])
            }
            memory.expectsDuplicates = true
        }
        return rest
    }

    private func ask(_ rows: RowNumbers) throws -> UpdateAnswer {
        UpdateAnswer(try query(statements.update, rows), rows.count)
    }

    /// Writes those of `rows` that differ from what the table has, and returns the others.
    private func withoutChanged(_ rows: RowNumbers) throws -> RowNumbers {
        try setSavepoint()
        let answer: Rows
        do {
            answer = try query(statements.updateFirst, rows)
        } catch let error as PostgresError where error.isData && !connection.isBroken {
            try connection.execute("ROLLBACK TO SAVEPOINT people")
            return rows
        }
        isSavepointUsed = true
        var rest = RowNumbers()
        for (number, isChanged) in zip(rows, answer.flags(0, of: rows.count)) {
            if isChanged { countUpdated(number) } else { rest.append(number) }
        }
        return rest
    }

    private func countUpdated(_ number: UInt32) {
        tally.updated[progressIndex(number)] += 1
        memory.refused.inserted()
        memory.expectsDuplicates = true
    }

    private func query(_ statement: String, _ rows: RowNumbers) throws -> Rows {
        do {
            return try connection.query(statement, keyParameters(rows) + updateParameters(rows))
        } catch {
            guard error.sqlstate == .insufficientPrivilege else { throw error }
            throw PipelineError.configuration(
                "role \(connection.user) may not UPDATE on \(environment.info.tableName) in \(connection.place), which "
                    + "jobs pushed with --on-duplicate update need",
                hint: "GRANT UPDATE ON \(environment.info.table) TO \(quoted(identifier: connection.user));")
        }
    }

    /// The columns that may change, whose row it is then, and what is to be cleared.
    private func updateParameters(_ rows: RowNumbers) -> [Parameter] {
        [parameter(2, .text, rows), parameter(3, .text, rows)]
            + [4, 5].map { column in parameter(.text, rows) { CopyRow.json(column, of: $0) } }
            + [parameter(6, .uuid, rows), clearedFields(rows), clearedKeys(rows)]
    }

    private func clearedFields(_ rows: RowNumbers) -> Parameter {
        var cleared = BinaryArray(of: .integer, capacity: rows.count * 8)
        for number in rows { cleared.append(value: Int32(batch.rows[Int(number)].nulls.rawValue)) }
        return cleared.parameter()
    }

    private func clearedKeys(_ rows: RowNumbers) -> Parameter {
        var keys = BinaryArray(of: .text, capacity: rows.count * 4)
        for number in rows {
            let names = batch.clearedKeys(number)
            if names.isEmpty {
                keys.appendNull()
            } else {
                let list = Array(Parameter.arrayText(names.map { String(decoding: $0, as: UTF8.self) }).utf8)
                withBytes(list) { keys.append(value: $0) }
            }
        }
        return keys.parameter()
    }

    private var duplicateErrors: [UInt8] {
        let key = environment.info.keyFields.names
        let fields = key.dropLast().joined(separator: ", ") + " and " + (key.last ?? "")
        return FieldError.json([
            FieldError(field: "", code: "duplicate", message: "a person with this \(fields) was loaded before")
        ])
    }

    // MARK: Several records of one key

    /// Tries what follows in the chains whose first rows had their fate: those in `lost` and `unfolded` did not come to
    /// stand in the table, and the next one is tried on its own.
    func insertChains(_ lostBefore: [UInt32]) throws {
        var chains = batch.chains.map { $0[...] }
        // A row that was folded and refused has a chain of its own.
        let inChains = Set(batch.chains.compactMap(\.first))
        chains += batch.order.filter { unfolded.contains($0) && !inChains.contains($0) }.map { [$0] }
        var lostNow = Set(lostBefore)
        while true {
            var next = RowNumbers()
            for place in chains.indices {
                guard let row = chains[place].popFirst() else { continue }
                if let fold = batch.folds[row], unfolded.contains(row) {
                    for number in fold.rows.dropLast() { tally.duplicates[progressIndex(number)] -= 1 }
                    chains[place] = fold.rows + chains[place]
                } else if !lostNow.contains(row) {
                    while let follower = chains[place].first, batch.mode(of: follower) != .update {
                        countDuplicate(follower)
                        chains[place].removeFirst()
                    }
                }
                if let row = chains[place].first { next.append(row) }
            }
            if next.isEmpty { return }
            lost = []
            try insert(next, looksFirst: true)
            lostNow = Set(lost)
        }
    }
}

/// An answer of loader_update.sql.
private struct UpdateAnswer {
    enum Fate { case absent, equal, changed, swallowed }

    private(set) var fates: [Fate]

    init(_ rows: Rows, _ count: Int) {
        fates = [Fate](repeating: .absent, count: count)
        guard let row = rows.first else { return }
        for (column, fate) in [Fate.equal, .equal, .swallowed, .changed].enumerated() {
            for number in row.numbers(column) where fates.indices.contains(number - 1) { fates[number - 1] = fate }
        }
    }
}

extension Batch {
    var hasUpdates: Bool { progress.contains { $0.onDuplicate.updates } }
}
