// Rows of a batch as parameters of a query: their keys, to look for those that the table has; and whole, for a table whose
// triggers change rows.

internal import Postgres
internal import Records

/// What the table got, as it says itself.
struct InsertedAges {
    var rows = 0
    /// Rows that carry a job, by age: those without are counted where they stand.
    var withJob: [(age: Int, rows: Int)] = []
}

extension LoadTransaction {
    /// For each row, whether the table has its key.
    func keysFound(_ rows: RowNumbers) throws -> [Bool] {
        try connection.query(statements.findDuplicates, keyParameters(rows)).flags(0, of: rows.count)
    }

    /// Names, ages, e-mails and phone numbers out of `Validator.key`'s form: fields between NULs, an absent one empty.
    func keyParameters(_ rows: RowNumbers) -> [Parameter] {
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
                values.append(optional: value.isEmpty ? nil : Bytes(rebasing: value))
            }
            return values.parameter()
        }
        return [names.parameter(), ages.parameter()] + others
    }

    /// Inserts `rows` without COPY, which does not say what triggers made of them.
    func insertCounting(_ rows: RowNumbers) throws -> InsertedAges {
        let types: [BinaryArray.Element] = [.text, .integer, .text, .text, .jsonb, .jsonb, .uuid]
        // Column by column: an array of arrays under construction cannot be had, they have one owner each.
        let columns = types.enumerated().map { parameter($0.offset, $0.element, rows) }
        return try connection.query(statements.insert, columns).reduce(into: InsertedAges()) { inserted, row in
            inserted.rows += row.int(1) ?? 0
            if let age = row.int(0), let withJob = row.int(2), withJob > 0 { inserted.withJob.append((age, withJob)) }
        }
    }

    /// A column of `rows`.
    func parameter(_ column: Int, _ type: BinaryArray.Element, _ rows: RowNumbers) -> Parameter {
        parameter(type, rows) { CopyRow.value(column, of: $0) }
    }

    /// - Parameter value: out of a `CopyRow`; nil is NULL.
    func parameter(_ type: BinaryArray.Element, _ rows: RowNumbers, _ value: (Bytes) -> Bytes?) -> Parameter {
        var values = BinaryArray(of: type)
        for number in rows { values.append(optional: value(batch.copy(of: batch.rows[Int(number)]))) }
        return values.parameter()
    }
}

extension Rows {
    /// Which of so many the first row's array of numbers, from 1, has.
    func flags(_ column: Int, of count: Int) -> [Bool] {
        var flags = [Bool](repeating: false, count: count)
        for number in first?.numbers(column) ?? [] where flags.indices.contains(number - 1) { flags[number - 1] = true }
        return flags
    }
}

extension Row {
    /// The numbers of an array such as "{1,5,7}", in any order.
    func numbers(_ column: Int) -> [Int] {
        var numbers: [Int] = []
        var number = 0
        for byte in bytes(column) ?? UnsafeBufferPointer(start: nil, count: 0) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number &* 10 &+ Int(byte & 0xF)
            case UInt8(ascii: ","), UInt8(ascii: "}"):
                numbers.append(number)
                number = 0
            default: break
            }
        }
        return numbers
    }
}
