// Which column is which of our fields: by the flags, by our own names, by the names others give them. Never by values.

/// One input's headers, matched.
struct ColumnMatcher {
    /// The header names, trimmed, without duplicates and without empty ones: `column_3`, `Notes_2`.
    let names: [[UInt8]]
    let headers: [[UInt8]]
    let folded: [[UInt8]]
    let isCSV: Bool
    let flags: InputFlags
    /// "(line 1: name, alter)": what errors end with.
    let seen: String

    var targets: [Int: (path: [[UInt8]], match: ColumnMatch)] = [:]
    private(set) var nested: [Column] = []  // sources of --map inside JSON objects
    private(set) var ageSource: AgeSource?
    var staying: [Int] = []

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

    func has(_ field: String) -> Bool {
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

    var noun: String { isCSV ? "column" : "key" }
}
