// Whether people are counted by age as rows come and go, or only when somebody asks.

internal import Postgres

enum AgeCounts {
    /// The statements that switch it; the transaction is the caller's.
    static func script(_ table: TableName, isOn: Bool) -> String {
        SQL.text(
            isOn ? PackageResources.age_counts_on_sql : PackageResources.age_counts_off_sql, [("users", table.quoted)])
    }

    /// Runs them; returns what `migrate` says.
    static func `switch`(_ table: TableName, isOn: Bool, _ connection: Connection) throws(PostgresError) -> String {
        try connection.execute(script(table, isOn: isOn))
        return isOn
            ? "switched the counts by age of \(table.text) on: triggers on it keep them from now on"
            : "switched the counts by age of \(table.text) off: its triggers are gone, and `stats` counts when it is asked"
    }
}
