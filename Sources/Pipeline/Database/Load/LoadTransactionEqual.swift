// Records that update rows and would change nothing, found before anything is parsed or locked for them.

internal import Postgres
internal import Records

extension LoadTransaction {
    /// Counts those of `rows` that would change nothing.
    /// - Returns: those whose keys the table does not have, and those that may change a row.
    func withoutEqual(_ rows: RowNumbers) throws -> (absent: RowNumbers, changing: RowNumbers) {
        var asked = RowNumbers()
        var unclear: [UInt32] = []
        asked.reserveCapacity(rows.count)
        var addresses = BinaryArray(of: .text)
        var infos = BinaryArray(of: .text)
        var address = JSONBText()
        var info = JSONBText()
        for number in rows {
            let row = batch.rows[Int(number)]
            let copy = batch.copy(of: row)
            guard row.nulls.isEmpty, batch.folds.isEmpty || batch.folds[number] == nil,
                address.print(CopyRow.json(4, of: copy)), info.print(CopyRow.json(5, of: copy))
            else {
                unclear.append(number)
                continue
            }
            address.withText { addresses.append(optional: $0) }
            info.withText { infos.append(optional: $0) }
            asked.append(number)
        }
        let answer = try connection.query(
            statements.findEqual,
            keyParameters(asked) + [parameter(2, .text, asked), parameter(3, .text, asked)]
                + [addresses.parameter(), infos.parameter()])
        var isThere = [Bool](repeating: false, count: asked.count)
        for number in answer.first?.numbers(0) ?? [] where isThere.indices.contains(number - 1) {
            isThere[number - 1] = true
            tally.duplicates[progressIndex(asked[number - 1])] += 1
            memory.expectsDuplicates = true
        }
        let changing = answer.first?.numbers(1) ?? []
        for number in changing where isThere.indices.contains(number - 1) {
            isThere[number - 1] = true
            unclear.append(asked[number - 1])
        }
        // In the order of the keys, in which rows are locked.
        let wanted = Set(unclear)
        return (
            RowNumbers(zip(asked, isThere).filter { !$0.1 }.map(\.0)),
            wanted.isEmpty ? [] : RowNumbers(rows.filter(wanted.contains))
        )
    }
}
