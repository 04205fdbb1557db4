// Files as people have them: exports of programs, public data sets, answers of services. What each is taken for, with no
// flag; or the sentence, and the command that takes it.

import Foundation
import TestSupport
import Testing

@testable import Pipeline
@testable import userload

struct RealFile: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    /// The line on the screen, or the refusal.
    let line: String
    /// What is printed as `try:`.
    var command: String?
    /// Without a flag, or else after the command.
    var rows: [String] = []
    var notices: [String] = []

    var testDescription: String { name }

    init(
        _ name: String, _ bytes: [UInt8], _ line: String, try command: String? = nil, _ rows: [String] = [],
        notices: [String] = []
    ) {
        self.name = name
        self.bytes = bytes
        self.line = line
        self.command = command
        self.rows = rows
        self.notices = notices
    }

    init(
        _ name: String, _ text: String, _ line: String, try command: String? = nil, _ rows: [String] = [],
        notices: [String] = []
    ) {
        self.init(name, Array(text.utf8), line, try: command, rows, notices: notices)
    }

    static func western(_ text: String) -> [UInt8] { [UInt8](text.data(using: .windowsCP1252) ?? Data()) }
    static func utf16(_ text: String) -> [UInt8] {
        [0xFF, 0xFE] + text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    }

    static let birthday =
        "another --as-of makes a second row of whoever had a birthday between, while the unique key is name,age"
}

@Suite struct RealFilesTests {
    @Test(arguments: RealFile.spreadsheets + RealFile.exports + RealFile.dataSets + RealFile.services + RealFile.others)
    func taken(file: RealFile) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(file.name, Data(file.bytes))
        let found = try Taken(path)
        #expect((found.line ?? found.refused) == file.line)
        #expect(found.notices == file.notices)
        #expect(found.command(path) == file.command)
        if file.command == nil {
            #expect(found.rows == file.rows)
        } else if !file.rows.isEmpty {
            let then = try found.afterCommand(path, directory)
            // The age that follows from today is not in the table.
            let rows = then.rows.map { row in
                file.command?.contains("TODAY") ?? false ? row.replacing(/"age":\d+/, with: #""age":AGE"#) : row
            }
            #expect(then.refused == nil && rows == file.rows, "\(then)")
        }
    }

    @Test func thereAreEnough() {
        let all =
            RealFile.spreadsheets + RealFile.exports + RealFile.dataSets + RealFile.services + RealFile.others
        #expect(all.count >= 41 && Set(all.map(\.name)).count == all.count)
    }
}
