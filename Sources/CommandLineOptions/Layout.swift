// Text laid out for a fixed-width screen: columns, wrapping, cutting, bars.

import FileNames
import Log

package enum Alignment: Sendable { case left, right }

/// Rows with columns as wide as their widest cell, two spaces apart; the last column is never padded.
package func aligned(_ rows: [[String]], _ alignments: [Alignment] = []) -> [String] {
    let widths = columnWidths(rows)
    return rows.map { row($0, widths: widths, alignments) }
}

package func columnWidths(_ rows: [[String]]) -> [Int] {
    (0..<(rows.map(\.count).max() ?? 0)).map { column in
        rows.map { column < $0.count ? displayWidth($0[column]) : 0 }.max() ?? 0
    }
}

/// One row of a table; columns without an alignment are left-aligned.
package func row(_ cells: [String], widths: [Int], _ alignments: [Alignment]) -> String {
    let padded = cells.enumerated().map { column, cell in
        pad(cell, to: widths[column], column < alignments.count ? alignments[column] : .left)
    }
    return trimmedRight(padded.joined(separator: "  "))
}

/// `cell` with spaces to `width` columns.
package func pad(_ cell: String, to width: Int, _ alignment: Alignment = .left) -> String {
    let spaces = String(repeating: " ", count: max(0, width - displayWidth(cell)))
    return alignment == .left ? cell + spaces : spaces + cell
}

private func trimmedRight(_ text: String) -> String {
    String(text[..<(text.lastIndex { $0 != " " }.map(text.index(after:)) ?? text.startIndex)])
}

/// Words of `text` in lines of at most `width` columns; a longer word has a line of its own.
package func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
        if let last = lines.last, displayWidth(last) + 1 + displayWidth(String(word)) <= width {
            lines[lines.count - 1] += " " + word
        } else {
            lines.append(String(word))
        }
    }
    return lines
}

/// A bar of `fraction` (0...1) of `width` columns, in eighths of a column.
package func bar(_ fraction: Double, width: Int) -> String {
    let eighths = Int((min(max(fraction, 0), 1) * Double(width) * 8).rounded())
    let partial = eighths % 8 == 0 ? "" : String(Unicode.Scalar(0x2590 - UInt32(eighths % 8))!)
    return String(repeating: "█", count: eighths / 8) + partial
}

/// `text` as one word of a shell; as it is where nothing in it is special. What is not safe to show is written as
/// bytes in `$'…'` (bash, zsh, POSIX of 2024), so that the word survives `escaped` and can be copied.
package func shellQuoted(_ text: String) -> String {
    let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=@%+"
    if !text.isEmpty, text.allSatisfy(plain.contains) { return text }
    if escaped(text) != text {
        let word = text.fileSystemBytes.map { byte in
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\\"): "\\" + String(Unicode.Scalar(byte))
            case 0x20..<0x7F: String(Unicode.Scalar(byte))
            default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return "$'" + word.joined() + "'"
    }
    // By scalars: a quote with a combining mark behind it is still a quote to a shell.
    let parts = text.unicodeScalars.split(separator: "'", omittingEmptySubsequences: false)
    return "'" + parts.map { String(Substring($0)) }.joined(separator: "'\\''") + "'"
}
