// What --metrics-file holds.

import Foundation
import Pipeline
import TestSupport
import Testing

@testable import userload

@Suite struct MetricsTests {
    private static let now = Date(timeIntervalSince1970: 1_000_000)
    private static let evil = "a\"b\\c\nd 日本"
    private let labels: [Metric.Label] = [
        (name: "command", value: "load"), (name: "label", value: evil), (name: "topic", value: "users"),
    ]

    private var content: RunRecord.Content {
        var content = RunRecord.Content()
        content.add("inserted", 5)
        content.add("rejected", 2)
        content.add("inserted", 1)
        content.lag = Lag(
            partitions: [
                PartitionLag(partition: 0, nextOffset: 4, low: 0, end: 6, oldest: 999_000_500),
                PartitionLag(partition: 1, nextOffset: 6, low: 0, end: 6, oldest: nil),
            ], members: nil, group: "g")
        return content
    }

    private func text(_ code: ExitCode?, before: String = "") -> String {
        MetricsText.text(
            runMetrics(content, labels, code, duration: 1.5, now: Self.now, before: before), labels: labels)
    }

    @Test func wordForWord() {
        let common = #"command="load",label="a\"b\\c\nd 日本",topic="users""#
        #expect(
            text(.done) == """
                # HELP userload_last_success_timestamp_seconds When a run last ended with exit code 0 or 1.
                # TYPE userload_last_success_timestamp_seconds gauge
                userload_last_success_timestamp_seconds{\(common)} 1000000
                # HELP userload_last_run_timestamp_seconds When the last run ended.
                # TYPE userload_last_run_timestamp_seconds gauge
                userload_last_run_timestamp_seconds{\(common)} 1000000
                # HELP userload_last_run_duration_seconds How long the last run took.
                # TYPE userload_last_run_duration_seconds gauge
                userload_last_run_duration_seconds{\(common)} 1.5
                # HELP userload_last_run_exit_code The exit code of the last run; userload's README has the table.
                # TYPE userload_last_run_exit_code gauge
                userload_last_run_exit_code{\(common)} 0
                # HELP userload_last_run_lines Lines of the last run by outcome; of push those sent, and those that will be rejected.
                # TYPE userload_last_run_lines gauge
                userload_last_run_lines{\(common),outcome="inserted"} 6
                userload_last_run_lines{\(common),outcome="rejected"} 2
                # HELP userload_lag_messages Messages in the topic that are not in the database yet.
                # TYPE userload_lag_messages gauge
                userload_lag_messages{\(common),partition="0"} 2
                userload_lag_messages{\(common),partition="1"} 0
                # HELP userload_oldest_unread_timestamp_seconds When the oldest message that is not in the database was written; absent where there is none.
                # TYPE userload_oldest_unread_timestamp_seconds gauge
                userload_oldest_unread_timestamp_seconds{\(common),partition="0"} 999000.5

                """)
    }

    /// A run that fails, and one that lasts, leave the last success as it was.
    @Test func theLastSuccessIsKept() {
        let series = MetricsText.series("userload_last_success_timestamp_seconds", labels)
        let before = text(.doneWithRejects)
        #expect(MetricsText.value(of: series, in: before) == 1_000_000)
        for code in [ExitCode.kafka, .interrupted, nil] {
            let later = MetricsText.text(
                runMetrics(
                    content, labels, code, duration: 1, now: Self.now.addingTimeInterval(60), before: before),
                labels: labels)
            #expect(MetricsText.value(of: series, in: later) == 1_000_000)
        }
        #expect(!text(.kafka).contains("userload_last_success"))
        // Of another label, or not ours at all.
        #expect(
            !text(.kafka, before: "userload_last_success_timestamp_seconds{} 5\n\0\u{FFFD}").contains("last_success"))
        #expect(MetricsText.value(of: "a", in: "a x\n") == nil)
    }

    /// Anybody may have written into the file: what is read of it is written again, or nothing is.
    @Test(arguments: [
        "a", "a ", "a  1", "a \u{301}1", "a 1 2", "a 1\r", "a 0x", "b 1", "a{} 1", " a 1", "a\u{301} 1", "a nan",
        "a -inf", "a 1e400",
        "a 1e-400", "a -0", "a 9223372036854775808", "a 1\na 2", "\0a 1", "a \u{1B}[1m",
    ])
    func aFileThatIsNotOurs(text: String) {
        guard let value = MetricsText.value(of: "a", in: text) else { return }
        let written = MetricsText.text([Metric("a", "", value: value)], labels: [])
        let again = MetricsText.value(of: "a", in: written)
        #expect(again == value || value.isNaN && again?.isNaN == true, "\(written)")
        #expect(written.split(separator: "\n").count == 3)
    }

    @Test(.needsPromtool) func promtoolTakesIt() throws {
        try Promtool.check(metrics: text(.done))
        var activity = WorkActivity(topic: "users")
        activity.tell(.outage(.kafka, .began, reason: ""), at: Self.now)
        let worker = MetricsText.text(activity.metrics(lastSign: Self.now), labels: labels)
        #expect(worker.contains(#"server="kafka"} 1"#) && worker.contains(#"server="postgres"} 0"#))
        try Promtool.check(metrics: worker)
    }

    @Test func aFileIsReplacedWhole() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("a.prom")
        #expect(ReplacedFile.read(path) == "")
        #expect(ReplacedFile.write("one\n", to: path) == nil)
        #expect(ReplacedFile.write("two\n", to: path) == nil)
        #expect(ReplacedFile.read(path) == "two\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["a.prom"])
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o644)
        let nowhere = directory.path("no/a.prom")
        #expect(ReplacedFile.write("x", to: nowhere) == "cannot write \(nowhere): No such file or directory")
        // Somebody has put a FIFO there: it is not waited for, and replaced.
        let fifo = directory.path("b.prom")
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(ReplacedFile.read(fifo) == "")
        #expect(ReplacedFile.write("three\n", to: fifo) == nil)
        #expect(ReplacedFile.read(fifo) == "three\n")
    }
}
