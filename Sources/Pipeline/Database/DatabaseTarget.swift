// Which database, and what the environment says about our tables in it.

package import Postgres
package import Records

/// What a command knows of the database before it has connected.
package struct DatabaseTarget: Sendable {
    package var settings: DatabaseSettings
    /// USERLOAD_TABLE, `schema.table`; nil: what the database has, or `users` when it has nothing.
    package var table: String?
    /// USERLOAD_UNIQUE_KEY; nil when it is not set.
    package var keyFields: KeyFields?

    package init(settings: DatabaseSettings, table: String? = nil, keyFields: KeyFields? = nil) {
        self.settings = settings
        self.table = table
        self.keyFields = keyFields
    }
}
