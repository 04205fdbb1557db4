// Runs and their labels, as an operator sees them: what answers for a label, what a quiet run says, and how old it is.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct RunsTests {
    let world: World

    init() throws { world = try World() }

    private func file(_ name: String, _ numbers: Range<Int>, bad: Int = 0) throws -> String {
        var text = "name,age\n"
        for i in numbers { text += "Person \(i),\(i % 100)\n" }
        for i in 0..<bad { text += "Bad \(i),x\n" }
        return try world.files.write(name, text)
    }

    @Test func theLatestRunAnswersForALabel() throws {
        let files = try [file("a.csv", 0..<5), file("b.csv", 5..<10, bad: 2), file("same.csv", 0..<5)]
        try world.expect(1, "load", "--label", "nightly", files[0], files[1], files[2])
        let status = try world.expect(0, "status", "nightly").stdout
        #expect(
            status.hasPrefix(
                "nightly  3 files: 2 completed, 1 with the same content as another; 2 rejects\npushed "), "\(status)")
        #expect(status.contains("\n  a.csv  ") && status.contains("\n\nb.csv  "), "\(status)")
        try world.expect(1, "status", "--wait", "nightly")
        // Pushed before, they belong to the new run, too; another file of it does not exist.
        try world.expect(5, "load", "--label", "nightly", files[0], world.files.path("c.csv"))
        let missing = try world.expect(3, "status", "nightly").stdout
        #expect(missing.hasPrefix("nightly  2 files: 1 completed, 1 without a job\n"), "\(missing)")
        #expect(
            missing.contains(
                "\n1 file of it has no job: push refused it, was stopped, or is not there yet; run the same command again\n"
            ))
        try world.expect(3, "status", "--wait", "nightly")
        try world.expect(0, "load", "--label", "nightly", files[0], try file("c.csv", 20..<25))
        try world.expect(0, "status", "--wait", "nightly")
        let runs =
            "SELECT files, (SELECT sum(files) FROM userload.run_jobs WHERE run = id) FROM userload.runs ORDER BY sent_at"
        #expect(try world.database.psql(runs) == "3|3\n2|1\n2|2")
    }

    @Test func hostsAnswerTogetherOrByThemselves() throws {
        try world.expect(0, "load", "--label", "nightly", try file("a.csv", 0..<5), try file("b.csv", 5..<9))
        try world.database.psql("UPDATE userload.runs SET host = 'etl1'")
        try world.expect(
            1, "load", "--label", "nightly", try file("c.csv", 10..<15, bad: 1), try file("d.csv", 20..<25))
        try world.database.psql("UPDATE userload.runs SET host = 'etl2' WHERE host <> 'etl1'")
        let both = try world.expect(1, "status", "--wait", "nightly").stdout
        #expect(both.contains("by etl1 (") && both.contains("by etl2 ("))
        let one = try world.expect(0, "status", "--wait", "--host", "etl1", "nightly").stdout
        #expect(one.contains("by etl1 (") && !one.contains("etl2"))
        let other = try world.expect(4, "status", "--host", "etl3", "nightly")
        #expect(other.stderr.contains("no run of 'nightly' on etl3 in "), "\(other)")
        // By the broker's clock: etl1's run is as old as its markers.
        try world.database.psql(
            "UPDATE userload.runs SET sent_at = sent_at - interval '30 hours' WHERE host = 'etl1'")
        let old = try world.expect(3, "status", "--quiet", "--max-age", "26h", "nightly").stdout
        #expect(old.hasPrefix("nightly: the newest completed run is of "), "\(old)")
        #expect(
            old.hasSuffix(" on etl1 (30 h ago), older than 26h (--host NAME asks for one host alone)\n")
                && old.split(separator: "\n").count == 1, "\(old)")
        #expect(try world.expect(0, "status", "--quiet", "--max-age", "31h", "nightly").stdout.isEmpty)
        let fresh = try world.expect(0, "status", "--host", "etl2", "--max-age", "26h", "nightly").stdout
        #expect(fresh.hasPrefix("nightly: completed ") && fresh.contains(" on etl2 ("), "\(fresh)")
    }

    @Test func howOldTheNewestCompletedRunIs() throws {
        let file = try file("a.csv", 0..<5)
        try world.expect(0, "migrate")
        let never = try world.expect(3, "status", "--max-age", "26h", file, "nightly").stdout
        #expect(never == "\(file): no completed run is known\nnightly: no completed run is known\n")
        try world.expect(0, "push", "--label", "nightly", file)
        try world.expect(0, "work", "--drain")
        try world.expect(0, "status", "--max-age", "26h", file, "nightly")
        // A run that is not complete does not count.
        try world.database.psql("UPDATE userload.progress SET end_seq = NULL")
        let open = try world.expect(3, "status", "--max-age", "26h", "nightly").stdout
        #expect(open.hasPrefix("nightly: no completed run on "), "\(open)")
        let both = try world.expect(2, "status", "--max-age", "26h", "--wait", "nightly").stderr
        #expect(both.contains("--max-age prints one line: it cannot be combined with --wait or --json"))
    }

    @Test func aQuietLoadTellsOnceAndOnlyWhatNeedsAPerson() throws {
        let good = try file("a.csv", 0..<5)
        let bad = try file("b.csv", 5..<10, bad: 2)
        let fine = try world.expect(0, "load", "--quiet", good, try file("c.csv", 30..<40))
        #expect(fine.stdout.isEmpty && fine.stderr.isEmpty, "\(fine)")
        let refused = try world.files.write("d.csv", "alter\n3\n")
        let first = try world.expect(5, "load", "--quiet", good, bad, refused, try file("e.csv", 40..<45))
        let lines = first.stderr.split(separator: "\n")
        #expect(lines.first == "4 files: 1 loaded, 1 unchanged, 2 with trouble", "\(first)")
        #expect(lines.dropFirst().first?.contains("d.csv") == true && lines.allSatisfy { !$0.contains("a.csv") })
        #expect(first.stdout.hasPrefix("b.csv  ") && first.stdout.contains("completed, 2 rejects"), "\(first)")
        #expect(!first.stdout.contains("a.csv") && !first.stdout.contains("e.csv"))
        // Told once: no mail, no failure; a status always tells.
        let second = try world.expect(0, "load", "--quiet", good, bad)
        #expect(second.stdout.isEmpty && second.stderr.isEmpty, "\(second)")
        #expect(try world.expect(0, "status", bad).stdout.contains("completed, 2 rejects"))
        #expect(try world.expect(1, "load", bad).stdout.contains("completed, 2 rejects"))
        // More than were told are news, where no journal knows better.
        try world.database.psql("UPDATE userload.jobs SET told_rejects = 1 WHERE told_rejects = 2")
        let more = try world.expect(
            1, "load", "--quiet", bad, changes: ["USERLOAD_STATE_DIR": world.files.path("other")])
        #expect(more.stdout.hasPrefix("b.csv  ") && more.stderr.isEmpty, "\(more)")
    }

    /// What cannot be written has not been told.
    @Test func whatWasNotFlushedIsToldAgain() throws {
        let bad = try file("b.csv", 5..<10, bad: 2)
        let full = "'\(Userload.binary)' load --quiet '\(bad)' > /dev/full"
        let result = try ChildProcess("/bin/sh", ["-c", full], environment: world.environment()).wait(.seconds(60))
        #expect(result.code == 3, "\(result)")
        #expect(try world.expect(1, "load", "--quiet", bad).stdout.contains("completed, 2 rejects"))
    }

    @Test func aQuietPushPrintsNothingUnlessSomethingIsWrong() throws {
        let good = try file("a.csv", 0..<5)
        let bad = try file("b.csv", 5..<10, bad: 2)
        let fine = try world.expect(0, "push", "--quiet", good)
        #expect(fine.stdout.isEmpty && fine.stderr.isEmpty, "\(fine)")
        let slug = try world.expect(0, "push", "--quiet", "--print", "slug", good).stdout
        #expect(slug.count == 9)
        #expect(try world.expect(0, "push", "--print", "none", good).stdout.isEmpty)
        let first = try world.expect(0, "push", "--quiet", good, bad)
        #expect(first.stderr.hasPrefix("2 files: 1 unchanged, 1 with trouble\n"), "\(first)")
        #expect(first.stderr.contains("; 2 will be rejected\n") && !first.stderr.contains("a.csv"), "\(first)")
        for option in ["--print", "--resend"] {
            let words = ["push", "--quiet", option] + (option == "--print" ? ["none"] : []) + [good, bad]
            let second = try world.start(words).wait(.seconds(60))
            #expect(second.code == 0 && second.stderr.isEmpty, "\(second)")
        }
    }

    @Test func jobsAreFiltered() throws {
        try world.expect(1, "load", "--label", "nightly", try file("a.csv", 0..<5), try file("b.csv", 5..<10, bad: 2))
        try world.expect(0, "load", try file("c.csv", 20..<25))
        func names(_ arguments: String...) throws -> [String] {
            let result = try world.start(["jobs"] + arguments).wait(.seconds(60))
            return result.stdout.split(separator: "\n").dropFirst().map { String($0.split(separator: " ").last ?? "") }
        }
        #expect(try Set(names("--label", "nightly")) == ["a.csv", "b.csv"])
        #expect(try names("--failed") == ["b.csv"])
        #expect(try names("--state", "completed").count == 3)
        #expect(try names("--state", "stalled").isEmpty)
        #expect(try world.expect(0, "jobs", "--state", "stalled").stderr.hasPrefix("no such jobs in "))
    }
}
