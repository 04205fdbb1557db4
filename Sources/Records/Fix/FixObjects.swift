// A fix file in JSON lines, for jobs whose files were JSON.

/// Keys of the rejected objects of a job, as their file has them.
package struct FixKeys {
    fileprivate var names: [[UInt8]] = []
    private var known: Set<[UInt8]> = []
    /// Of hostile records there is no end of them.
    private static let most = 10_000

    package init() {}

    package mutating func add(_ record: [UInt8]) {
        for key in withBytes(record, { JSONMembers.keys(of: $0) }) ?? []
        where known.count < Self.most && known.insert(key).inserted { names.append(key) }
    }
}

/// One job's. One thread.
package final class FixObjects {
    /// nil: every key has the name it is to have.
    private let renamer: JSONRenamer?

    /// - Parameter flags: what push was told of the file.
    package init(_ keys: FixKeys, _ flags: InputFlags) {
        var flags = flags
        // A key that no rejected object has.
        flags.map = flags.map.filter { pair in
            keys.names.contains(Array(pair.source.utf8))
                || pair.source.split(separator: ".").first.map { keys.names.contains(Array($0.utf8)) } ?? false
        }
        let matched =
            (try? FixColumns(keys.names, isCSV: false, flags, seen: ""))
            ?? (try? FixColumns(keys.names, isCSV: false, InputFlags(), seen: ""))
        let columns = (matched?.columns ?? []).filter { $0.source != $0.path && !$0.sparesPeople }
        renamer = columns.isEmpty && matched?.age == nil ? nil : JSONRenamer(columns, age: matched?.age)
    }

    /// A line without its end; nil: the record is no object, not even a broken one.
    /// - Parameter isOriginal: as it stood in its file, not the JSON that push made of it.
    package func line(_ stamp: FixStamp, _ record: [UInt8], isOriginal: Bool) -> [UInt8]? {
        // Where it cannot be renamed it is broken, and is corrected as it stands.
        let renamed = isOriginal ? withBytes(record) { json in renamer?.rename(json).map { Array($0) } } : nil
        let object = (renamed ?? record).map { $0 == 0x0A || $0 == 0x0D ? UInt8(ascii: " ") : $0 }
        let text = fixText(withBytes(object) { Array(trimmed($0)) })
        guard text.first == UInt8(ascii: "{") else { return nil }
        let rest = withBytes(Array(text.dropFirst())) { Array(trimmed($0)) }
        let stamps = zip(
            FixColumns.names,
            [
                Self.string(stamp.job), Self.string(stamp.reject), Array(String(stamp.line).utf8),
                Self.string(stamp.errors),
            ]
        )
        let head = JSONMembers.object(stamps.map { (key: $0, value: $1) }).dropLast()
        return head + (rest == [UInt8(ascii: "}")] ? [] : [UInt8(ascii: ",")]) + rest
    }

    private static func string(_ text: String) -> [UInt8] {
        // A key's JSON is a string and a colon.
        Array(JSONString.key(Array(text.utf8)).dropLast())
    }
}
