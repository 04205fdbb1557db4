// Where rows are to go, as flags and environment say it; what the database itself says is DatabaseInfo.

package import Postgres
package import Records

package struct DatabaseTarget: Sendable {
    package var settings: DatabaseSettings
    /// USERLOAD_TABLE; nil: `users` in the first schema of the search path. Counts at the first migration only: later it
    /// must agree with the database.
    package var table: TableName?
    /// USERLOAD_UNIQUE_KEY; nil: the database's own, at first `KeyFields.standard`.
    package var keyFields: KeyFields?

    package init(settings: DatabaseSettings, table: TableName? = nil, keyFields: KeyFields? = nil) {
        self.settings = settings
        self.table = table
        self.keyFields = keyFields
    }
}
