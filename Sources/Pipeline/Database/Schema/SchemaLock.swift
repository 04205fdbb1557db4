// What keeps migrations and batches apart.

/// An advisory lock of the database. A migration holds it alone (pg_advisory_xact_lock), a batch's transaction with the
/// other batches (pg_advisory_xact_lock_shared): no batch sees half a migration, no migration waits for idle workers.
package enum SchemaLock {
    /// "userload" in ASCII.
    package static let key: Int64 = 0x7573_6572_6C6F_6164

    static let exclusiveScript = SQL.text(PackageResources.schema_lock_sql, [("lock", String(key))])
    static let shared = SQL.text(PackageResources.schema_lock_shared_sql, [("lock", String(key))])
    /// As it is from the lock on.
    static let revision = SQL.text(PackageResources.schema_revision_sql)
}
