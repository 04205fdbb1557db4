// What people see on a terminal, by script(1): nothing wider than it, and no more than they can read.

import CommandLineOptions
import Foundation
import TestSupport
import Testing

@Suite(
    .waiting, .needsServers,
    .enabled("needs script(1)") { FileManager.default.isExecutableFile(atPath: "/usr/bin/script") })
struct TerminalTests {
    let world: World

    init() throws { world = try World() }

    /// The lines that a command prints on a terminal of so many columns, in the locale of a crontab.
    private func lines(_ command: String, columns: Int) throws -> [String] {
        let terminal = try ChildProcess(
            "/usr/bin/script",
            ["-qefc", "stty cols \(columns) -onlcr; exec '\(Userload.binary)' \(command)", "/dev/null"],
            environment: world.environment(["TERM": "xterm", "LC_ALL": "C"]), directory: world.files.path)
        let result = try terminal.wait()
        #expect(result.code == 0, "\(result)")
        return result.stdout.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func aThousandPeopleAreEnoughOnATerminal() throws {
        let file = try world.files.write("a.csv", People.csv(0..<1_100))
        try world.expect(0, "load", file)
        let shown = try lines("users", columns: 80)
        #expect(shown.count { $0.contains("Person ") } == 1_000)
        let more =
            "there are more: these are the first 1,000; --limit N prints others, and into a file or a pipe go all of them"
        #expect(shown.contains(more), "\(shown.suffix(3))")
        let asked = try lines("users --limit 1050", columns: 80)
        #expect(asked.count { $0.contains("Person ") } == 1_050 && !asked.contains(more))
        let few = try lines("users --age 3", columns: 80)
        #expect(few.count { $0.contains("Person ") } == 11 && !few.contains(more))
        #expect(try world.expect(0, "users").stdout.split(separator: "\n").count == 1_101)
    }

    @Test(arguments: [60, 80, 132, 200])
    func nothingIsWiderThanTheTerminal(columns: Int) throws {
        let names = ["山田太郎と花子", "김철수", "Zoe\u{308}", "👩‍👩‍👧 Family", String(repeating: "long ", count: 60) + "x"]
        let people = names.enumerated().map { "\($1),\($0 + 20),\(String(repeating: "e", count: 40))@example.org" }
        let file = try world.files.write(
            "山田.csv", "name,age,email\n" + people.joined(separator: "\n") + "\nBad,x,\n")
        try world.expect(1, "load", "--label", "nightly", file)
        for command in ["users", "stats", "jobs"] {
            let shown = try lines(command, columns: columns)
            #expect(shown.count > 2)
            for line in shown { #expect(displayWidth(line) <= columns, "\(command): \(line)") }
            #expect(!shown.contains { $0.contains("\u{1B}[3") || $0.contains("\u{1B}[1m") }, "colours")
        }
    }
}
