// `userload migrate`: makes or changes the tables, for a role that may.

import CommandLineOptions
import Log
import Pipeline

extension Command {
    private static let printOnly = Flag("print", help: "Print the SQL that an empty database needs, and do nothing.")
    private static let newIdentity = Flag(
        "new-identity", help: "In a physical copy of a database: give it a consumer group of its own.")

    static let migrate = Command(
        CommandDescription(
            "migrate", summary: "make or upgrade the tables, or change the unique key",
            discussion: [
                "`work` and `load` do this themselves where their role may; this is for a role with the right to. "
                    + "Only this command changes the unique key, to what USERLOAD_UNIQUE_KEY says. When rows stand in "
                    + "the way of a key, they are listed and nothing is changed."
            ],
            options: [printOnly, newIdentity] + Options.postgres + Options.logging,
            examples: [
                Example("userload migrate -d crm", "Makes schema userload and the table users."),
                Example("userload migrate --print | psql crm", "The same, by hand."),
                Example("USERLOAD_UNIQUE_KEY=name,age,email userload migrate", "Extends the key."),
            ])
    ) { arguments, context in
        let target = try context.databaseTarget(arguments)
        if arguments[printOnly] {
            try context.output.write(Migrator.script(target).utf8)
            return .done
        }
        let connection = try context.connect(target)
        let report = try Migrator.migrate(
            connection, target, changesKey: true, newIdentity: arguments[newIdentity])
        let lines =
            report.made.isEmpty
            ? ["schema userload in \(connection.place) is up to date (version \(report.info.schemaVersion))"]
            : report.made
        for line in lines { try context.output.line(escaped(line)) }
        return .done
    }
}
