// The words and decisions at the end of a run: --timeout, --move-to, --on-finish.

import Foundation
import Glibc
import Pipeline
import TestSupport
import Testing

@testable import userload

@Suite struct FinishTests {
    @Test func aTimeoutIsNoInterruption() {
        let timeout = Interrupt()
        let context = Context(environment: [:], timeout: timeout)
        #expect(context.code(.interrupted) == .interrupted && context.stoppedWord(.seconds(300)) == "interrupted")
        timeout.set()
        #expect(context.code(.interrupted) == .incomplete && context.stoppedWord(.seconds(300)) == "stopped after 5m")
        #expect(context.code(.kafka) == .kafka)
    }

    @Test(
        arguments: [
            (nil, ""), (0, ""), (1, "; 1 message is left in the topic"),
            (1_204, "; 1,204 messages are left in the topic"),
        ] as [(Int64?, String)])
    func aDrainThatStops(behind: Int64?, left: String) {
        let counts = WorkCounts(inserted: 5, duplicates: 1)
        #expect(
            WorkReport.stopped("stopped after 5m", counts, behind: behind, command: "userload work --drain")
                == "stopped after 5m: 5 inserted, 1 duplicate, 0 rejects in this run\(left); nothing is lost, to resume: "
                + "userload work --drain")
    }

    @Test func movedFiles() {
        #expect(FileMoves.summary(1, withRejects: 0, "/done") == "moved 1 file to /done")
        #expect(FileMoves.summary(1, withRejects: 1, "/done") == "moved 1 file to /done, with rejects")
        #expect(FileMoves.summary(1_200, withRejects: 0, "/done") == "moved 1,200 files to /done")
        #expect(FileMoves.summary(3, withRejects: 1, "/done") == "moved 3 files to /done, 1 of them with rejects")
        #expect(FileMoves.renamed("/data/a.csv", "a.csv", "/done") == nil)
        #expect(
            FileMoves.renamed("/data/a.csv", "a-4x7k2m9q.csv", "/done")
                == "moved /data/a.csv as a-4x7k2m9q.csv: /done had another a.csv")
    }

    @Test func whatTheCommandIsTold() {
        var totals = RunTotals()
        var outcome = PushOutcome(input: "a.csv")
        outcome.records = 7
        outcome.rejects = 2
        outcome.job = sampleJob().id
        totals.note(outcome)
        totals.note(outcome)
        let variables = OnFinish.variables(.doneWithRejects, "nightly", totals)
        #expect(
            variables.map { "\($0.0)=\($0.1)" } == [
                "USERLOAD_LABEL=nightly", "USERLOAD_STATE=rejects", "USERLOAD_EXIT=1", "USERLOAD_LINES=14",
                "USERLOAD_REJECTED=4", "USERLOAD_SLUGS=\(sampleJob().slug)",
            ])
        let states = ExitCode.allCases.map { code in
            OnFinish.variables(code, nil, RunTotals()).first { $0.0 == "USERLOAD_STATE" }?.1
        }
        #expect(
            states == [
                "done", "rejects", "failed", "incomplete", "failed", "failed", "failed", "failed", "failed", "failed",
                "interrupted",
            ])
    }

    @Test func howTheCommandEnded() {
        let endings: [(ShellEnding, String?)] = [
            (.exit(0), nil), (.exit(7), "the command of --on-finish ended with exit code 7"),
            (.signal(9), "the command of --on-finish was ended by signal 9"),
            (.tooLong, "the command of --on-finish did not end within 1m and was stopped"),
            (.stopped, "the command of --on-finish was stopped, because userload was stopped"),
            (.notStarted("No such file"), "the command of --on-finish could not be started: No such file"),
        ]
        for (ending, sentence) in endings { #expect(OnFinish.sentence(ending, .seconds(60)) == sentence) }
        #expect(OnFinish.limit(isOverdue: false, isInterrupted: false) == .seconds(60))
        #expect(OnFinish.limit(isOverdue: true, isInterrupted: true) == .seconds(10))
        #expect(OnFinish.limit(isOverdue: false, isInterrupted: true) == .seconds(3))
    }

    @Test func aShellCommand() throws {
        let files = try TemporaryDirectory()
        func shell(_ command: String, limit: Duration = .seconds(30), isStopped: () -> Bool = { false }) -> ShellEnding
        {
            runShell(command, [("HOME", "3"), ("OUT", files.path("out"))], limit: limit, isStopped: isStopped)
        }
        // Ours take the place of variables that are there; the others are handed on; standard input is empty.
        #expect(shell(#"echo "$HOME $(env | grep -c ^HOME=) $(cat | wc -c) $PATH" > "$OUT""#) == .exit(0))
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        #expect(try String(contentsOfFile: files.path("out"), encoding: .utf8) == "3 1 0 \(path)\n")
        #expect(shell("exit 7") == .exit(7))
        #expect(shell("kill -9 $$") == .signal(9))
        // What it started ends with it, even what is deaf to SIGTERM.
        #expect(shell("trap '' TERM; sleep 600 & echo $! > $OUT; wait", limit: .milliseconds(300)) == .tooLong)
        let pid = try #require(
            pid_t(try String(contentsOfFile: files.path("out"), encoding: .utf8).trimmingCharacters(in: .newlines)))
        try eventually("the end of \(pid)") { kill(pid, 0) != 0 || isZombie(pid) }
        #expect(shell("sleep 600", isStopped: { true }) == .stopped)
    }

    /// Nobody in a container may reap it.
    private func isZombie(_ pid: pid_t) -> Bool {
        (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8))?.contains(") Z ") ?? true
    }
}
