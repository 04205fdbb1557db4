// Command lines, right and wrong.

@testable import CommandLineOptions
import Testing

@Suite struct ParseTests {
    @Test func valuesAreTyped() throws {
        let arguments = try parsed(
            "push", "--label=a b", "--partitions", "3", "-p", "--timeout", "5m", "--colour", "green", "x", "-", "y")
        #expect(arguments[Sample.label] == "a b")
        #expect(arguments[Sample.partitions] == 3)
        #expect(arguments[Sample.print])
        #expect(arguments[Sample.timeout] == .seconds(300))
        #expect(arguments[Sample.colour] == .green)
        #expect(arguments.operands == ["x", "-", "y"])
    }

    @Test func whatIsNotSaidIsNil() throws {
        let arguments = try parsed("push", "x")
        #expect(arguments[Sample.label] == nil)
        #expect(!arguments[Sample.print])
    }

    @Test func optionsMayFollowOperandsAndTheLastOneCounts() throws {
        let arguments = try parsed("push", "x", "-l", "a", "-lb")
        #expect(arguments[Sample.label] == "b")
        #expect(arguments.operands == ["x"])
    }

    @Test func twoDashesEndTheOptions() throws {
        #expect(try parsed("push", "--", "--print", "-l").operands == ["--print", "-l"])
    }

    @Test func aValueMayLookLikeAnOption() throws {
        #expect(try parsed("push", "--label", "--print", "x")[Sample.label] == "--print")
        #expect(try parsed("push", "--label", "--label", "x")[Sample.label] == "--label")
    }

    @Test func aValueMayBeginWithACombiningMark() throws {
        #expect(try parsed("push", "--label=\u{301}a", "x")[Sample.label] == "\u{301}a")
    }

    @Test(arguments: [
        (["puhs"], "unknown command 'puhs'; did you mean push?", "see 'load --help'"),
        (["\u{1B}[31m"], "unknown command '\\x1B[31m'", "see 'load --help'"),
        (["-l", "a"], "unknown option -l; options come after the command", "see 'load --help'"),
        (["push"], "FILE is missing", "see 'load push --help'"),
        (["list", "a", "b"], "unexpected 'b'", "see 'load list --help'"),
        (["push", "x", "--lable", "a"], "unknown option --lable; did you mean --label?", "see 'load push --help'"),
        (["push", "x", "--xyz=1"], "unknown option --xyz", "see 'load push --help'"),
        (["push", "x", "-z"], "unknown option -z", "see 'load push --help'"),
        (["push", "--print", "-zp"], "unknown option -z", "see 'load push --help'"),
        (["push", "x", "--label"], "--label needs a value", "see 'load push --help'"),
        (["push", "x", "-l"], "-l needs a value", "see 'load push --help'"),
        (["push", "x", "--lab"], "unknown option --lab; write --label in full", "see 'load push --help'"),
        (["push", "x", "--pri=1"], "unknown option --pri; write --print in full", "see 'load push --help'"),
        (["push", "x", "--label="], "--label needs a value", "see 'load push --help'"),
        (["push", "x", "--partitions", ""], "--partitions needs a value", "see 'load push --help'"),
        (["push", ""], "an argument is empty; expected FILE", "see 'load push --help'"),
        (["push", "x", ""], "an argument is empty; expected FILE", "see 'load push --help'"),
        ([""], "unknown command ''", "see 'load --help'"),
        (["help", ""], "unknown command ''", "see 'load --help'"),
        (["push", "x", "--print=1"], "--print takes no value", "see 'load push --help'"),
        (["push", "x", "--partitions", "0"], "--partitions 0: must be 1 to 100", "see 'load push --help'"),
        (["push", "x", "--partitions", "+1"], "--partitions +1: not an integer", "see 'load push --help'"),
        (["push", "x", "--partitions", "1x"], "--partitions 1x: not an integer", "see 'load push --help'"),
        (
            ["push", "x", "--timeout", "5"],
            "--timeout 5: not a time; write a number and s, m, h or d, like 90s or 24h",
            "see 'load push --help'"
        ),
        (["push", "x", "--timeout", "2h"], "--timeout 2h: must be 1s to 1h", "see 'load push --help'"),
        (["push", "x", "--colour", "blue"], "--colour blue: must be one of red, green", "see 'load push --help'"),
    ])
    func wrongOnes(words: [String], message: String, hint: String) {
        #expect(throws: UsageError(message: message, hint: hint)) { try Sample.program.parse(words) }
    }

    /// getopt_long takes any unambiguous beginning; a later option of that beginning would break a crontab.
    @Test(arguments: [
        (["push", "x", "--lab", "a"], "unknown option --lab; write --label in full"),
        (["push", "x", "--lab=a"], "unknown option --lab; write --label in full"),
        (["push", "x", "--prin"], "unknown option --prin; write --print in full"),
        (["push", "x", "--lab", "--lab"], "unknown option --lab; write --label in full"),
        (["push", "x", "--p"], "unknown option --p; did you mean --partitions or --print?"),
    ])
    func abbreviationsAreRefused(words: [String], message: String) {
        #expect(throws: UsageError(message: message, hint: "see 'load push --help'")) {
            try Sample.program.parse(words)
        }
    }

    @Test(
        arguments: [
            ([], nil), (["--help"], nil), (["-h"], nil), (["help"], nil), (["help", "push"], "push"),
            (["push", "--help"], "push"), (["push", "-h", "--timeout", "1s"], "push"),
        ] as [([String], String?)])
    func helpAnswersWhateverElseIsMissing(words: [String], command: String?) throws {
        guard case .help(let description) = try Sample.program.parse(words) else {
            Issue.record("no help")
            return
        }
        #expect(description?.name == command)
    }

    @Test func version() throws {
        guard case .version = try Sample.program.parse(["--version"]) else {
            Issue.record("no version")
            return
        }
    }
}
