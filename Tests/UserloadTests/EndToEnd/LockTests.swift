// Two pushes of one file: who has the lock, how long it is waited for, and that it goes with its holder.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct LockTests {
    let world: World

    init() throws { world = try World() }

    private func large(_ name: String = "large.csv") throws -> String {
        try world.files.write(name, People.csv(0..<300_000))
    }

    /// A push of a large file that is stopped while it sends, with its lock.
    private func stoppedPush(_ file: String) throws -> ChildProcess {
        let push = try world.start(["push", file])
        try push.wait(for: "\n", on: .stdout)
        push.send(SIGSTOP)
        #expect(push.isRunning)
        return push
    }

    @Test func theSecondPushSaysWhoHasItAndEndsWith9() throws {
        let file = try large()
        let first = try stoppedPush(file)
        let other = try world.files.write("other.csv", People.csv(0..<3))
        let second = try world.expect(9, "push", "--lock-timeout", "0", other, file)
        #expect(!second.stdout.hasPrefix("-") && second.stdout.hasSuffix("\n-\n"), "the other file is pushed")
        #expect(second.stderr.contains("  not pushed: process \(first.pid) on "), "\(second)")
        #expect(second.stderr.contains(" has been pushing this file since 20"), "\(second)")
        #expect(
            second.stderr.contains("(userload push \(file)); run the same command later to send what is missing"),
            "\(second)")
        let third = try world.expect(9, "push", "--quiet", "--lock-timeout", "1s", file)
        #expect(third.stderr.contains("; waited 1 second; ") && third.stdout.isEmpty, "\(third)")
        // Killed, it lets go, and the next one goes on where it was.
        first.send(SIGKILL)
        try first.wait()
        let last = try world.expect(0, "push", file)
        #expect(!last.stderr.contains("pushing this file"), "\(last)")
        try world.expect(0, "work", "--drain")
        try world.expectUsers(300_000)
    }

    @Test func itWaitsAndSIGTERMEndsTheWait() throws {
        let file = try large()
        let first = try stoppedPush(file)
        let second = try world.start(["push", file])
        try second.wait(for: "waiting for it up to 5 minutes\n", on: .stderr)
        let third = try world.start(["push", file])
        try third.wait(for: "waiting for it up to 5 minutes\n", on: .stderr)
        third.send(SIGTERM)
        #expect(try third.wait(.seconds(20)).code == 130)
        first.send(SIGCONT)
        #expect(try first.wait(.seconds(60)).code == 0)
        let result = try second.wait(.seconds(60))
        #expect(result.code == 0 && result.stderr.contains("  already pushed on "), "\(result)")
    }

    /// In opposite orders neither waits for the other while it holds what the other wants.
    @Test func twoRunsOverTheSameFilesNeverDeadlock() throws {
        let files = try (0..<300).map { number in
            try world.files.write(String(format: "f%03d.csv", number), People.csv(number * 10..<number * 10 + 10))
        }
        let runs = [
            try world.start(["push", "--lock-timeout", "60s"] + files),
            try world.start(["push", "--lock-timeout", "60s"] + files.reversed()),
            try world.start(["push", "--lock-timeout", "60s"] + files),
        ]
        for run in runs {
            let result = try run.wait(.seconds(120))
            #expect(result.code == 0, "\(result)")
        }
        try world.expect(0, "work", "--drain")
        try world.expectUsers(3_000)
        #expect(try world.database.psql("SELECT count(*) FROM userload.job_status WHERE state = 'completed'") == "300")
    }

    @Test func whatStandsInTheLocksPlace() throws {
        let file = try world.files.write("a.csv", People.csv(0..<3))
        try world.expect(0, "push", file)
        let locks = try FileManager.default.subpathsOfDirectory(atPath: world.files.path("journal"))
            .filter { $0.hasSuffix(".lock") }
        #expect(locks.count == 1)
        let lock = world.files.path("journal/" + locks[0])
        try Data((0..<20_000).map { _ in UInt8.random(in: 0...255) }).write(to: URL(fileURLWithPath: lock))
        #expect(try world.expect(0, "push", file).stderr.contains("already pushed"))
        // Held by somebody who wrote nothing that can be read.
        try Data("no JSON \u{1B}[2J".utf8).write(to: URL(fileURLWithPath: lock))
        let holder = try ChildProcess("/usr/bin/flock", [lock, "/bin/sh", "-c", "echo; exec sleep 60"])
        try holder.wait(for: "\n", on: .stdout)
        let held = try world.expect(9, "push", "--lock-timeout", "0", file)
        #expect(
            held.stderr.contains("  not pushed: another process is pushing this file; run the same command later"),
            "\(held)")
        holder.send(SIGKILL)
        try holder.wait()
        try FileManager.default.removeItem(atPath: lock)
        try FileManager.default.createDirectory(atPath: lock, withIntermediateDirectories: false)
        let directory = try world.expect(0, "push", file)
        #expect(
            directory.stderr.contains(
                ".lock: Is a directory; nothing keeps a second push of the same file from sending it, too\n"),
            "\(directory)")
    }

    /// A push that was killed, as its host and as others see it.
    @Test func aPushThatDied() throws {
        let file = try large()
        let push = try stoppedPush(file)
        let slug = push.stdout.trimmingCharacters(in: .newlines)
        // The journal is written about every second.
        push.send(SIGCONT)
        push.send(SIGSTOP)
        try world.expect(3, "work", "--drain")
        let silent = "UPDATE userload.progress SET updated_at = updated_at - interval '1 hour'"
        try world.database.psql(silent + "; UPDATE userload.jobs SET first_seen_at = first_seen_at - interval '1 hour'")
        let elsewhere = ["USERLOAD_STATE_DIR": world.files.path("elsewhere")]
        func state(_ changes: [String: String] = [:]) throws -> String { try world.status(slug, changes).state }
        #expect(try state() != "interrupted", "it is stopped, not dead")
        push.send(SIGKILL)
        try push.wait()
        #expect(try state(elsewhere) != "interrupted", "nothing is known there")
        let entry = try FileManager.default.subpathsOfDirectory(atPath: world.files.path("journal"))
            .contains { $0.hasSuffix(".json") }
        if entry {
            let here = try world.expect(0, "status", slug).stdout
            #expect(here.contains("\ninterrupted: push on "), "\(here)")
            #expect(
                here.contains(" has died, last record 60 min ago: to resume it, run there `userload push "), "\(here)")
            #expect(try world.expect(0, "jobs", "--failed").stdout.contains("interrupted"))
        }
        // What was pushed later, and was read, tells all others.
        try world.expect(0, "load", try world.files.write("b.csv", People.csv(0..<1_000)))
        #expect(try state(elsewhere) == "interrupted")
        #expect(
            try world.database.psql("SELECT state FROM userload.job_status WHERE slug = '\(slug)'") == "interrupted")
        try world.expect(0, "load", file)
        #expect(try state(elsewhere) == "completed")
    }
}
