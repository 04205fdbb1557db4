// The words of `lag`, and when waiting ends.

import Foundation
import Pipeline
import Testing

@testable import userload

@Suite struct LagReportTests {
    private static let now = Date(timeIntervalSince1970: 1_795_831_200)
    private let times = Times(now: now, zone: TimeZone(identifier: "UTC")!)

    private func partition(_ number: Int32, _ next: Int64?, _ end: Int64, low: Int64 = 0, age: Double = 180)
        -> PartitionLag
    {
        let time = Int64((Self.now.timeIntervalSince1970 - age) * 1000)
        let isBehind = PartitionLag.start(nextOffset: next, low: low, end: end) < end
        return PartitionLag(partition: number, nextOffset: next, low: low, end: end, oldest: isBehind ? time : nil)
    }

    private func lag(_ partitions: [PartitionLag], members: [LagMember]? = []) -> Lag {
        Lag(partitions: partitions, members: members, group: "userload-1-users")
    }

    struct Case: CustomTestStringConvertible {
        let next: Int64?
        let low: Int64
        let end: Int64
        let behind: Int64
        let expired: Int64
        var testDescription: String { "\(next.map(String.init) ?? "none") in \(low)...\(end)" }
    }

    @Test(arguments: [
        Case(next: nil, low: 0, end: 10, behind: 10, expired: 0),
        Case(next: -1, low: 5, end: 10, behind: 5, expired: 0),
        Case(next: 4, low: 0, end: 10, behind: 6, expired: 0),
        Case(next: 10, low: 0, end: 10, behind: 0, expired: 0),
        Case(next: 2, low: 5, end: 10, behind: 5, expired: 3),
        // Of another log: it is read from its start.
        Case(next: 50, low: 0, end: 10, behind: 10, expired: 0),
        Case(next: nil, low: 0, end: 0, behind: 0, expired: 0),
    ])
    func behind(given: Case) {
        let lag = partition(0, given.next, given.end, low: given.low)
        #expect(lag.behind == given.behind)
        #expect(lag.expired == given.expired)
    }

    /// Behind the last message there is only the mark of a transaction.
    @Test func marksAreNothingToRead() {
        #expect(PartitionLag(partition: 0, nextOffset: 9, low: 0, end: 10, oldest: nil).behind == 0)
    }

    @Test func theWholeReport() {
        let members = [
            LagMember(client: "rdkafka", host: "/10.0.0.5", partitions: [0, 1, 2, 5]),
            LagMember(client: "evil\u{1B}[2J", host: "/10.0.0.16", partitions: []),
        ]
        let lag = lag(
            [partition(0, 12_345, 13_000), partition(1, nil, 7), partition(2, 500, 500)], members: members)
        let written = times.dayAndTime(Self.now.addingTimeInterval(-180))
        let lines = LagReport(lag: lag, rate: 310, times: times).lines(place: "users on k:9092 → crm on db1 as etl")
        #expect(
            lines == [
                "662 messages behind, the oldest 3 min old; 310/s, 3 s to go",
                "users on k:9092 → crm on db1 as etl",
                "PARTITION  POSITION     END  BEHIND  OLDEST UNREAD",
                "        0    12,345  13,000     655  \(written) (3 min ago)",
                "        1         -       7       7  \(written) (3 min ago)",
                "        2       500     500       0",
                "group userload-1-users: 2 consumers",
                "  rdkafka      10.0.0.5   partitions 0-2, 5",
                "  evil\\x1B[2J  10.0.0.16  no partitions",
            ])
    }

    @Test func nothingBehind() {
        let lines = LagReport(lag: lag([partition(0, 5, 5)]), rate: nil, times: times).lines(place: "p")
        #expect(lines[0] == "nothing behind: all that is in the topic is in the database")
        #expect(
            lines.last
                == "group userload-1-users: no consumers, `userload work` is not running; `load` and `work --drain` "
                + "read without it")
    }

    @Test func nothingMoves() {
        let report = LagReport(lag: lag([partition(0, 4, 5)], members: nil), rate: 0, times: times)
        #expect(report.answer == "1 message behind, the oldest 3 min old; nothing is being read")
        #expect(
            report.lines(place: "p").last
                == "group userload-1-users: its consumers cannot be told (ACL: DESCRIBE on the group)")
    }

    @Test func ofManyPartitionsThoseThatAreBehind() {
        let partitions = (0..<30).map { partition($0, $0 == 7 ? 4 : 5, 5) }
        let lines = LagReport(lag: lag(partitions), rate: nil, times: times).lines(place: "p")
        #expect(lines.count == 6)
        #expect(lines[3].hasPrefix("        7         4    5       1  "))
        #expect(lines[4] == "and 29 partitions that are not behind")
        let done = LagReport(lag: lag((0..<30).map { partition($0, 5, 5) }), rate: nil, times: times)
        #expect(done.lines(place: "p")[2] == "30 partitions, none of them behind")
    }

    @Test func expired() {
        let lines = LagReport(lag: lag([partition(0, 2, 10, low: 5)]), rate: nil, times: times).lines(place: "p")
        #expect(lines[2] == "3 messages expired before they were read: see `userload jobs`")
    }

    @Test func document() {
        let member = LagMember(client: "c", host: "/h", partitions: [0])
        let lag = lag([partition(0, 4, 6)], members: [member])
        let text = lagDocument(lag, rate: 0.5, topic: "users", brokers: "k:1", database: "crm").text
        let time = "\"" + Self.now.addingTimeInterval(-180).formatted(.iso8601) + "\""
        #expect(
            text == #"{"topic": "users", "brokers": "k:1", "database": "crm", "behind": 2, "oldest_unread": "#
                + "\(time), "
                + #""expired": 0, "rate": 0.5, "seconds_to_go": 4.0, "group": "userload-1-users", "members": [{"client": "c", "#
                + #""host": "/h", "partitions": [0]}], "partitions": [{"partition": 0, "position": 4, "start": 0, "end": 6, "#
                + "\"behind\": 2, \"oldest_unread\": \(time)}]}")
    }

    @Test(arguments: [([], ""), ([3], "3"), ([0, 1, 2], "0-2"), ([0, 2, 3, 9], "0, 2-3, 9")] as [([Int32], String)])
    func rangesOfNumbers(numbers: [Int32], text: String) { #expect(ranges(numbers) == text) }

    // MARK: Rate and waiting

    @Test func whatWasTakenBetweenTwoLooks() {
        let before = lag([partition(0, nil, 100), partition(1, 50, 100), partition(2, 90, 100)])
        let after = lag([partition(0, 30, 100), partition(1, 50, 100), partition(2, 5, 10)])
        #expect(after.taken(since: before) == 30)
        var meter = LagMeter()
        let start = ContinuousClock.now
        meter.add(before, at: start)
        #expect(meter.rate == nil)
        meter.add(after, at: start + .seconds(2))
        #expect(meter.rate == 15)
    }

    @Test func waitingEnds() {
        let behind = lag([partition(0, 4, 5)])
        let moved = lag([partition(0, 5, 9)])
        let done = lag([partition(0, 5, 5)])
        func wait(_ timeout: Duration? = nil) -> LagWait { LagWait(timeout: timeout, stall: .seconds(10), now: .zero) }

        var waiting = wait()
        #expect(waiting.decide(behind, at: .zero) == .wait)
        #expect(waiting.decide(done, at: .seconds(1)) == .done)

        waiting = wait()
        for second in 0..<10 { #expect(waiting.decide(behind, at: .seconds(second)) == .wait) }
        #expect(waiting.decide(moved, at: .seconds(9)) == .wait)
        for second in 10..<19 { #expect(waiting.decide(moved, at: .seconds(second)) == .wait) }
        #expect(waiting.decide(moved, at: .seconds(19)) == .stalled)

        // Nobody answers: no way to see anything move.
        waiting = wait()
        for second in 0..<10 { #expect(waiting.decide(nil, at: .seconds(second)) == .wait) }
        #expect(waiting.decide(nil, at: .seconds(10)) == .stalled)

        waiting = wait(.seconds(3))
        #expect(waiting.decide(behind, at: .seconds(2)) == .wait)
        #expect(waiting.decide(behind, at: .seconds(3)) == .timedOut)

        // A suspended laptop has not seen anything stand still.
        waiting = wait()
        #expect(waiting.decide(behind, at: .seconds(1)) == .wait)
        #expect(waiting.decide(behind, at: .seconds(4000)) == .wait)
    }
}
