// The same people in every container, encoding and form: the same rows, and rejects with the same lines.

import Foundation
import Records
import TestSupport
import Testing

@testable import Pipeline

@Suite struct PeopleEverywhereTests {
    struct Person {
        let name: String
        let age: String
        let note: String
    }

    /// A way to write people down. What a record says is the same in all of them but for line feeds.
    struct Form: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let words: String
        let text: @Sendable ([Person]) -> String
        /// Of the person at this index.
        var line: @Sendable (Int) -> Int = { $0 + 2 }
    }

    private static func csv(_ delimiter: String, _ name: String) -> Form {
        Form(testDescription: "CSV \(name)", words: "CSV") { people in
            (["name\(delimiter)age\(delimiter)note"]
                + people.map { "\"\($0.name)\"\(delimiter)\($0.age)\(delimiter)\"\($0.note)\"" }).joined(
                    separator: "\n")
                + "\n"
        }
    }

    private static func object(_ person: Person) -> String {
        let age = Int(person.age) == nil ? "\"\(person.age)\"" : person.age
        return "{\"name\":\"\(person.name)\",\"age\":\(age),\"note\":\"\(person.note)\"}"
    }

    static let forms = [
        csv(",", ","), csv(";", ";"), csv("\t", "tab"), csv("|", "|"),
        Form(testDescription: "JSON lines", words: "JSON lines") { "\n" + $0.map(object).joined(separator: "\n") },
        Form(testDescription: "JSON array", words: "JSON array") {
            "[\n" + $0.map(object).joined(separator: ",\n") + "\n]\n"
        },
        Form(
            testDescription: "JSON objects", words: "JSON objects",
            text: { people in
                people.map { object($0).replacingOccurrences(of: ",\"age", with: ",\n\"age") }.joined(separator: "\n")
            }, line: { 2 * $0 + 1 }),
    ]

    /// Encoded by iconv; the mark goes in front. `flag` is what `--encoding` must say.
    static let encodings: [(name: String, mark: String, iconv: String, flag: String?)] = [
        ("UTF-8", "", "UTF-8", nil), ("UTF-8", "\\357\\273\\277", "UTF-8", nil),
        ("UTF-16", "\\377\\376", "UTF-16LE", nil), ("UTF-16", "\\376\\377", "UTF-16BE", nil),
        ("WINDOWS-1252", "", "WINDOWS-1252", "windows-1252"),
    ]

    /// Filters. BGZF's blocks are members with an extra field, and an empty one ends it.
    static let containers: [(name: String?, command: String)] = [
        (nil, "cat"), ("gzip", "gzip -c"),
        ("gzip", "split -b 100k --filter 'gzip -c' - /dev/null"),
        ("gzip", "split -b 60k --filter \"\(bgzf)\" - /dev/null; printf '' | \(bgzf)"),
        ("zstd", "zstd -q -c"), ("zstd", "printf '\\132\\052\\115\\030\\003\\000\\000\\000abc'; zstd -q -c"),
    ]

    /// gzip's header of ten bytes with the flag of an extra field, and that field, whose numbers nobody reads.
    private static let bgzf =
        "(printf '\\037\\213\\010\\004\\000\\000\\000\\000\\000\\377\\006\\000BC\\002\\000\\000\\000'; gzip -nc | tail -c +11)"

    static let few = [
        Person(name: "Zoë", age: "35", note: ""), Person(name: "Bo", age: "x", note: "é"),
        Person(name: "Ann, Jr; | 2", age: "7", note: "œ €"),
    ]

    /// More text than all buffers together hold.
    static let many = (0..<6_000).map { index in
        Person(
            name: "Zoë Müller \(index)", age: index % 1_000 == 500 ? "x" : String(index % 100),
            note: String(repeating: "é", count: index % 300))
    }

    private static func expected(_ form: Form, _ people: [Person]) -> [String] {
        people.indices.map { index in
            let person = people[index]
            guard Int(person.age) != nil else { return "\(form.line(index)) ! not_an_integer" }
            return "\(form.line(index)) \(object(person))"
        }
    }

    private func check(_ people: [Person], _ forms: (Int, Int) -> [Form]) throws {
        let directory = try TemporaryDirectory()
        for (packing, container) in Self.containers.enumerated() {
            for (number, encoding) in Self.encodings.enumerated() {
                for form in forms(packing, number) {
                    let command =
                        "(printf '\(encoding.mark)'; iconv -f UTF-8 -t \(encoding.iconv)) | (\(container.command))"
                    let path = try directory.write("f", Array(form.text(people).utf8), through: command)
                    var flags = InputFlags()
                    flags.encoding = encoding.flag
                    let found = try Taken(path, flags)
                    let what = "\(form.testDescription), \(encoding.iconv), \(container.command)"
                    let line = [form.words, encoding.name] + (container.name.map { [$0] } ?? [])
                    #expect(
                        found.line?.hasPrefix(line.joined(separator: ", ")) ?? false, "\(what): \(found.line ?? "")")
                    // Without the empty cells that JSON has as empty strings.
                    let rows = found.rows.map { $0.replacingOccurrences(of: ",\"note\":\"\"", with: "") }
                    let wanted = Self.expected(form, people).map {
                        $0.replacingOccurrences(of: ",\"note\":\"\"", with: "")
                    }
                    let different = zip(rows, wanted).first { $0 != $1 }
                    #expect(rows.count == wanted.count && different == nil, "\(what): \(found.refused ?? "")")
                }
            }
        }
    }

    @Test func few() throws { try check(Self.few) { _, _ in Self.forms } }

    /// Each container with each encoding, and each form in several of them.
    @Test func many() throws {
        try check(Self.many) { packing, encoding in
            [Self.forms[(packing * Self.encodings.count + encoding) % Self.forms.count]]
        }
    }
}
