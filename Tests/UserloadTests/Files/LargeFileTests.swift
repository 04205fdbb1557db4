// Files that are small on the disk and large in truth: the program stays small, and says what they are.

import Foundation
import TestSupport
import Testing

@Suite(.waiting) struct LargeFileTests {
    private let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    private func check(_ path: String) throws -> (result: ChildProcess.Result, peak: Int) {
        let child = try ChildProcess(
            Userload.binary, ["check", path], environment: ["SWIFT_BACKTRACE": "enable=no"], input: .null)
        var peak = 0
        while child.isRunning {
            peak = max(peak, child.peakMemory ?? 0)
            usleep(1_000)
        }
        return (try child.wait(), peak)
    }

    /// 10 GB in members of 64 MiB: what is no text in its first bytes is not read further.
    @Test func zerosInGzip() throws {
        try run(
            "/bin/sh",
            [
                "-c",
                "head -c 67108864 /dev/zero | gzip > '\(files.path("one"))'; for i in $(seq 160); do cat '\(files.path("one"))'; done > '\(files.path("zeros.gz"))'",
            ])
        let (result, peak) = try check(files.path("zeros.gz"))
        #expect(result.code == 5, "\(result)")
        #expect(
            result.stdout.contains("  refused: line 1, byte 0: a NUL byte, which text cannot contain\n"), "\(result)")
        #expect(peak < 56 << 10, "\(peak) KiB")
    }

    /// One line of 64 MiB is one record that is too long, and the next one is read.
    @Test(arguments: [
        ("csv", "name,age\nAnn,3\n", "\nBo,4\n"),
        ("jsonl", "{\"name\":\"Ann\",\"age\":3}\n", "\n{\"name\":\"Bo\",\"age\":4}\n"),
    ])
    func anEndlessLineInGzip(name: String, before: String, after: String) throws {
        let path = files.path("\(name).gz")
        try run(
            "/bin/bash",
            [
                "-c",
                "(printf '%s' \"$0\"; head -c 67108864 /dev/zero | tr '\\0' 7; printf '%s' \"$1\") | gzip -1 > \"$2\"",
                before, after, path,
            ])
        let (result, peak) = try check(path)
        #expect(result.code == 1, "\(result)")
        #expect(result.stdout.contains("  3 records: 2 valid, 1 would be rejected\n  1 too_long\n"), "\(result)")
        #expect(peak < 56 << 10, "\(peak) KiB")
    }
}
