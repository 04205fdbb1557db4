// `userload stats`: people by age.

import CommandLineOptions
import Log
import Pipeline

extension Command {
    private static let groups = Option(
        OptionDefinition(
            long: "groups", placeholder: "N,N,...",
            help: "Where groups end. The first bound belongs to the group above it, each other one to the group below.",
            defaultValue: "20,40,60")
    ) { text throws(ValueProblem) in try parseBounds(text) }

    static let stats = Command(
        CommandDescription(
            "stats", summary: "count the people in the database by age",
            options: [groups, Options.json] + Options.postgres + Options.logging,
            examples: [
                Example("userload stats", "The groups < 20, 20 to 40, 40 to 60, > 60."),
                Example("userload stats --groups 18,30,50", "Other groups."),
            ])
    ) { arguments, context in
        let session = try context.openDatabase(arguments)
        let groups = try session.users.ageGroups(bounds: arguments[groups] ?? [20, 40, 60])
        if arguments[Options.json] {
            try context.output.line(statsDocument(groups).text)
        } else {
            for line in statsReport(groups, width: context.output.width) { try context.output.line(line) }
        }
        return .done
    }
}

/// Ascending ages.
func parseBounds(_ text: String) throws(ValueProblem) -> [Int] {
    let bounds = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let ages = bounds.compactMap { $0 }.filter { (1...150).contains($0) }
    guard ages.count == bounds.count, zip(ages, ages.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw ValueProblem("write ages from 1 to 150 in ascending order, like 18,30,50")
    }
    return ages
}

/// Group, count, percent and a bar, as wide for the largest group as there is room for.
func statsReport(_ groups: [AgeGroup], width: Int? = nil) -> [String] {
    let largest = max(1, groups.map(\.count).max() ?? 1)
    let cells = groups.map { [$0.label, grouped($0.count), "\($0.percent) %"] }
    // Two spaces before each column but the first; the last column of a terminal stays free.
    let taken = columnWidths(cells).reduce(0) { $0 + $1 + 2 }
    let barWidth = min(40, max(0, width.map { $0 - 1 - taken } ?? 40))
    let rows = zip(groups, cells).map { group, cells in
        cells + [bar(Double(group.count) / Double(largest), width: barWidth)]
    }
    return aligned(rows, [.left, .right, .right])
}

func statsDocument(_ groups: [AgeGroup]) -> JSONValue {
    let rows = groups.map { group in
        JSONValue.object([
            ("group", .string(group.label)), ("count", .integer(group.count)), ("percent", .number(group.percent)),
        ])
    }
    return .object([("people", .integer(groups.reduce(0) { $0 + $1.count })), ("groups", .list(rows))])
}
