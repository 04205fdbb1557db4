// What holds for every command's help.

import CommandLineOptions
import Testing

@testable import userload

@Suite struct HelpTests {
    @Test(arguments: commands.map(\.description.name))
    func everyCommandHasAnExampleAndFits(name: String) throws {
        let description = try #require(commands.first { $0.description.name == name }).description
        #expect(!description.examples.isEmpty)
        #expect(description.examples.allSatisfy { $0.command.contains("userload ") })
        for line in program.help(of: description).split(separator: "\n") where !line.hasPrefix("  ") {
            #expect(displayWidth(String(line)) <= 80, "\(line)")
        }
        guard case .help(let found) = try program.parse([name, "--help"]) else {
            Issue.record("no help")
            return
        }
        #expect(found?.name == name)
    }

    @Test func oneLetterMeansOneThing() {
        var meanings: [Character: String] = [:]
        for option in commands.flatMap(\.description.options).map(\.definition) {
            guard let short = option.short else { continue }
            #expect(meanings.updateValue(option.long, forKey: short) ?? option.long == option.long)
        }
    }

    @Test func aWrongCommandIsAnsweredByItsNeighbour() {
        let error = #expect(throws: UsageError.self) { try program.parse(["statsu"]) }
        #expect(error?.message == "unknown command 'statsu'; did you mean status?")
        #expect(error?.hint == "see 'userload --help'")
    }
}
