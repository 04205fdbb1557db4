// Help, completions and the manual page of the sample program, word for word.

import CommandLineOptions
import Foundation
import Testing

@Suite struct HelpTests {
    @Test func program() {
        #expect(
            Sample.program.help == """
                load: load files

                Usage: load COMMAND [OPTIONS] ...

                Commands:
                  push  send files
                  list  list jobs

                load COMMAND --help tells more; load --version shows versions.

                """)
    }

    @Test func command() {
        #expect(
            Sample.program.help(of: Sample.push) == """
                load push: send files

                Usage: load push [OPTIONS] FILE...

                Sends each file once.

                Options:
                  -l, --label NAME     A name. [LABEL]
                      --partitions N   How many. [default 12]
                  -p, --print          Show it.
                      --timeout TIME   Give up after this.
                      --colour COLOUR  Which one. [red or green]
                  -h, --help           Show this help and exit.

                Example:
                  load push a.csv
                      Sends a.csv.

                """)
        #expect(Sample.program.help(of: Sample.list).contains("Usage: load list [OPTIONS] [WHAT]\n"))
    }

    @Test func manualPage() {
        let page = Sample.program.manualPage(
            version: "load 1.0", sections: [("EXIT STATUS", [(term: "0", text: "done. Really - done")])])
        #expect(page.hasPrefix(".TH LOAD 1 \"\" \"load 1.0\" \"User Commands\"\n.SH NAME\nload \\- load files\n"))
        #expect(page.contains(".TP\n.B \\-l, \\-\\-label NAME\nA name. [LABEL]\n"))
        #expect(page.hasSuffix(".SH EXIT STATUS\n.TP\n.B 0\ndone. Really \\- done\n"))
    }

    /// What a shell answers when TAB is pressed after these words.
    @Test(
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bash"), "bash is not installed"),
        arguments: [
            ("load pu", "push"), ("load push --pa", "--partitions"), ("load push --colour ", "red green"),
            ("load list ", "jobs files --help"),
        ])
    func bashCompletes(line: String, expected: String) throws {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let script =
            Sample.program.completions(for: .bash)
            + "COMP_WORDS=(\(words.map(shellQuoted).joined(separator: " "))); COMP_CWORD=\(words.count - 1); _load; "
            + "echo \"${COMPREPLY[*]}\"\n"
        #expect(try output(of: "/bin/bash", script) == expected + "\n")
    }

    @Test func zshAndFishNameEverything() {
        for shell in [Shell.zsh, .fish] {
            let script = Sample.program.completions(for: shell)
            for word in ["push", "list", "label", "partitions", "red green", "jobs files"] {
                #expect(script.contains(word), "\(shell): \(word)")
            }
        }
    }

    private func output(of shell: String, _ script: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: shell)
        process.arguments = ["-c", script]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
