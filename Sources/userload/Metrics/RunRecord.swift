// What a run of load, push or work came to, for --metrics-file and --on-finish: filled by the command, told when it has
// ended, however.

import CommandLineOptions
import Foundation
import Log
import Pipeline
import Records
import Synchronization

/// Any thread.
final class RunRecord: Sendable {
    struct Content {
        /// Which file, and the labels of all that is in it; nil: none was asked for.
        var target: MetricsTarget?
        /// Lines by outcome, in the order of first mention.
        var lines: [(outcome: String, count: Int64)] = []
        var lag: Lag?
        /// Of a worker.
        var worker: [Metric] = []
        var totals = RunTotals()

        mutating func add(_ outcome: String, _ count: some BinaryInteger) {
            let count = Int64(clamping: count)
            if let index = lines.firstIndex(where: { $0.outcome == outcome }) {
                lines[index].count &+= count
            } else {
                lines.append((outcome, count))
            }
        }
    }

    private let content = Mutex(Content())
    private let start = ContinuousClock.now

    func change(_ body: (inout Content) -> Void) {
        content.withLock { content in body(&content) }
    }

    var isWanted: Bool { content.withLock { $0.target != nil } }
    var totals: RunTotals { content.withLock { $0.totals } }

    /// What a push sent, and what of it will be rejected.
    func count(_ outcome: PushOutcome) {
        let isPushed = outcome.result == .pushed
        change {
            $0.totals.note(outcome)
            $0.add("sent", isPushed ? outcome.records - min(outcome.records, outcome.rejects) : 0)
            $0.add("rejected", isPushed ? outcome.rejects : 0)
        }
    }

    /// What the database says of the jobs of a load.
    func count(_ jobs: [JobStatus]) {
        change { content in
            content.totals.note(jobs)
            content.lines = []
            content.add("inserted", 0)
            for job in jobs {
                content.add("inserted", job.inserted)
                content.add("updated", job.updated)
                content.add("duplicate", job.duplicates)
                content.add("rejected", job.rejected)
            }
        }
    }

    /// What a worker loaded.
    func count(_ summary: WorkSummary) {
        let counts = summary.counts
        change {
            $0.totals.note(summary)
            $0.lines = []
            $0.add("inserted", counts.inserted)
            $0.add("updated", counts.updated)
            $0.add("duplicate", counts.duplicates)
            $0.add("rejected", counts.rejected)
        }
    }

    /// While the run lasts.
    /// - Returns: what went wrong.
    func writeMeanwhile() -> String? { write(nil, Date()) }

    /// The end of the run.
    /// - Returns: what went wrong.
    func write(_ code: ExitCode?, _ now: Date) -> String? {
        let content = content.withLock { $0 }
        guard let target = content.target else { return nil }
        let duration = (ContinuousClock.now - start).seconds
        let before = ReplacedFile.read(target.path)
        let text = MetricsText.text(
            runMetrics(content, target.labels, code, duration: duration, now: now, before: before),
            labels: target.labels)
        return ReplacedFile.write(text, to: target.path)
    }
}

struct MetricsTarget {
    let path: String
    let labels: [Metric.Label]
}

private let lastSuccess = "userload_last_success_timestamp_seconds"

/// - Parameters:
///   - code: nil: the run lasts.
///   - before: what the file holds: the last success is kept through runs without one.
func runMetrics(
    _ content: RunRecord.Content, _ labels: [Metric.Label], _ code: ExitCode?, duration: Double, now: Date,
    before: String
) -> [Metric] {
    let time = now.timeIntervalSince1970.rounded()
    let isSuccess = code == .done || code == .doneWithRejects
    var metrics = [
        Metric(
            lastSuccess, "When a run last ended with exit code 0 or 1.",
            value: isSuccess ? time : MetricsText.value(of: MetricsText.series(lastSuccess, labels), in: before))
    ]
    if let code {
        metrics += [
            Metric("userload_last_run_timestamp_seconds", "When the last run ended.", value: time),
            Metric(
                "userload_last_run_duration_seconds", "How long the last run took.",
                value: (duration * 1000).rounded() / 1000),
            Metric(
                "userload_last_run_exit_code", "The exit code of the last run; userload's README has the table.",
                value: Double(code.rawValue)),
            Metric(
                "userload_last_run_lines",
                "Lines of the last run by outcome; of push those sent, and those that will be rejected.",
                samples: content.lines.map {
                    .init(labels: [(name: "outcome", value: $0.outcome)], value: Double($0.count))
                }),
        ]
    }
    return metrics + content.worker + (content.lag.map(lagMetrics) ?? [])
}

func lagMetrics(_ lag: Lag) -> [Metric] {
    func samples(_ value: (PartitionLag) -> Double?) -> [Metric.Sample] {
        lag.partitions.compactMap { partition in
            value(partition).map { .init(labels: [(name: "partition", value: "\(partition.partition)")], value: $0) }
        }
    }
    return [
        Metric(
            "userload_lag_messages", "Messages in the topic that are not in the database yet.",
            samples: samples { Double($0.behind) }),
        Metric(
            "userload_oldest_unread_timestamp_seconds",
            "When the oldest message that is not in the database was written; absent where there is none.",
            samples: samples { $0.oldest?.timeIntervalSince1970 }),
    ]
}

enum MetricsFlags {
    static let metricsFile = Option(
        OptionDefinition(
            long: "metrics-file", placeholder: "PATH.prom",
            help: "Write the outcome of the run to this file, for the textfile collector of Prometheus' node_exporter.")
    ) { text throws(ValueProblem) in
        guard text.hasSuffix(".prom") else { throw ValueProblem("must end in .prom: the collector reads no others") }
        return text
    }
}

extension Context {
    /// Where the run is to be told; before anything can go wrong.
    func recordRun(_ command: String, _ arguments: ParsedArguments, label: String? = nil) {
        guard let path = arguments[MetricsFlags.metricsFile] else { return }
        let topic = arguments[Options.topic] ?? environment["KAFKA_TOPIC"] ?? Defaults.topic
        let labels = [
            (name: "command", value: command), (name: "label", value: label ?? ""), (name: "topic", value: topic),
        ]
        record.change { $0.target = MetricsTarget(path: path, labels: labels) }
    }

    /// A monitor that fails changes nothing: it is said.
    func writeRecord(_ code: ExitCode) {
        if let problem = record.write(code, now()) { logger.warning("--metrics-file: \(problem)") }
    }
}
