// What is shown of text from files, Kafka and servers: a terminal obeys none of it, and nothing is lost where a program or a
// shell reads it again.

import CommandLineOptions
import FileNames
import Foundation
import Log

@testable import Records

func fuzzTerminal(_ bytes: Bytes) {
    let name = String(fileSystemBytes: bytes)
    check(name.fileSystemBytes.elementsEqual(bytes), "a name that becomes other bytes")
    let shown = escaped(bytes: bytes)
    checkShown(shown, most: 4 * bytes.count)
    // The UTF-8 of a scalar that stands for a byte is one character in a text, and three bytes in a file's name.
    if !text(bytes).unicodeScalars.contains(where: { escapedByte($0) != nil }) {
        check(same(shown, escaped(name)), "\(shown) as bytes, \(escaped(name)) as a name")
    }
    for text in [name, text(bytes)] {
        let shown = escaped(text)
        checkShown(shown, most: 4 * text.utf8.count)
        if !bytes.contains(UInt8(ascii: "\\")) { checkSpelling(shown, of: text) }
        checkJSON(text)
        checkShell(text)
        checkWidth(shown, Int(bytes.first ?? 0))
    }
}

/// Swift takes texts for the same whose bytes differ.
func same(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }

/// Nothing that a terminal obeys, by the properties that Unicode has for it.
func isInert(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        let properties = scalar.properties
        return ![.control, .lineSeparator, .paragraphSeparator].contains(properties.generalCategory)
            && !properties.isBidiControl && !(0xE0000...0xE007F).contains(scalar.value) && scalar != "\u{FEFF}"
    }
}

private func checkShown(_ shown: String, most: Int) {
    check(isInert(shown), "what a terminal obeys is left in \(Array(shown.utf8))")
    check(shown.unicodeScalars.allSatisfy { escapedByte($0) == nil }, "a byte of a name is left as a scalar")
    check(shown.utf8.count <= most, "\(shown.utf8.count) bytes, where \(most) are the most")
    check(same(escaped(shown), shown), "another text the second time")
}

/// Without a backslash in it, it can be read back.
private func checkSpelling(_ shown: String, of text: String) {
    var rest = Array(shown.unicodeScalars)[...]
    var read: [UInt32] = []
    while let scalar = rest.popFirst() {
        guard scalar == "\\" else {
            read.append(scalar.value)
            continue
        }
        switch rest.popFirst() {
        case "n": read.append(0x0A)
        case "r": read.append(0x0D)
        case "t": read.append(0x09)
        case "x":
            read.append(UInt32(String(String.UnicodeScalarView(rest.prefix(2))), radix: 16) ?? .max)
            rest = rest.dropFirst(2)
        default:
            let digits = rest.dropFirst().prefix { $0 != "}" }
            read.append(UInt32(String(String.UnicodeScalarView(digits)), radix: 16) ?? .max)
            rest = rest.dropFirst(digits.count + 2)
        }
    }
    let expected = text.unicodeScalars.map { escapedByte($0).map { UInt32($0) } ?? $0.value }
    check(read == expected, "\(shown) is \(read), not \(expected)")
}

private func checkJSON(_ text: String) {
    let json = jsonString(text)
    check(isInert(json), "what a terminal obeys is left in \(json)")
    do {
        let read = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed) as? String
        check(read.map { same($0, text) } ?? false, "\(json) is read as \(read ?? "no text")")
    } catch {
        fail("\(json) is no JSON: \(error)")
    }
}

// MARK: A word of a shell

/// A shell reads one word, with the bytes of the name.
private func checkShell(_ text: String) {
    // No argument has a NUL in it.
    guard !text.utf8.contains(0) else { return }
    let word = shellQuoted(text)
    check(isInert(word), "what a terminal obeys is left in \(word)")
    let read = shellWord(Array(word.utf8))
    check(
        read == text.fileSystemBytes, "a shell reads \(word) as \(read.map { "\($0)" } ?? "something else than a word")"
    )
}

/// What a shell takes for one word, by the rules of POSIX 2024; nil: it is none, or more than that.
private func shellWord(_ word: [UInt8]) -> [UInt8]? {
    let special = Array("|&;<>()$`\\\"'*?[#~ \t\n!{}^".utf8)
    var rest = word[...]
    var read: [UInt8] = []
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "'") {
            guard let end = rest.firstIndex(of: byte) else { return nil }
            read += rest[..<end]
            rest = rest[(end + 1)...]
        } else if byte == UInt8(ascii: "$"), rest.popFirst() == UInt8(ascii: "'") {
            guard let part = dollarQuoted(&rest) else { return nil }
            read += part
        } else if byte == UInt8(ascii: "\\") {
            guard let next = rest.popFirst() else { return nil }
            read.append(next)
        } else if special.contains(byte) {
            return nil
        } else {
            read.append(byte)
        }
    }
    return word.isEmpty ? nil : read
}

/// Up to the quote that ends `$'…'`; only the escapes that are needed.
private func dollarQuoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    var read: [UInt8] = []
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "'") { return read }
        guard byte == UInt8(ascii: "\\") else {
            read.append(byte)
            continue
        }
        switch rest.popFirst() {
        case UInt8(ascii: "x"):
            guard let value = UInt8(text(rest.prefix(2)), radix: 16) else { return nil }
            read.append(value)
            rest = rest.dropFirst(2)
        case let next? where next == byte || next == UInt8(ascii: "'"): read.append(next)
        default: return nil
        }
    }
    return nil
}

// MARK: Width

private func checkWidth(_ shown: String, _ width: Int) {
    let cut = truncated(shown, to: width)
    check(displayWidth(cut) <= width, "\(displayWidth(cut)) columns, where there are \(width)")
    let isWhole = same(cut, shown)
    check(isWhole || width == 0 || cut.unicodeScalars.last == "…", "a cut that is not marked")
    check(isWhole || shown.utf8.starts(with: cut.utf8.dropLast("…".utf8.count)), "a cut that is no beginning")
    let line = wrapped(shown, width: width).joined(separator: " ")
    check(same(line.filter { $0 != " " }, shown.filter { $0 != " " }), "words that are lost")
    check(displayWidth(pad(shown, to: width)) == max(width, displayWidth(shown)), "a cell of another width")
}
