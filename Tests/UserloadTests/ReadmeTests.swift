// The README and the page of commands say what the program says: help, exit codes, environment variables.

import CommandLineOptions
import Foundation
import Testing

@testable import userload

@Suite struct ReadmeTests {
    private let readme: String
    private let pages: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        pages = try String(
            contentsOf: root.appending(path: "Sources/userload/userload.docc/Commands.md"), encoding: .utf8)
    }

    @Test func helpOfTheProgram() {
        #expect(readme.contains("```text\n\(program.help)```"), "run .ci/help-pages")
        #expect(pages.contains("```text\n\(program.help)```"), "run .ci/help-pages")
    }

    @Test(arguments: commands.map(\.description.name))
    func help(command: String) throws {
        let description = try #require(commands.first { $0.description.name == command }).description
        #expect(pages.contains("```text\n\(program.help(of: description))```"), "run .ci/help-pages")
    }

    @Test(arguments: ExitCode.allCases)
    func exitCode(code: ExitCode) { #expect(readme.contains("| \(code.rawValue) | \(code.meaning) |\n")) }

    @Test(arguments: environmentVariables.map(\.term))
    func variable(term: String) throws {
        let variable = try #require(environmentVariables.first { $0.term == term })
        let names = term.split(separator: ", ").map { "`\($0)`" }.joined(separator: ", ")
        #expect(readme.contains("| \(names) | \(variable.text) |\n"))
    }
}
