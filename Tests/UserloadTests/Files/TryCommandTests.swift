// Every command that is proposed, read back from its text by a shell and by our own parser, loads the file.

import Foundation
import TestSupport
import Testing

@testable import Pipeline

@Suite struct TryCommandTests {
    /// What other people put into headers, and what a command line, a shell or --map could stumble over.
    private static let pieces = [
        ",", "=", ",age=", ", name=", "name=", ".", " ", "'", "\\", "$(x)", "`x`", "!", "-", "--map", "~", "#", "*",
        "\n", "\t",
        "\u{301}", "\u{338}", "\u{200F}", "é", "😀", "\u{7F}", "%s", ";", "|", "&", "{", "\u{2028}", "\u{E9}", "\"\"",
    ]
    private static let names: [(first: String, last: String)] = [
        ("Vorname", "Name"), ("First Name", "Name"), ("name", "Surname"), ("Prénom", "Name"), ("First Name", ""),
    ]

    private struct Generator {
        var random: SplitMix

        mutating func header(_ name: String) -> String {
            // ASCII characters that are neither letters nor digits do not change what a header is.
            let ascii = TryCommandTests.pieces.filter { $0.allSatisfy { $0.isASCII && !$0.isLetter && !$0.isNumber } }
            let piece = Bool.random(using: &random) ? ascii.randomElement(using: &random) ?? "" : ""
            return Bool.random(using: &random) ? piece + name : name + piece
        }

        mutating func other() -> String {
            (0..<Int.random(in: 1...3, using: &random)).map { _ in
                TryCommandTests.pieces.randomElement(using: &random) ?? ""
            }.joined()
        }
    }

    @Test(arguments: 1...4) func loads(seed: UInt64) throws {
        var generator = Generator(random: SplitMix(state: seed))
        let directory = try TemporaryDirectory()
        var proposed = 0
        for _ in 0..<60 {
            let (file, bytes) = Self.file(&generator)
            let path = try directory.write(file, Data(bytes))
            let found = try Taken(path)
            guard found.wayOut != nil else { continue }
            proposed += 1
            let then = try found.afterCommand(path, directory)
            #expect(
                then.refused == nil && !then.rows.isEmpty, "\(String(decoding: bytes, as: UTF8.self)): \(found) \(then)"
            )
        }
        #expect(proposed > 20, "\(proposed)")
    }

    /// A file that needs something, by a name that needs quoting.
    private static func file(_ generator: inout Generator) -> (name: String, bytes: [UInt8]) {
        func flip() -> Bool { Bool.random(using: &generator.random) }
        let name = names.randomElement(using: &generator.random) ?? names[0]
        var headers = [generator.header(name.first)] + (name.last.isEmpty ? [] : [generator.header(name.last)])
        var cells = headers.map { _ in flip() ? "Ann" : "Zoë" }
        let age = generator.header(flip() ? "Geburtsdatum" : "Age")
        headers.append(age)
        cells.append(age.contains("Age") ? "35" : flip() ? "1990-12-31" : "31.12.1990")
        headers.append(generator.other())
        cells.append("x")
        let isJSON = flip()
        var text: String
        if isJSON {
            let object = "{" + zip(headers, cells).map { "\(quoted($0)):\(quoted($1))" }.joined(separator: ",") + "}"
            text =
                flip() ? "{\"data\":{\"my people\":[\(object)]}}" : flip() ? "\(object),\n\(object),\n" : object + "\n"
        } else {
            let delimiter = flip() ? ";" : ","
            func row(_ cells: [String]) -> String {
                cells.map { "\"\($0.replacingOccurrences(of: "\"", with: "\"\""))\"" }.joined(separator: delimiter)
                    + "\n"
            }
            text = (flip() ? "" : flip() ? "sep=|\n" : "A title\n\n") + row(headers) + row(cells)
        }
        let western = flip() ? text.data(using: .windowsCP1252) : nil
        let files = ["f", "-f", "a b", "it's", "$x", "é\n"]
        return (files.randomElement(using: &generator.random) ?? "f", western.map { [UInt8]($0) } ?? Array(text.utf8))
    }

    private static func quoted(_ text: String) -> String {
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
