// Which columns are our fields by what they are called, and what columns without a name of their own are called.

extension ColumnMatcher {
    /// The columns that could be a field.
    private struct Candidates {
        /// Byte for byte our name: nothing else counts then.
        var exact: [Int]
        /// Those of the same letters first, then in the order of the aliases.
        var others: [(index: Int, match: ColumnMatch)]

        var all: [Int] { exact + others.map(\.index) }
    }

    private func candidates(_ field: FieldName) -> Candidates {
        let spelled = Array(field.spelled.utf8)
        var exact: [Int] = []
        for index in free where headers[index] == spelled { exact.append(index) }
        let (letters, aliases) = field.foldedNames
        var others: [(order: Int, index: Int, match: ColumnMatch)] = []
        for index in free where !folded[index].isEmpty && !exact.contains(index) {
            if folded[index] == letters {
                others.append((-1, index, .letters))
            } else if let order = aliases.firstIndex(of: folded[index]) {
                if field == .lastName, folded[index].elementsEqual("nom".utf8), !isBesidePrenom { continue }
                others.append((order, index, .alias))
            }
        }
        others.sort { ($0.order, $0.index) < ($1.order, $1.index) }
        return Candidates(exact: exact, others: others.map { ($0.index, $0.match) })
    }

    /// Whether a "nom" is a last name.
    private var isBesidePrenom: Bool {
        folded.contains { $0.elementsEqual("prénom".utf8) || $0.elementsEqual("prenom".utf8) }
    }

    /// Columns that no flag has taken.
    private var free: [Int] { headers.indices.filter { targets[$0] == nil && ageSource?.source != [names[$0]] } }

    /// The one column that is a required field; nil if there is none.
    private mutating func single(_ field: FieldName) throws(Fault) -> (index: Int, match: ColumnMatch)? {
        let found = candidates(field)
        let others = found.others
        if found.exact.count > 1 { throw Fault("\(noun) \(field.spelled) is there twice \(seen)") }
        if let index = found.exact.first {
            staying += others.map(\.index)
            return (index, .exact)
        }
        guard others.count > 1 else { return others.first }
        let names = others.prefix(2).map { "\"\(FieldError.fieldName(self.names[$0.index]))\"" }
        throw Fault(
            "\(names.joined(separator: " and ")) could both be \(field.spelled): --map \(field.spelled)=… says which \(seen)"
        )
    }

    private mutating func take(_ field: FieldName, _ found: (index: Int, match: ColumnMatch)) {
        targets[found.index] = (field.path, found.match)
    }

    mutating func takeName() throws(Fault) {
        if has("name") { return stay(.firstName, .lastName) }
        let isMapped = (first: has("name.firstName"), last: has("name.lastName"))
        if !isMapped.first, !isMapped.last, let name = try single(.name) {
            let parts = (first: candidates(.firstName).all, last: candidates(.lastName).all)
            if parts.first.isEmpty != parts.last.isEmpty {
                throw besideOnePart(name.index, parts.first + parts.last, isFirst: !parts.first.isEmpty)
            }
            take(.name, name)
            return stay(.firstName, .lastName)
        }
        if !isMapped.first, let found = try single(.firstName) { take(.firstName, found) }
        if !isMapped.last, let found = try single(.lastName) { take(.lastName, found) }
    }

    /// The parts beside a name are no fields.
    private mutating func stay(_ fields: FieldName...) {
        for field in fields { staying += candidates(field).all }
    }

    private func besideOnePart(_ name: Int, _ parts: [Int], isFirst: Bool) -> Fault {
        let part = isFirst ? "first" : "last"
        let (one, other) = (FieldError.fieldName(names[name]), FieldError.fieldName(names[parts[0]]))
        var fault = Fault(
            "\"\(one)\" stands beside \"\(other)\", a \(part) name: it may be the whole name or the "
                + "\(isFirst ? "last" : "first") one \(seen)")
        if parts.count == 1 {
            let (firstName, lastName) = isFirst ? (parts[0], name) : (name, parts[0])
            var amended = flags
            amended.map += [
                FieldSource(field: "name.firstName", source: String(decoding: names[firstName], as: UTF8.self)),
                FieldSource(field: "name.lastName", source: String(decoding: names[lastName], as: UTF8.self)),
            ]
            fault.amended = amended
        }
        return fault
    }

    mutating func takeRequired(_ field: FieldName, unless isGiven: Bool) throws(Fault) {
        guard !isGiven, !has(field.spelled), let found = try single(field) else { return }
        take(field, found)
    }

    /// The first that is found; the others stay under their headers.
    mutating func takeOptional(_ field: FieldName) {
        let isMapped = flags.map.contains { $0.field == field.spelled || $0.field.hasPrefix(field.spelled + ".") }
        let candidates = candidates(field)
        let all = candidates.exact.map { ($0, ColumnMatch.exact) } + candidates.others.map { ($0.index, $0.match) }
        guard !isMapped, let found = all.first else { return }
        take(field, (found.0, found.1))
        staying += all.dropFirst().map(\.0)
    }

    // MARK: Names

    /// Nameless headers by their number, later ones of the same name with a number behind it.
    static func unique(_ headers: [[UInt8]]) -> [[UInt8]] {
        let given = Set(headers)
        var used: Set<[UInt8]> = []
        // Of each name, the last number given: 60,000 equal headers must not cost their square.
        var last: [[UInt8]: Int] = [:]
        return headers.enumerated().map { index, header in
            var name = header
            if header.isEmpty { name = Array("column_\(index + 1)".utf8) }
            if !header.isEmpty, used.insert(header).inserted { return header }
            if header.isEmpty, !given.contains(name), used.insert(name).inserted { return name }
            var number = last[name] ?? 2
            var numbered = name + Array("_\(number)".utf8)
            while given.contains(numbered) || !used.insert(numbered).inserted {
                number += 1
                numbered = name + Array("_\(number)".utf8)
            }
            last[name] = number + 1
            return numbered
        }
    }
}
