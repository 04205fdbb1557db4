// The loader's statements, as the SQL files have them, for one database.

internal import Postgres
internal import Records

/// Made once a loader; the table and key in it are those of its `DatabaseInfo`.
struct LoaderStatements: Sendable {
    let begin = SQL.text(PackageResources.loader_begin_sql, [("lock", String(SchemaLock.key))])
    let swapPositions = SQL.text(PackageResources.loader_swap_positions_sql)
    let newProgress = SQL.text(PackageResources.loader_new_progress_sql)
    let swapProgress = SQL.text(PackageResources.loader_swap_progress_sql)
    let addJobs = SQL.text(PackageResources.loader_add_jobs_sql)
    let describeJob = SQL.text(PackageResources.loader_describe_job_sql)
    let pushedAgain = SQL.text(PackageResources.loader_pushed_again_sql)
    let addRejects = SQL.text(PackageResources.loader_add_rejects_sql)
    let count = SQL.text(PackageResources.loader_count_sql)
    let countAges = SQL.text(PackageResources.loader_count_ages_sql)
    let copy: String
    let columnTypes: String
    let findDuplicates: String

    init(_ info: DatabaseInfo) {
        copy = SQL.text(PackageResources.loader_copy_sql, [("users", info.table)])
        columnTypes = SQL.text(PackageResources.loader_column_types_sql, [("users", info.table)])
        let columns: [(KeyField, String)] = [(.email, "email"), (.phoneNumber, "phone_number")]
        let same = columns.filter { info.keyFields.contains($0.0) }
            .map { "AND u.\($0.1) IS NOT DISTINCT FROM k.\($0.1)" }.joined(separator: " ")
        findDuplicates = SQL.text(
            PackageResources.loader_find_duplicates_sql, [("users", info.table), ("same", same)])
    }
}
