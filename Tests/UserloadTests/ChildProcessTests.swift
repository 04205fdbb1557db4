// The test support that runs programs: tests of the tests.

import Foundation
import Kafka
import TestSupport
import Testing

@Suite(.waiting) struct ChildProcessTests {
    @Test func endsAndWhatIsPrintedAreKept() throws {
        let result = try ChildProcess("/bin/sh", ["-c", "echo out; echo err >&2; exit 3"]).wait()
        #expect(result.ending == .exit(3))
        #expect(result.stdout == "out\n")
        #expect(result.stderr == "err\n")
    }

    @Test func moreOutputThanAPipeHolds() throws {
        let result = try ChildProcess("/bin/sh", ["-c", "head -c 1000000 /dev/zero | tee /dev/stderr"]).wait()
        #expect(result.stdout.utf8.count == 1_000_000)
        #expect(result.stderr.utf8.count == 1_000_000)
    }

    @Test func inputEnvironmentAndDirectory() throws {
        let input = [UInt8](repeating: UInt8(ascii: "x"), count: 300_000)
        let result = try ChildProcess(
            "/bin/sh", ["-c", "wc -c; echo $COLOUR; pwd"], environment: ["PATH": "/usr/bin:/bin", "COLOUR": "blue"],
            input: .bytes(input), directory: "/usr"
        ).wait()
        #expect(result.stdout == "300000\nblue\n/usr\n")
    }

    @Test func aSignalIsAnEnding() throws {
        let child = try ChildProcess("/bin/sh", ["-c", "echo ready; exec sleep 100"])
        try child.wait(for: "ready", on: .stdout)
        child.send(SIGKILL)
        #expect(try child.wait().ending == .signal(SIGKILL))
    }

    /// Even though the thread that starts it may block signals.
    @Test func aChildHearsSIGTERM() throws {
        let child = try ChildProcess("/bin/sh", ["-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"])
        try child.wait(for: "ready", on: .stdout)
        child.send(SIGTERM)
        #expect(try child.wait(.seconds(10)).ending == .exit(7))
    }

    @Test func whatHangsIsAnErrorThatSaysWhatItPrinted() throws {
        let child = try ChildProcess("/bin/sh", ["-c", "echo stuck; exec sleep 100"])
        try child.wait(for: "stuck", on: .stdout)
        let error = try #require(throws: TestSupportError.self) { try child.wait(.milliseconds(50)) }
        #expect(error.description.contains("stuck"))
        #expect(!child.isRunning)
    }

    @Test func theBinaryStandsBesideTheTests() {
        #expect(FileManager.default.isExecutableFile(atPath: Userload.binary))
    }

    /// .ci/matrix runs the tests with another librdkafka: the binary, which gets an environment of its own, must have it too.
    @Test func theBinaryHasTheLibraryOfTheTests() throws {
        let version = try ChildProcess(Userload.binary, ["--version"], environment: [:]).wait()
        #expect(version.stdout.contains("librdkafka \(KafkaVersion.text),"), "\(version)")
    }
}
