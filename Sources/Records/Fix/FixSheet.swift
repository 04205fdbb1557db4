// A fix file in CSV: UTF-8, commas, our own names for our fields, so that it loads without what its jobs were told.

package struct FixSheet {
    private let parents: [FixParent]
    /// By column behind the first four.
    private let paths: [[[UInt8]]]
    /// Without its line end.
    package let header: [UInt8]

    /// - Returns: nil: the files have columns that do not go together.
    package init?(_ parents: [FixParent]) {
        self.parents = parents
        var paths: [[[UInt8]]] = []
        for output in parents.flatMap(\.outputs) where !paths.contains(output.path) { paths.append(output.path) }
        self.paths = paths
        let plain = paths.map { Array($0.joined(separator: [UInt8(ascii: ".")])) }
        // Only if no file calls it by its own name.
        let names = paths.indices.map { index in
            let same = parents.flatMap(\.outputs).filter { $0.path == paths[index] }
            return same.allSatisfy { $0.alias != nil } ? same.first?.alias ?? plain[index] : plain[index]
        }
        let rows = [names, plain].map { Self.row(FixColumns.names + $0) }
        let readable = rows.first { Self.paths(of: $0) == paths }
        guard parents.count == 1 || readable != nil else { return nil }
        header = readable ?? rows[1]
    }

    /// A row without its line end.
    /// - Parameter isOriginal: as it stood in its file, not the JSON that push made of it.
    package func row(of parent: Int, _ stamp: FixStamp, _ record: [UInt8], isOriginal: Bool) -> [UInt8] {
        let parent = parents[parent]
        let (found, surplus) = parent.cells(of: record, isOriginal: isOriginal)
        var values = [[UInt8]?](repeating: nil, count: paths.count)
        for (output, value) in zip(parent.outputs, found) {
            if let index = paths.firstIndex(of: output.path) { values[index] = value }
        }
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
            let needsQuotes = cell.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), 0x0A, 0x0D].contains($0) }
            guard needsQuotes else {
                row += cell
                continue
            }
            row.append(UInt8(ascii: "\""))
            for byte in cell { row += byte == UInt8(ascii: "\"") ? [byte, byte] : [byte] }
            row.append(UInt8(ascii: "\""))
        }
        return row
    }

    /// What a load would take the columns for; nil: it would refuse them.
    private static func paths(of header: [UInt8]) -> [[[UInt8]]]? {
        let conclusion = withBytes(header + [0x0A]) { bytes in
            try? Conclusion(bytes, isWhole: true, InputFlags(), today: CalendarDate(clamping: 2000, 1, 1))
        }
        return conclusion.map { $0.columns.dropFirst(FixColumns.names.count).map(\.path) }
    }
}
