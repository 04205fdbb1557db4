// `userload users`: the people in the table, as text or as JSON lines for push.

import CommandLineOptions
import Log
import Pipeline

extension Command {
    private static let job = Option.text("job", "SLUG", help: "Only people that this job inserted.")
    private static let name = Option.text("name", "NAME", help: "Only this exact name.")
    private static let age = Option(
        OptionDefinition(long: "age", placeholder: "N|N-M", help: "Only this age, or ages from N to M, both included.")
    ) { text throws(ValueProblem) in try parseAges(text) }
    private static let limit = Option.integer(
        "limit", "N", in: 1...Int.max, help: "At most N people. [default: all; 1000 for a table on a terminal]")
    /// More are not read on a terminal unless somebody asks for them.
    private static let screenLimit = 1_000

    static let users = Command(
        CommandDescription(
            "users", summary: "print people from the database, by age and name",
            discussion: ["--json prints JSON lines that push accepts and that load as the same rows."],
            options: [job, name, age, limit, Options.json] + Options.postgres + Options.logging,
            examples: [
                Example("userload users --age 20-40 --limit 10", "Ten people aged 20 to 40."),
                Example("userload users --job 4x7k2m9q --json > people.jsonl", "The people that a job inserted."),
            ])
    ) { arguments, context in
        let session = try context.openDatabase(arguments)
        try RowSecurity.check(session.connection, session.info)
        var filter = UserFilter(
            job: try arguments[job].map { try session.job($0).id }, name: arguments[name], ages: arguments[age],
            limit: arguments[limit])
        if arguments[Options.json] {
            try session.users.users(filter) { try context.output.line($0.json) }
            return .done
        }
        let most = arguments[limit] == nil && context.output.isTerminal ? screenLimit : nil
        if let most { filter.limit = most + 1 }
        var table = UserTable(context: context)
        var count = 0
        try session.users.users(filter) { user in
            count += 1
            if count <= most ?? .max { try table.add(user) }
        }
        try table.end()
        if let most, count > most {
            context.logger.info(
                "there are more: these are the first \(grouped(most)); --limit N prints others, and into a file or a pipe "
                    + "go all of them")
        }
        return .done
    }
}

/// `35` or `20-40`.
func parseAges(_ text: String) throws(ValueProblem) -> ClosedRange<Int> {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } })
    else { throw ValueProblem("write an age like 35, or a range like 20-40") }
    // Too many digits for an Int is out of range, too.
    let ages = parts.map { Int($0) ?? .max }
    guard ages.allSatisfy((0...150).contains) else { throw ValueProblem("ages are 0 to 150") }
    guard let first = ages.first, let last = ages.last, first <= last else {
        throw ValueProblem("the first age must not be above the second")
    }
    return first...last
}

/// A table of any length in constant memory: the first rows decide how wide the columns are.
private struct UserTable {
    private static let sampleRows = 200
    private static let alignments: [Alignment] = [.right]
    let context: Context
    private var sample: [[String]] = [["AGE", "NAME", "EMAIL", "PHONE", "JOB"]]
    private var widths: [Int]?

    init(context: Context) { self.context = context }

    mutating func add(_ user: User) throws {
        let cells = [
            String(user.age), user.name, user.email ?? "", user.phoneNumber ?? "", user.job ?? "",
        ].map(escaped)
        if widths != nil { return try print(cells) }
        sample.append(cells)
        if sample.count > Self.sampleRows { try end() }
    }

    /// Writes the rows kept back.
    mutating func end() throws {
        guard widths == nil else { return }
        widths = columnWidths(sample)
        for cells in sample { try print(cells) }
        sample = []
    }

    private func print(_ cells: [String]) throws {
        let line = row(cells, widths: widths ?? [], Self.alignments)
        try context.output.line(context.output.width.map { truncated(line, to: $0) } ?? line)
    }
}
