// The words of `lag`: pure functions of what was seen.

import CommandLineOptions
import Foundation
import Log
import Pipeline

struct LagReport {
    /// Where the screen would be filled with partitions, only those that are behind are shown.
    static let allPartitions = 24

    let lag: Lag
    /// Messages a second; nil: not measured, as there is nothing to read.
    let rate: Double?
    let times: Times

    /// The answer first, then the partitions and who reads them. Escaped.
    /// - Parameter place: `users on kafka1:9092 → crm on db1 as etl`.
    func lines(place: String) -> [String] {
        var lines = [answer, escaped(place)]
        if lag.expired > 0 {
            lines.append(
                "\(counted(lag.expired, "message")) expired before \(lag.expired == 1 ? "it was" : "they were") read: "
                    + "see `userload jobs`")
        }
        return lines + table + group
    }

    /// `7,860 messages behind, the oldest 3 min old; 25,000/s, 1 s to go`
    var answer: String {
        guard lag.behind > 0 else { return "nothing behind: all that is in the topic is in the database" }
        return Self.progress(lag, rate, now: times.now)
    }

    static func progress(_ lag: Lag, _ rate: Double?, now: Date) -> String {
        var text = "\(counted(lag.behind, "message")) behind"
        if let oldest = lag.oldest { text += ", the oldest \(ageText(seconds: now.timeIntervalSince(oldest))) old" }
        guard let rate else { return text }
        guard rate > 0, let seconds = secondsToGo(lag, rate) else { return text + "; nothing is being read" }
        return text + "; \(rate >= 1 ? grouped(Int64(rate)) : "< 1")/s, \(ageText(seconds: seconds)) to go"
    }

    /// At this rate; nil: it would take for ever.
    static func secondsToGo(_ lag: Lag, _ rate: Double?) -> Double? {
        if lag.behind == 0 { return 0 }
        return rate.flatMap { $0 > 0 ? (Double(lag.behind) / $0).rounded(.up) : nil }
    }

    // MARK: -

    private var table: [String] {
        let isShort = lag.partitions.count <= Self.allPartitions
        let shown = isShort ? lag.partitions : lag.partitions.filter { $0.behind > 0 }
        guard !shown.isEmpty else { return ["\(counted(lag.partitions.count, "partition")), none of them behind"] }
        let titles = ["PARTITION", "POSITION", "END", "BEHIND", "OLDEST UNREAD"]
        let rows = shown.map { partition in
            [
                "\(partition.partition)", partition.position.map { grouped($0) } ?? "-", grouped(partition.end),
                grouped(partition.behind),
                partition.oldest.map { "\(times.dayAndTime($0)) (\(times.ago($0)))" }
                    ?? (partition.behind > 0 ? "not known" : ""),
            ]
        }
        let others = lag.partitions.count - shown.count
        return aligned([titles] + rows, [.right, .right, .right, .right])
            + (others > 0 ? ["and \(counted(others, "partition")) that \(others == 1 ? "is" : "are") not behind"] : [])
    }

    private var group: [String] {
        guard let members = lag.members else {
            return ["group \(escaped(lag.group)): its consumers cannot be told (ACL: DESCRIBE on the group)"]
        }
        if members.isEmpty {
            return [
                "group \(escaped(lag.group)): no consumers, `userload work` is not running; `load` and `work --drain` "
                    + "read without it"
            ]
        }
        let rows = members.map { member in
            [
                "  " + escaped(member.client), escaped(Self.host(member.host)),
                member.partitions.isEmpty ? "no partitions" : "partitions \(ranges(member.partitions))",
            ]
        }
        return ["group \(escaped(lag.group)): \(counted(members.count, "consumer"))"] + aligned(rows)
    }

    /// The broker puts a slash before the address.
    private static func host(_ text: String) -> String { text.hasPrefix("/") ? String(text.dropFirst()) : text }
}

/// `0-5, 7`, of ascending numbers.
func ranges(_ numbers: [Int32]) -> String {
    var found: [ClosedRange<Int32>] = []
    for number in numbers {
        if let last = found.last, number == last.upperBound &+ 1 {
            found[found.count - 1] = last.lowerBound...number
        } else {
            found.append(number...number)
        }
    }
    return found.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(
        separator: ", ")
}

func lagDocument(_ lag: Lag, rate: Double?, topic: String, brokers: String, database: String) -> JSONValue {
    let partitions = lag.partitions.map { partition in
        JSONValue.object([
            ("partition", .integer(Int64(partition.partition))), ("position", JSONValue(partition.position)),
            ("start", .integer(partition.low)), ("end", .integer(partition.end)),
            ("behind", .integer(partition.behind)), ("oldest_unread", JSONValue(partition.oldest)),
        ])
    }
    let members = lag.members.map { members in
        JSONValue.list(
            members.map { member in
                .object([
                    ("client", .string(member.client)), ("host", .string(member.host)),
                    ("partitions", .list(member.partitions.map { .integer(Int64($0)) })),
                ])
            })
    }
    return .object([
        ("topic", .string(topic)), ("brokers", .string(brokers)), ("database", .string(database)),
        ("behind", .integer(lag.behind)), ("oldest_unread", JSONValue(lag.oldest)),
        ("expired", .integer(lag.expired)),
        ("rate", rate.map { .number(($0 * 10).rounded() / 10) } ?? .null),
        ("seconds_to_go", LagReport.secondsToGo(lag, rate).map { .number($0) } ?? .null),
        ("group", .string(lag.group)), ("members", members ?? .null), ("partitions", .list(partitions)),
    ])
}
