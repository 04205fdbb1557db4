// What a worker says it is doing, and what systemd is told of it.

import CommandLineOptions
import Foundation
import Pipeline
import TestSupport
import Testing

@testable import userload

@Suite struct WorkActivityTests {
    private let now = Date(timeIntervalSince1970: 1_000_000)
    private let start = ContinuousClock.now

    private func reading() -> WorkActivity {
        var activity = WorkActivity(topic: "users")
        activity.tell(.reading(partitions: 12, messages: 5, database: "crm", isFirstTime: true), at: now)
        return activity
    }

    @Test func sentences() {
        var activity = WorkActivity(topic: "users")
        #expect(activity.sentence == "starting" && !activity.isReady)
        activity.tell(.waitingForTopic, at: now)
        #expect(activity.sentence == "waiting for topic users" && activity.isReady)
        activity.tell(.reading(partitions: 12, messages: 5, database: "crm", isFirstTime: true), at: now)
        #expect(activity.sentence == "loading users: 0 records")
        activity.take(WorkSign(behind: 4000), at: start)
        activity.tell(
            .batch(WorkCounts(inserted: 500, updated: 400, duplicates: 90, rejected: 10), partitions: 3), at: now)
        activity.take(WorkSign(behind: 3000), at: start + .seconds(2))
        #expect(activity.sentence == "loading users: 25 %; 1,000 records, 500/s, ETA 6 s")
        activity.tell(.outage(.postgres, .began, reason: "x"), at: now)
        #expect(activity.sentence == "waiting: Postgres cannot be reached" && activity.phase == .waiting)
        activity.tell(.outage(.kafka, .lasts(.seconds(60)), reason: "x"), at: now)
        #expect(activity.sentence == "waiting: Postgres and Kafka cannot be reached")
        #expect(activity.away.map(\.since) == [now, now.addingTimeInterval(-60)])
        activity.tell(.outage(.postgres, .ended(after: .seconds(5)), reason: ""), at: now)
        activity.tell(.outage(.kafka, .ended(after: .seconds(5)), reason: ""), at: now)
        activity.tell(.settled(true), at: now)
        #expect(activity.sentence == "caught up with users: 1,000 records in this run" && activity.phase == .idle)
        activity.tell(.settled(false), at: now)
        activity.tell(.batch(WorkCounts(inserted: 10), partitions: 1), at: now)
        activity.take(WorkSign(), at: start + .seconds(4))
        #expect(activity.sentence == "loading users: 10 records")
        activity.take(WorkSign(isStopping: true), at: start + .seconds(5))
        #expect(activity.sentence == "stopping: 1,010 records in this run")
        activity.end()
        #expect(activity.sentence == "ended: 1,010 records in this run")
    }

    @Test func document() {
        var activity = reading()
        activity.tell(.outage(.kafka, .began, reason: "x"), at: now)
        #expect(
            activity.document(lastSign: now, now: now, process: 7).text
                == #"{"state": "waiting", "status": "waiting: Kafka cannot be reached", "topic": "users", "inserted": 0, "#
                + #""updated": 0, "duplicates": 0, "rejected": 0, "behind": null, "away": ["kafka"], "#
                + #""last_sign": "1970-01-12T13:46:40Z", "written": "1970-01-12T13:46:40Z", "pid": 7}"#)
    }

    /// The rate is of the last half minute, and percent of what there was since all had been read.
    @Test func pace() {
        var pace = WorkPace()
        for second in 0...60 { pace.look(second * (second < 30 ? 100 : 200), at: start + .seconds(second)) }
        #expect(pace.rate == 200)
        #expect(pace.text(12_000, behind: 4_000) == "75 %; 12,000 records, 200/s, ETA 20 s")
        #expect(pace.text(12_000, behind: nil) == "12,000 records, 200/s")
        pace.caughtUp(12_000)
        #expect(pace.text(12_001, behind: 0) == "1 record")
    }

    /// In a log, a line a minute, while it moves.
    @Test func aLineAMinute() throws {
        let directory = try TemporaryDirectory()
        let descriptor = open(directory.path("log"), O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        let monitor = WorkMonitor(
            "users", ParsedArguments(), Context(environment: [:], screen: Screen(descriptor: descriptor)))
        monitor.tell(.reading(partitions: 12, messages: 5, database: "crm", isFirstTime: true))
        for second in 0..<200 {
            if second < 100 { monitor.tell(.batch(WorkCounts(inserted: 100), partitions: 1)) }
            monitor.take(WorkSign(behind: 1000), at: start + .seconds(second))
        }
        let lines = try String(contentsOfFile: directory.path("log"), encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 2, "\(lines)")
        #expect(
            lines.first?.hasPrefix("loading users: 8") == true && lines.first?.hasSuffix("00/s, ETA 10 s") == true,
            "\(lines)")
    }

    // MARK: systemd

    @Test func addresses() {
        #expect(ServiceManager.address("/run/x") == Array("/run/x\0".utf8))
        #expect(ServiceManager.address("@abc") == [0] + Array("abc".utf8))
        for name in ["", "vsock:2:9", "relative", "\u{301}/run", "\0/run", "/" + String(repeating: "x", count: 107)] {
            #expect(ServiceManager.address(name) == nil)
        }
        #expect(ServiceManager.address("/" + String(repeating: "x", count: 106))?.count == 108)
    }

    @Test(
        arguments: [
            ([:], nil), (["WATCHDOG_USEC": "30000000"], 30), (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"], 30),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"], nil), (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "-5"], nil), (["WATCHDOG_USEC": "99999999999999999999"], nil),
            (["WATCHDOG_USEC": "30 s"], nil), (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7\u{301}"], nil),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "99999999999"], nil),
            (["WATCHDOG_USEC": "9223372036854000000"], 9_223_372_036_854),
        ] as [([String: String], Int?)])
    func watchdog(environment: [String: String], seconds: Int?) {
        #expect(ServiceManager.watchdog(environment, process: 7) == seconds.map { .seconds($0) })
    }

    @Test func nobodyIsToldWhereThereIsNobody() {
        #expect(ServiceManager([:]) == nil)
        let manager = ServiceManager(["NOTIFY_SOCKET": "/nowhere/at/all"])
        #expect(manager?.tell("READY=1") == false)
    }

    @Test func whatSystemdIsTold() {
        var news = ServiceNews(watchdog: .seconds(10))
        var told: [String] = []
        var isFull = false
        func update(_ status: String, ready: Bool = true, stopping: Bool = false, at seconds: Int) -> [String] {
            told = []
            news.update(status: status, isReady: ready, isStopping: stopping, at: start + .seconds(seconds)) { text in
                guard !isFull else { return false }
                told.append(text)
                return true
            }
            return told
        }
        #expect(update("starting", ready: false, at: 0) == ["STATUS=starting"])
        // A full socket: told again the next time.
        isFull = true
        #expect(update("reading", at: 1) == [])
        isFull = false
        #expect(update("reading", at: 2) == ["READY=1\nSTATUS=reading", "WATCHDOG=1"])
        #expect(update("reading 2", at: 3) == [])
        #expect(update("reading 3", at: 7) == ["STATUS=reading 3", "WATCHDOG=1"])
        #expect(update("reading 3", at: 11) == [])
        #expect(update("reading 3", at: 12) == ["WATCHDOG=1"])
        #expect(update("stopping", stopping: true, at: 13) == ["STOPPING=1\nSTATUS=stopping"])
        #expect(update("stopping", stopping: true, at: 14) == [])
    }
}
