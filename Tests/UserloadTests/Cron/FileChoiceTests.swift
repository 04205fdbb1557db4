// Which of the files named are taken: --min-age and --if-any.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import userload

@Suite struct FileChoiceTests {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    static func file(_ age: Double) -> FileChoice.Look { .regular(modified: now.addingTimeInterval(-age)) }

    @Test(
        arguments: [
            (nil, file(0), FileChoice.Verdict.taken),
            (.seconds(60), file(60), .taken),
            (.seconds(60), file(59.5), .young(59.5)),
            (.seconds(60), file(0), .young(0)),
            // Clocks of two hosts differ a little.
            (.seconds(60), file(-2), .young(0)),
            (.seconds(60), file(-61), .ahead(61)),
            (.seconds(60), .other, .taken),
        ] as [(Duration?, FileChoice.Look, FileChoice.Verdict)])
    func verdicts(minAge: Duration?, look: FileChoice.Look, verdict: FileChoice.Verdict) {
        #expect(FileChoice(minAge: minAge, now: Self.now).verdict(look) == verdict)
    }

    @Test func sentences() {
        let choice = FileChoice(minAge: .seconds(60), now: Self.now)
        #expect(choice.sentence("a.csv", .taken) == nil)
        #expect(
            choice.sentence("a.csv", .young(7.9))
                == "a.csv  passed over: written 7 s ago (--min-age 1m); the next run takes it")
        #expect(
            choice.sentence("a b.csv", .ahead(7200))
                == "a b.csv  passed over: written 2 h in the future, by this host's clock; --min-age 1m needs a true "
                + "one: see `date`, or run `touch 'a b.csv'`")
    }

    @Test func looks() throws {
        let files = try TemporaryDirectory()
        let path = try files.write("a.csv", "")
        try #require(
            utimensat(AT_FDCWD, path, [timespec(tv_sec: 100, tv_nsec: 0), timespec(tv_sec: 5, tv_nsec: 0)], 0) == 0)
        #expect(FileChoice.look(path) == .regular(modified: Date(timeIntervalSince1970: 5)))
        #expect(FileChoice.look("-") == .other && FileChoice.look(files.path) == .other)
        #expect(FileChoice.look(files.path("nope")) == .other)
    }

    @Test func patterns() throws {
        let files = try TemporaryDirectory()
        let a = try files.write("a.csv", "")
        let b = try files.write("b.csv", "")
        try #require(mkdir(files.path("sub"), 0o700) == 0)
        // A combining mark behind the slash, and a byte that is no UTF-8.
        let marked = try files.write("sub/\u{301}.csv", "")
        for (pattern, names) in [
            ("*.csv", [a, b]), ("?.csv", [a, b]), ("[b-z].csv", [b]), ("s*/*.csv", [marked]), ("*.xml", []),
            ("sub/*.xml", []),
            // Somebody's mistake: for whoever opens it.
            ("c.csv", [files.path("c.csv")]), ("nope/*.csv", [files.path("nope/*.csv")]),
        ] {
            #expect(FileChoice.matches(files.path(pattern)) == names, "\(pattern)")
        }
        #expect(FileChoice.matches("-") == ["-"])
        // A file may be called like a pattern, and a link to nowhere may be.
        let star = try files.write("*.csv", "")
        #expect(FileChoice.matches(star) == [star])
        try #require(symlink("nowhere", files.path("[x]")) == 0)
        #expect(FileChoice.matches(files.path("[x]")) == [files.path("[x]")])
    }
}
