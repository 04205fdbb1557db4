// Which column is which of our fields: by the flags, by our own names, by the names others give them. Never by values.

/// One input's headers, matched.
struct ColumnMatcher {
    /// The header names, trimmed, without duplicates and without empty ones: `column_3`, `Notes_2`.
    let names: [[UInt8]]
    private let headers: [[UInt8]]
    private let folded: [[UInt8]]
    private let isCSV: Bool
    private let flags: InputFlags
    /// "(line 1: name, alter)": what errors end with.
    private let seen: String

    private var targets: [Int: (path: [[UInt8]], match: ColumnMatch)] = [:]
    private(set) var nested: [Column] = []  // sources of --map inside JSON objects
    private(set) var ageSource: AgeSource?
    private(set) var staying: [Int] = []

    /// - Parameters:
    ///   - headers: as they stand in the file, trimmed.
    ///   - seen: where that is and what stands there.
    init(_ headers: [[UInt8]], isCSV: Bool, _ flags: InputFlags, seen: String) throws(Fault) {
        self.headers = headers
        folded = headers.map { FieldName.folded($0) }
        self.isCSV = isCSV
        self.flags = flags
        self.seen = seen
        names = isCSV ? Self.unique(headers) : headers
        try takeMap()
        try takeAge()
        try takeName()
        try takeRequired(.age, unless: ageSource != nil)
        for field in FieldName.allCases where field.isOptional { takeOptional(field) }
    }

    // MARK: The result

    /// Required columns that are not there.
    var missing: [String] {
        var missing: [String] = []
        let (name, first, last) = (has("name"), has("name.firstName"), has("name.lastName"))
        if !name, !(first && last), !(flags.lenient && (first || last)) {
            missing.append(first ? "name.lastName" : last ? "name.firstName" : "name")
        }
        if !has("age"), ageSource == nil { missing.append("age") }
        return missing
    }

    var knownCount: Int { targets.count + nested.count + (ageSource == nil ? 0 : 1) }

    /// The index of the column or key that is `field`; nil if none is.
    func index(of field: FieldName) -> Int? { targets.first { $0.value.path == field.path }?.key }

    /// Every column with its place in the record.
    var columns: [Column] {
        var taken = Set(targets.values.map(\.path) + nested.map(\.path))
        if ageSource != nil { taken.insert(FieldName.age.path) }
        var prefixes: Set<[[UInt8]]> = []
        for path in taken { for count in 1..<max(path.count, 1) { prefixes.insert(Array(path[..<count])) } }
        let whole = Set(names)
        var used = Set(taken.filter { $0.count == 1 }.map { $0[0] })
        let leaves = Set(taken)
        return names.indices.map { index in
            let source = headers[index]
            if let target = targets[index] { return Column(source: [source], path: target.path, match: target.match) }
            let path = dotted(names[index], whole, leaves)
            if path.count > 1 { return Column(source: [source], path: path, match: .none) }
            var name = names[index]
            if leaves.contains([name]) || prefixes.contains([name]) {
                name += Array(" (file)".utf8)
                while whole.contains(name) || used.contains(name) { name += Array("_2".utf8) }
            }
            used.insert(name)
            return Column(source: [source], path: [name], match: .none)
        } + nested
    }

    /// The path that a dotted header is; a single part where it cannot be one.
    private func dotted(_ name: [UInt8], _ whole: Set<[UInt8]>, _ leaves: Set<[[UInt8]]>) -> [[UInt8]] {
        guard isCSV, name.contains(UInt8(ascii: ".")) else { return [name] }
        let path = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Array($0) }
        guard !path.contains([]), path.count <= Limits.depth, !leaves.contains(path) else { return [name] }
        if ["age", "email", "phoneNumber"].contains(String(decoding: path[0], as: UTF8.self)) { return [name] }
        var outer: [UInt8] = []
        for count in 1..<path.count {
            outer += (count > 1 ? [UInt8(ascii: ".")] : []) + path[count - 1]
            if whole.contains(outer) || leaves.contains(Array(path[..<count])) { return [name] }
        }
        return path
    }

    private func has(_ field: String) -> Bool {
        let path = field.split(separator: ".").map { Array($0.utf8) }
        return targets.values.contains { $0.path == path } || nested.contains { $0.path == path }
    }

    // MARK: By flags

    private mutating func takeMap() throws(Fault) {
        do { try ColumnMap.check(flags.map) } catch { throw .usage(error.message) }
        for pair in flags.map {
            let path = pair.field.split(separator: ".").map { Array($0.utf8) }
            guard let source = find(pair.source) else {
                throw .usage("--map \(pair.field)=\(pair.source): there is no \(noun) \"\(pair.source)\" \(seen)")
            }
            switch source {
            case .index(let index): targets[index] = (path, .map)
            case .path(let source): nested.append(Column(source: source, path: path, match: .map))
            }
        }
    }

    private mutating func takeAge() throws(Fault) {
        guard let flag = flags.ageFrom else { return }
        guard !has("age") else { throw .usage("--map and --age-from both give the age") }
        guard let source = find(flag.column) else {
            throw .usage("--age-from \(flag.column): there is no \(noun) \"\(flag.column)\" \(seen)")
        }
        switch source {
        case .index(let index):
            guard targets[index] == nil else { throw .usage("--map and --age-from both take \"\(flag.column)\"") }
            ageSource = AgeSource(index: index, source: [names[index]], asOf: flag.asOf, format: flag.format)
        case .path(let path):
            ageSource = AgeSource(index: 0, source: path, asOf: flag.asOf, format: flag.format)
        }
    }

    private enum Source {
        case index(Int)
        case path([[UInt8]])
    }

    /// A header as it stands in the file; for JSON also a path into an object whose key is there.
    private func find(_ source: String) -> Source? {
        let bytes = Array(source.utf8)
        if let index = names.firstIndex(of: bytes) { return .index(index) }
        if let index = names.firstIndex(of: withBytes(bytes) { Array(trimmed($0)) }) { return .index(index) }
        let path = source.split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) }
        guard !isCSV, path.count > 1, path.count <= Limits.depth, names.contains(path[0]) else { return nil }
        return .path(path)
    }

    private var noun: String { isCSV ? "column" : "key" }

    // MARK: By names

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
        let letters = FieldName.folded(spelled)
        let aliases = field.aliases.map { FieldName.folded($0.utf8) }
        let isBesidePrenom = folded.contains { $0 == Array("prénom".utf8) || $0 == Array("prenom".utf8) }
        var others: [(order: Int, index: Int, match: ColumnMatch)] = []
        for index in free where !folded[index].isEmpty && !exact.contains(index) {
            if folded[index] == letters {
                others.append((-1, index, .letters))
            } else if let order = aliases.firstIndex(of: folded[index]) {
                if field == .lastName, folded[index] == Array("nom".utf8), !isBesidePrenom { continue }
                others.append((order, index, .alias))
            }
        }
        others.sort { ($0.order, $0.index) < ($1.order, $1.index) }
        return Candidates(exact: exact, others: others.map { ($0.index, $0.match) })
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

    private mutating func takeName() throws(Fault) {
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

    private mutating func takeRequired(_ field: FieldName, unless isGiven: Bool) throws(Fault) {
        guard !isGiven, !has(field.spelled), let found = try single(field) else { return }
        take(field, found)
    }

    /// The first that is found; the others stay under their headers.
    private mutating func takeOptional(_ field: FieldName) {
        let isMapped = flags.map.contains { $0.field == field.spelled || $0.field.hasPrefix(field.spelled + ".") }
        let candidates = candidates(field)
        let all = candidates.exact.map { ($0, ColumnMatch.exact) } + candidates.others.map { ($0.index, $0.match) }
        guard !isMapped, let found = all.first else { return }
        take(field, (found.0, found.1))
        staying += all.dropFirst().map(\.0)
    }

    // MARK: Names

    /// Nameless headers by their number, later ones of the same name with a number behind it.
    private static func unique(_ headers: [[UInt8]]) -> [[UInt8]] {
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
