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
        let (isEqual, mayChange) = (answer.flags(0, of: asked.count), answer.flags(1, of: asked.count))
        var absent = RowNumbers()
        for (place, number) in asked.enumerated() {
            if isEqual[place] {
                tally.duplicates[progressIndex(number)] += 1
                memory.expectsDuplicates = true
            } else if mayChange[place] {
                unclear.append(number)
            } else {
                absent.append(number)
            }
        }
        // In the order of the keys, in which rows are locked.
        let wanted = Set(unclear)
        return (absent, wanted.isEmpty ? [] : RowNumbers(rows.filter(wanted.contains)))
    }
}
