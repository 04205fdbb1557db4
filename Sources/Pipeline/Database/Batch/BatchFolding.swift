// Records of one key in a batch, some of which update: folded field by field, so that a batch writes a row once.

internal import Records

/// What a row was folded from.
struct BatchFold {
    /// In the order they came, two or more.
    var rows: [UInt32]
    /// Keys of `additional_info` that a row in the table is to lose.
    var clearedKeys: [[UInt8]]
}

extension Batch {
    func mode(of row: UInt32) -> OnDuplicate { progress[Int(rows[Int(row)].place.progressIndex)].onDuplicate }

    private func job(of row: UInt32) -> JobID { progress[Int(rows[Int(row)].place.progressIndex)].job }

    /// Keys of `additional_info` that a row in the table is to lose.
    func clearedKeys(_ number: UInt32) -> [[UInt8]] {
        if let fold = folds[number] { return fold.clearedKeys }
        let row = rows[Int(number)]
        return row.nulls.contains(.others) ? JSONMembers.clearedKeys(of: wire(of: row)) : []
    }

    func forgetFolds() {
        // Folded rows stand behind all others.
        if let first = folds.keys.min() { rows.removeSubrange(Int(first)...) }
        folds.removeAll()
        chains.removeAll()
    }

    /// Takes keys of which some record does not skip out of `repeats`: theirs become `chains`.
    func makeChains() {
        var plain: ContiguousArray<BatchRepeat> = []
        var heads: [UInt32: UInt32] = [:]
        var start = 0
        while start < repeats.count {
            let first = repeats[start].first
            let end = repeats[start...].firstIndex { $0.first != first } ?? repeats.count
            let members = [first] + repeats[start..<end].map(\.row)
            if members.allSatisfy({ mode(of: $0).skips }) {
                plain.append(contentsOf: repeats[start..<end])
            } else {
                for row in members.dropFirst() { repeated[Int(rows[Int(row)].place.progressIndex)] -= 1 }
                let chain = folded(members)
                heads[first] = chain[0]
                if chain.count > 1 { chains.append(chain) }
            }
            start = end
        }
        repeats = plain
        for place in order.indices {
            if let head = heads[order[place]] { order[place] = head }
        }
    }

    /// Neighbours of one job that update become one row. Those before the last count as duplicates; of another job they may
    /// have brought the row, which is then that job's.
    private func folded(_ members: [UInt32]) -> [UInt32] {
        var chain: [UInt32] = []
        var rest = members[...]
        while let row = rest.first {
            let run = rest.prefix { mode(of: $0).updates && job(of: $0) == job(of: row) }
            if run.count > 1, !isFoldable(run) {
                chain.append(contentsOf: run)
            } else {
                chain.append(run.count > 1 ? fold(Array(run)) : row)
            }
            rest = rest.dropFirst(max(1, run.count))
        }
        return chain
    }

    /// What is larger is written record by record: only loader_update.sql sees how large the row becomes.
    private static let mostFolded = 1 << 20
    /// A number like 1e131000 becomes 131,001 digits.
    private static let mostExponents = 16

    private func isFoldable(_ members: ArraySlice<UInt32>) -> Bool {
        var (bytes, exponents) = (0, 0)
        for member in members {
            guard let info = CopyRow.json(5, of: copy(of: rows[Int(member)])) else { continue }
            bytes += info.count
            exponents += info.indices.dropFirst().count { place in
                info[place] | 0x20 == UInt8(ascii: "e") && isDigit(info[place - 1])
            }
        }
        return bytes <= Self.mostFolded && exponents <= Self.mostExponents
    }

    private func fold(_ members: [UInt32]) -> UInt32 {
        var fields = FoldedFields()
        for number in Torture.has(.updateOutOfOrder) ? members.reversed() : members {
            let row = rows[Int(number)]
            fields.add(copy(of: row), row.nulls, clearedKeys(number))
        }
        for number in members.dropLast() { repeated[Int(rows[Int(number)].place.progressIndex)] += 1 }
        let last = rows[Int(members[members.count - 1])]
        let (name, key) = (Array(name(of: last)), Array(self.key(of: last)))
        let number = UInt32(rows.count)
        fields.withPerson(name: name, age: Int(last.age)) { person in
            withBytes(key) { key in
                appendRow(person: person, key: key, wire: Bytes(start: nil, count: 0), nulls: fields.nulls, last.place)
            }
        }
        folds[number] = BatchFold(rows: members, clearedKeys: fields.clearedKeys)
        return number
    }
}

/// What several records of one key come to, those that came later last.
struct FoldedFields {
    private(set) var nulls: NullFields = []
    private var email: [UInt8]?
    private var phoneNumber: [UInt8]?
    private var address: [UInt8]?
    /// Values as JSON; nil: to be cleared. In the order their keys came first.
    private var others: [(key: [UInt8], value: [UInt8]?)] = []
    private var places: [[UInt8]: Int] = [:]

    var clearedKeys: [[UInt8]] { others.filter { $0.value == nil }.map(\.key) }

    /// - Parameter row: a `CopyRow`.
    mutating func add(_ row: Bytes, _ rowNulls: NullFields, _ clearedKeys: [[UInt8]]) {
        email = later(CopyRow.value(2, of: row), .email, rowNulls, email)
        phoneNumber = later(CopyRow.value(3, of: row), .phoneNumber, rowNulls, phoneNumber)
        address = later(CopyRow.json(4, of: row), .address, rowNulls, address)
        for key in clearedKeys { set(key, nil) }
        guard let info = CopyRow.json(5, of: row) else { return }
        for (key, value) in JSONMembers.all(of: info) { set(key, Array(value)) }
    }

    private mutating func later(
        _ value: Bytes?, _ field: NullFields, _ rowNulls: NullFields, _ earlier: [UInt8]?
    ) -> [UInt8]? {
        if let value {
            nulls.remove(field)
            return Array(value)
        }
        guard rowNulls.contains(field) else { return earlier }
        nulls.insert(field)
        return nil
    }

    private mutating func set(_ key: [UInt8], _ value: [UInt8]?) {
        if let place = places[key] {
            others[place].value = value
        } else {
            places[key] = others.count
            others.append((key, value))
        }
    }

    func withPerson(name: [UInt8], age: Int, _ body: (Person) -> Void) {
        let given = others.compactMap { other in other.value.map { (key: other.key, value: $0) } }
        let info = given.isEmpty ? nil : JSONMembers.object(given)
        withBytes(name) { name in
            Self.withOptional(email) { email in
                Self.withOptional(phoneNumber) { phoneNumber in
                    Self.withOptional(address) { address in
                        Self.withOptional(info) { info in
                            body(
                                Person(
                                    name: name, age: age, email: email, phoneNumber: phoneNumber, address: address,
                                    additionalInfo: info))
                        }
                    }
                }
            }
        }
    }

    private static func withOptional(_ bytes: [UInt8]?, _ body: (Bytes?) -> Void) {
        if let bytes { withBytes(bytes) { body($0) } } else { body(nil) }
    }
}
