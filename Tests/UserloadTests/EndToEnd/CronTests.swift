// Imports that run themselves: what is passed over, moved away and told, and when a run has taken long enough.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct CronTests {
    let world: World

    init() throws { world = try World() }

    private func folder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: world.files.path(name), withIntermediateDirectories: true)
        return world.files.path(name)
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func age(_ path: String, minutes: Double) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date().addingTimeInterval(-60 * minutes)], ofItemAtPath: path)
    }

    /// A session that keeps everybody from loading until it is told otherwise.
    private func lockedTable() throws -> OtherSession {
        let holder = try OtherSession(
            world.database, applicationName: "psql", script: "BEGIN; LOCK TABLE users; SELECT pg_advisory_lock(7);")
        try eventually("the table is locked") {
            try world.database.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7") != "0"
        }
        return holder
    }

    // MARK: --timeout

    @Test func aLoadThatTakesTooLong() throws {
        let file = try world.files.write("a.csv", People.csv(0..<1_000))
        try world.expect(0, "migrate")
        let holder = try lockedTable()
        let slow = try world.expect(3, "load", "--timeout", "3s", file)
        #expect(
            slow.stderr.contains(
                "stopped after 3s before 1 of 1 job had ended; `userload work --drain` loads what is left in "
                    + "Kafka, or the same command again: userload load --timeout 3s \(file)\n"), "\(slow)")
        #expect(!slow.stderr.contains("interrupted"), "\(slow)")
        try holder.send("ROLLBACK;")
        try world.expect(0, "load", "--timeout", "1h", file)
        try world.expectCompleted(file, inserted: 1_000)
        try world.expectUsers(1_000)
    }

    @Test func aDrainThatTakesTooLong() throws {
        let file = try world.files.write("a.csv", People.csv(0..<1_000))
        try world.expect(0, "migrate")
        _ = try world.push(file)
        let holder = try lockedTable()
        let slow = try world.expect(3, "work", "--drain", "--timeout", "3s")
        #expect(slow.stderr.contains("stopped after 3s: 0 inserted, 0 duplicates, 0 rejects in this run"), "\(slow)")
        #expect(
            slow.stderr.contains("nothing is lost, to resume: userload work --drain --timeout 3s\n"), "\(slow)")
        try holder.send("ROLLBACK;")
        try world.expect(0, "work", "--drain", "--timeout", "1h")
        try world.expectCompleted(file, inserted: 1_000)
        let service = try world.expect(2, "work", "--timeout", "1h")
        #expect(
            service.stderr.contains("--timeout needs --drain: without it work runs until it is stopped"),
            "\(service)")
    }

    /// A server that does not answer at all is no reason to run longer.
    @Test func aTimeoutHoldsWithoutServers() throws {
        let file = try world.files.write("a.csv", People.csv(0..<10))
        let port = try freeLoopbackPort()
        for command in [["load", "--timeout", "2s", file], ["work", "--drain", "--timeout", "2s"]] {
            let result = try world.start(command, ["KAFKA_BROKER": "127.0.0.1:\(port)"]).wait(.seconds(30))
            #expect(result.code == 3, "\(result)")
            #expect(
                result.stderr.contains("stopped after 2s") || result.stderr.contains("stopped by --timeout"),
                "\(result)")
        }
    }

    // MARK: --min-age, --if-any

    @Test func filesStillBeingWrittenArePassedOver() throws {
        let old = try world.files.write("old.csv", People.csv(0..<10))
        let new = try world.files.write("new.csv", People.csv(10..<20))
        try age(old, minutes: 2)
        let first = try world.expect(0, "load", "--min-age", "1m", old, new)
        #expect(
            first.stderr.contains("\(new)  passed over: written ")
                && first.stderr.contains(" s ago (--min-age 1m); the next run takes it\n"), "\(first)")
        try world.expectUsers(10)
        // All of them passed over: nothing to do, and nothing that a person must know.
        let quiet = try world.expect(0, "load", "--quiet", "--min-age", "1m", new)
        #expect(quiet.stdout.isEmpty && quiet.stderr.isEmpty, "\(quiet)")
        try age(new, minutes: 2)
        try world.expect(0, "load", "--min-age", "1m", old, new)
        try world.expectUsers(20)
        // No waiting makes it old.
        let strange = try world.files.write("strange.csv", People.csv(20..<30))
        try age(strange, minutes: -300)
        let ahead = try world.expect(3, "push", "--quiet", "--min-age", "1m", strange)
        #expect(ahead.stderr.contains("in the future, by this host's clock"), "\(ahead)")
    }

    @Test func anEmptyGlobIsFine() throws {
        let data = try folder("data")
        for command in ["load", "push"] {
            let empty = try world.expect(0, command, "--if-any", "\(data)/*.csv")
            #expect(empty.stdout.isEmpty && empty.stderr.isEmpty, "\(empty)")
            try world.expect(5, command, "\(data)/*.csv")
            // Names that are no pattern, and folders that are not there, are somebody's mistake.
            try world.expect(5, command, "--if-any", "\(data)/a.csv")
            try world.expect(5, command, "--if-any", "\(data)/nope/*.csv")
        }
        // A pattern that names files by now is as good as the files.
        try world.files.write("data/b.csv", People.csv(10..<20))
        let file = try world.files.write("a.csv", People.csv(0..<10))
        try world.expect(0, "load", "--if-any", "\(data)/*.csv", file)
        try world.expectUsers(20)
    }

    // MARK: --move-to

    @Test func loadedFilesAreMoved() throws {
        let done = try folder("done")
        let other = try folder("other")
        let good = try world.files.write("a.csv", People.csv(0..<10))
        let bad = try world.files.write("b.csv", "name,age\nAnn,31\nBen,x\n")
        let twin = try world.files.write("other/a.csv", People.csv(20..<30))
        let result = try world.expect(1, "load", "--move-to", done, good, bad, twin)
        #expect(result.stderr.contains("moved 3 files to \(done), 1 of them with rejects\n"), "\(result)")
        let slug = try world.database.psql("SELECT substr(id_text, 1, 8) FROM userload.jobs WHERE path = '\(twin)'")
        #expect(result.stderr.contains("moved \(twin) as a-\(slug).csv: \(done) had another a.csv\n"), "\(result)")
        #expect(try names(done) == ["a-\(slug).csv", "a.csv", "b.csv"] && names(other) == [])
        try world.expectUsers(21)
        // Loaded before, or by a run that died before it could move: it is moved now.
        let late = try world.files.write("late.csv", People.csv(40..<50))
        try world.expect(0, "load", late)
        let quiet = try world.expect(0, "load", "--quiet", "--move-to", done, late)
        #expect(quiet.stdout.isEmpty && quiet.stderr.isEmpty, "\(quiet)")
        #expect(try names(done).contains("late.csv") && !FileManager.default.fileExists(atPath: late))
    }

    /// Nothing is sent: there is no topic yet.
    @Test func aFolderThatTakesNoFilesIsToldFirst() throws {
        let file = try world.files.write("a.csv", People.csv(0..<10))
        let missing = world.files.path("done")
        let result = try world.expect(8, "load", "--quiet", "--move-to", missing, file)
        #expect(
            result.stderr == """
                error: --move-to \(missing): no such file or directory; nothing was sent
                `mkdir -p \(missing)` makes it

                """, "\(result)")
        let plain = try world.expect(8, "load", "--quiet", "--move-to", file, file)
        #expect(plain.stderr == "error: --move-to \(file): not a directory; nothing was sent\n", "\(plain)")
        let locked = try folder("locked")
        chmod(locked, 0o500)
        // Root may write anywhere.
        let command = ["/usr/bin/setpriv", "--reuid", "65534", "--clear-groups"].prefix(geteuid() == 0 ? 4 : 0)
        chmod(world.files.path, 0o755)
        let words = command + [Userload.binary, "load", "--quiet", "--move-to", locked, file]
        let refused = try ChildProcess(words[0], Array(words[1...]), environment: world.environment()).wait(
            .seconds(30))
        #expect(
            refused.code == 8
                && refused.stderr.hasPrefix("error: --move-to \(locked): permission denied; nothing was sent\n"),
            "\(refused)")
        #expect(try !TestSupport.run("/usr/bin/kcat", ["-L", "-b", world.broker]).contains("\"\(world.topic)\""))
    }

    @Test func whatCannotBeMovedIsLoadedAllTheSame() throws {
        let done = try folder("done")
        let file = try world.files.write("a.csv", People.csv(0..<10))
        let link = world.files.path("link.csv")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
        let result = try world.expect(3, "load", "--quiet", "--move-to", done, link)
        #expect(
            result.stderr
                == "error: \(link) is loaded, but was not moved: it is a symbolic link; name the file itself\n",
            "\(result)")
        try world.expectUsers(10)
        try world.expect(0, "load", "--quiet", "--move-to", done, file)
        #expect(try names(done) == ["a.csv"])
        // What was refused stays where it is.
        let refused = try world.files.write("b.csv", "colour\nred\n")
        try world.expect(5, "load", "--quiet", "--move-to", done, refused)
        #expect(try names(done) == ["a.csv"] && FileManager.default.fileExists(atPath: refused))
        let stream = try world.expect(2, "load", "--move-to", done, "-")
        #expect(stream.stderr.contains("--move-to needs files: standard input (-) cannot be moved"), "\(stream)")
    }

    /// A trigger that swallows rows: the job ends, but never complete.
    @Test func whatIsNotCompletedStaysWhereItIs() throws {
        try world.expect(0, "migrate")
        try world.database.psql(
            """
            CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF NEW.age = 7 THEN RETURN NULL; END IF; RETURN NEW; END $$;
            CREATE TRIGGER swallow BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION swallow();
            """)
        let done = try folder("done")
        let file = try world.files.write("a.csv", People.csv(0..<10))
        let result = try world.expect(3, "load", "--move-to", done, file)
        #expect(try names(done) == [] && FileManager.default.fileExists(atPath: file), "\(result)")
        #expect(!result.stderr.contains("moved"), "\(result)")
    }

    // MARK: --on-finish

    private func told() throws -> String { try String(contentsOfFile: world.files.path("told"), encoding: .utf8) }

    @Test func aCommandHearsOfTheEnd() throws {
        let script =
            #"echo "$USERLOAD_LABEL|$USERLOAD_STATE|$USERLOAD_LINES|$USERLOAD_REJECTED|$USERLOAD_EXIT|$USERLOAD_SLUGS" > told"#
        let file = try world.files.write("a.csv", "name,age\nAnn,31\nBen,x\n")
        try world.expect(1, "load", "--label", "nightly", "--on-finish", script, file)
        let slug = try world.database.psql("SELECT substr(id_text, 1, 8) FROM userload.jobs")
        #expect(try told() == "nightly|rejects|2|1|1|\(slug)\n")
        try world.expect(0, "push", "--on-finish", script, try world.files.write("b.csv", People.csv(0..<7)))
        #expect(try told().hasPrefix("|done|7|0|0|"))
        try world.expect(0, "work", "--drain", "--on-finish", script)
        #expect(try told().hasPrefix("|done|7|0|0|"))
        // However it ended; but not of arguments that were not understood.
        try world.expect(5, "push", "--on-finish", script, world.files.path("nope.csv"))
        #expect(try told() == "|failed|0|0|5|\n")
        try world.expect(
            8, "load", "--on-finish", script, file, changes: ["DATABASE_URL": "postgres://127.0.0.1:1/x?sslmode=no"])
        #expect(try told().hasPrefix("|failed|"))
        try FileManager.default.removeItem(atPath: world.files.path("told"))
        try world.expect(2, "push", "--nope", "--on-finish", script, file)
        try world.expect(2, "push", "--label", String(repeating: "x", count: 300), "--on-finish", script, file)
        try world.expect(2, "work", "--on-finish", script)
        #expect(!FileManager.default.fileExists(atPath: world.files.path("told")))
    }

    @Test func itsFailureChangesNothing() throws {
        let file = try world.files.write("a.csv", People.csv(0..<10))
        let result = try world.expect(0, "push", "--quiet", "--on-finish", "echo out; echo err >&2; exit 7", file)
        #expect(
            result.stdout.isEmpty
                && result.stderr == "out\nerr\nwarning: the command of --on-finish ended with exit code 7\n",
            "\(result)")
        let push = try world.start(["push", "--again", "--on-finish", "echo begun; sleep 600", file])
        try push.wait(for: "begun")
        push.send(SIGTERM)
        let stopped = try push.wait(.seconds(20))
        #expect(
            stopped.code == 0
                && stopped.stderr.hasSuffix(
                    "warning: the command of --on-finish was stopped, because userload was stopped\n"),
            "\(stopped)")
    }
}
