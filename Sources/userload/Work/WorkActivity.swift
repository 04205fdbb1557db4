// The state of a worker in the words that a person, systemd or a monitor gets.

import CommandLineOptions
import Foundation
import Log
import Pipeline

/// A value; time is handed in.
struct WorkActivity {
    enum Phase: String {
        case starting, waiting, reading, idle, stopping, ended
    }

    let topic: String
    private(set) var counts = WorkCounts()
    private(set) var behind: Int64?
    /// Of the servers that do not answer, since when.
    private(set) var away: [(server: WorkEvent.Server, since: Date)] = []
    private(set) var isStopping = false
    private var hasEnded = false
    private var hasBegun = false
    private var hasWaited = false
    private var isSettled = false
    private var isTopicMissing = false
    private var pace = WorkPace()

    init(topic: String) { self.topic = topic }

    var records: Int { counts.inserted + counts.updated + counts.duplicates + counts.rejected }

    /// It reads, or has said what it waits for: started as well as a service can be.
    var isReady: Bool { hasBegun || hasWaited }

    var phase: Phase {
        if hasEnded { return .ended }
        if isStopping { return .stopping }
        if !away.isEmpty || isTopicMissing { return .waiting }
        if !hasBegun { return .starting }
        return isSettled ? .idle : .reading
    }

    mutating func tell(_ event: WorkEvent, at now: Date) {
        switch event {
        case .reading:
            hasBegun = true
            isTopicMissing = false
        case .partitions: isTopicMissing = false
        case .waitingForTopic:
            isTopicMissing = true
            hasWaited = true
        case .firstContact: hasWaited = true
        case .outage(let server, let news, _):
            away.removeAll { $0.server == server }
            if case .ended = news { return }
            let seconds = if case .lasts(let duration) = news { duration.seconds } else { 0.0 }
            away.append((server, now.addingTimeInterval(-seconds)))
            hasWaited = true
        case .batch(let batch, _):
            counts += batch
        case .settled(let isSettled):
            self.isSettled = isSettled
            if isSettled { pace.caughtUp(records) }
        default: break
        }
    }

    mutating func take(_ sign: WorkSign, at now: ContinuousClock.Instant) {
        behind = sign.behind
        isStopping = isStopping || sign.isStopping
        pace.look(records, at: now)
    }

    mutating func end() {
        isStopping = true
        hasEnded = true
    }

    /// One line, for people.
    var sentence: String {
        switch phase {
        case .starting: "starting"
        case .waiting where isTopicMissing: "waiting for topic \(topic)"
        case .waiting:
            "waiting: \(away.map { $0.server == .kafka ? "Kafka" : "Postgres" }.joined(separator: " and ")) "
                + "cannot be reached"
        case .reading: "loading \(topic): \(pace.text(records, behind: behind))"
        case .idle: "caught up with \(topic): \(counted(records, "record")) in this run"
        case .stopping: "stopping: \(counted(records, "record")) in this run"
        case .ended: "ended: \(counted(records, "record")) in this run"
        }
    }

    /// For --metrics-file.
    func metrics(lastSign: Date) -> [Metric] {
        [
            Metric(
                "userload_worker_last_sign_timestamp_seconds",
                "When the worker last showed that it makes progress, or waits for what it may wait for.",
                value: lastSign.timeIntervalSince1970.rounded()),
            Metric(
                "userload_worker_lines_total", "Lines that this worker loaded since it started, by outcome.",
                kind: .counter,
                samples: [
                    ("inserted", counts.inserted), ("updated", counts.updated), ("duplicate", counts.duplicates),
                    ("rejected", counts.rejected),
                ].map {
                    .init(labels: [(name: "outcome", value: $0.0)], value: Double($0.1))
                }),
            Metric(
                "userload_worker_server_away", "1: the worker waits for this server, which does not answer.",
                samples: [("kafka", WorkEvent.Server.kafka), ("postgres", .postgres)].map { name, server in
                    .init(labels: [(name: "server", value: name)], value: away.contains { $0.server == server } ? 1 : 0)
                }),
        ]
    }

    /// For --status-file.
    func document(lastSign: Date, now: Date, process: Int32) -> JSONValue {
        .object([
            ("state", .string(phase.rawValue)), ("status", .string(sentence)), ("topic", .string(topic)),
            ("inserted", .integer(Int64(counts.inserted))), ("updated", .integer(Int64(counts.updated))),
            ("duplicates", .integer(Int64(counts.duplicates))), ("rejected", .integer(Int64(counts.rejected))),
            ("behind", JSONValue(behind)),
            ("away", .list(away.map { .string($0.server == .kafka ? "kafka" : "postgres") })),
            ("last_sign", JSONValue(lastSign)), ("written", JSONValue(now)), ("pid", .integer(Int64(process))),
        ])
    }
}
