// `userload migrate`: creates or changes the tables, with a role that has the rights to.

import CommandLineOptions
import Log
import Pipeline

extension Command {
    private static let printOnly = Flag(
        "print", help: "Print the SQL that an empty database needs, and change nothing.")
    private static let newIdentity = Flag(
        "new-identity", help: "In a physical copy of a database: give it a consumer group of its own.")
    private static let partitions = Option(
        OptionDefinition(
            long: "partitions", placeholder: "N",
            help: "Make the table of people of N partitions, 2 to 1024, by hash of the name: only a new one.")
    ) { text throws(ValueProblem) in
        guard let count = Int(text), Migrator.partitionCounts.contains(count) else {
            throw ValueProblem("write a number from 2 to 1024")
        }
        return count
    }
    private static let withoutAgeCounts = Flag(
        "without-age-counts",
        help:
            "Keep no counts by age: the table has no triggers then, stats counts when it is asked, and the server is not "
            + "asked for its id.")
    private static let withAgeCounts = Flag(
        "with-age-counts", help: "Keep counts by age again, as a new database does.")

    static let migrate = Command(
        CommandDescription(
            "migrate", summary: "create or upgrade the tables, or change the unique key",
            discussion: [
                "`work` and `load` do this themselves if their role has the rights; otherwise run this with a role "
                    + "that has them. Only this command changes the unique key, to the one in USERLOAD_UNIQUE_KEY. If "
                    + "rows in the table conflict with the new key, they are listed and nothing is changed.",
                "A table users that is there already is taken if it is partitioned by columns of the unique key, has the "
                    + "columns that --print shows, and is empty.",
            ],
            options: [printOnly, newIdentity, partitions, withoutAgeCounts, withAgeCounts] + Options.postgres
                + Options.logging,
            examples: [
                Example("userload migrate -d crm", "Creates the schema userload and the table users."),
                Example("userload migrate --print | psql crm", "The same, by hand."),
                Example("userload migrate --partitions 16", "The table users in 16 partitions."),
                Example("USERLOAD_UNIQUE_KEY=name,age,email userload migrate", "Extends the key."),
            ])
    ) { arguments, context in
        let target = try context.databaseTarget(arguments)
        let countsAges = try switchedCounts(arguments)
        if arguments[printOnly] {
            try context.output.write(
                Migrator.script(target, partitions: arguments[partitions], countsAges: countsAges ?? true).utf8)
            return .done
        }
        let connection = try context.connect(target)
        let report = try Migrator.migrate(
            connection, target, changesKey: true, newIdentity: arguments[newIdentity],
            partitions: arguments[partitions], countsAges: countsAges)
        let lines =
            report.made.isEmpty
            ? ["schema userload in \(connection.place) is up to date (version \(report.info.schemaVersion))"]
            : report.made
        for line in lines { try context.output.line(escaped(line)) }
        return .done
    }

    /// nil: neither flag.
    private static func switchedCounts(_ arguments: ParsedArguments) throws -> Bool? {
        switch (arguments[withAgeCounts], arguments[withoutAgeCounts]) {
        case (true, true):
            throw Failure(.usage, "--with-age-counts and --without-age-counts cannot be used together")
        case (true, false): true
        case (false, true): false
        case (false, false): nil
        }
    }
}
