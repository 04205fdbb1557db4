// A fix file in CSV: UTF-8, commas, our own names for our fields, so that it loads without what its jobs were told.

package struct FixSheet {
    private let parents: [FixParent]
    /// By parent and output: its column behind the first four.
    private let places: [[Int]]
    private let columnCount: Int
    /// Without its line end.
    package let header: [UInt8]

    /// - Returns: nil: the files have columns that do not go together.
    package init?(_ parents: [FixParent]) {
        self.parents = parents
        var paths: [[[UInt8]]] = []
        var indices: [[[UInt8]]: Int] = [:]
        // Only of what no file calls by another name than such a one.
        var aliases: [[UInt8]?] = []
        places = parents.map { parent in
            parent.outputs.map { output in
                if let index = indices[output.path] {
                    if output.alias == nil { aliases[index] = nil }
                    return index
                }
                indices[output.path] = paths.count
                paths.append(output.path)
                aliases.append(output.alias)
                return paths.count - 1
            }
        }
        columnCount = paths.count
        let plain = paths.map { Array($0.joined(separator: [UInt8(ascii: ".")])) }
        let names = zip(aliases, plain).map { $0 ?? $1 }
        let rows = [names, plain].map { Self.row(FixColumns.names + $0) }
        let readable = rows.first { Self.paths(of: $0) == paths }
        guard parents.count == 1 || readable != nil else { return nil }
        header = readable ?? rows[1]
    }

    /// A row without its line end.
    /// - Parameter isOriginal: as it stood in its file, not the JSON that push made of it.
    package func row(of parent: Int, _ stamp: FixStamp, _ record: [UInt8], isOriginal: Bool) -> [UInt8] {
        let (found, surplus) = parents[parent].cells(of: record, isOriginal: isOriginal)
        var values = [[UInt8]?](repeating: nil, count: columnCount)
        for (place, value) in zip(places[parent], found) { values[place] = value }
        // A row that is too short stays so, until somebody says where its cells belong.
        let isShort = found.contains { $0 == nil }
        if isShort { while case .some(.none) = values.last { values.removeLast() } }
        let cells = values.map { fixText($0 ?? []) } + surplus.map(fixText)
        let stamps = [stamp.job, stamp.reject, String(stamp.line), stamp.errors].map { Array($0.utf8) }
        return Self.row(stamps + cells)
    }

    private static func row(_ cells: [[UInt8]]) -> [UInt8] {
        var row: [UInt8] = []
        for (index, cell) in cells.enumerated() {
            if index > 0 { row.append(UInt8(ascii: ",")) }
            guard cell.contains(where: needsQuotes) else {
                row += cell
                continue
            }
            row.append(UInt8(ascii: "\""))
            for byte in cell {
                if byte == UInt8(ascii: "\"") { row.append(byte) }
                row.append(byte)
            }
            row.append(UInt8(ascii: "\""))
        }
        return row
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D
    }

    /// What a load would take the columns for; nil: it would refuse them.
    private static func paths(of header: [UInt8]) -> [[[UInt8]]]? {
        let conclusion = withBytes(header + [0x0A]) { bytes in
            try? Conclusion(bytes, isWhole: true, InputFlags(), today: CalendarDate(clamping: 2000, 1, 1))
        }
        return conclusion.map { $0.columns.dropFirst(FixColumns.names.count).map(\.path) }
    }
}
