// The README says what the program says: help, exit codes, environment variables.

import CommandLineOptions
import Foundation
import Testing

@testable import userload

@Suite struct ReadmeTests {
    private let readme: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    }

    @Test func helpOfTheProgram() { #expect(readme.contains("```text\n\(program.help)```"), "run .ci/readme-help") }

    @Test(arguments: commands.map(\.description.name))
    func help(command: String) throws {
        let description = try #require(commands.first { $0.description.name == command }).description
        #expect(readme.contains("```text\n\(program.help(of: description))```"), "run .ci/readme-help")
    }

    /// Not in the help texts alone.
    @Test(arguments: commands.map(\.description.name))
    func text(command: String) throws {
        let text = try #require(readme.components(separatedBy: "## Help of every command").first)
        #expect(text.contains(try Regex("userload \(command)\\b")))
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
