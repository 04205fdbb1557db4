// `userload migrate`: creates or changes the tables, with a role that has the rights to.

import CommandLineOptions
import Log
import Pipeline

extension Command {
    private static let printOnly = Flag(
        "print", help: "Print the SQL that an empty database needs, and change nothing.")
    private static let newIdentity = Flag(
        "new-identity", help: "In a physical copy of a database: give it a consumer group of its own.")

    static let migrate = Command(
        CommandDescription(
            "migrate", summary: "create or upgrade the tables, or change the unique key",
            discussion: [
                "`work` and `load` do this themselves if their role has the rights; otherwise run this with a role "
                    + "that has them. Only this command changes the unique key, to the one in USERLOAD_UNIQUE_KEY. If "
                    + "rows in the table conflict with the new key, they are listed and nothing is changed."
            ],
            options: [printOnly, newIdentity] + Options.postgres + Options.logging,
            examples: [
                Example("userload migrate -d crm", "Creates the schema userload and the table users."),
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
