// The loader's statements, as the SQL files have them, for one database.

internal import Postgres
internal import Records

/// Made once a loader; the table and key in it are those of its `DatabaseInfo`.
struct LoaderStatements: Sendable {
    let swapPositions = Torture.sql(
        SQL.text(PackageResources.loader_swap_positions_sql), without: "p.generation = s.generation AND ",
        .generationNotCompared)
    let newProgress = SQL.text(PackageResources.loader_new_progress_sql)
    let swapProgress = SQL.text(PackageResources.loader_swap_progress_sql)
    let missingJobs = SQL.text(PackageResources.loader_missing_jobs_sql)
    let addJobs = SQL.text(PackageResources.loader_add_jobs_sql)
    let describeJobs = SQL.text(PackageResources.loader_describe_jobs_sql)
    let pushedAgain = SQL.text(PackageResources.loader_pushed_again_sql)
    let runs = SQL.text(PackageResources.loader_runs_sql)
    let runJobs = SQL.text(PackageResources.loader_run_jobs_sql)
    let addRejects = SQL.text(PackageResources.loader_add_rejects_sql)
    let findFixed = SQL.text(PackageResources.loader_fix_find_sql)
    let noteFixed = Torture.sql(
        SQL.text(PackageResources.loader_fix_note_sql), without: " AND r.fixed_by IS NULL", .fixTakenTwice)
    let rememberFixed = SQL.text(PackageResources.loader_fix_remember_sql)
    let count = SQL.text(PackageResources.loader_count_sql)
    let countAges = SQL.text(PackageResources.loader_count_ages_sql)
    let countOtherAges = SQL.text(PackageResources.loader_count_other_ages_sql)
    let wasCommitted = SQL.text(PackageResources.loader_was_committed_sql)
    let copy: String
    let insert: String
    let table: String
    let findDuplicates: String
    let findEqual: String
    let update: String
    let updateFirst: String

    init(_ info: DatabaseInfo) {
        copy = SQL.text(PackageResources.loader_copy_sql, [("users", info.table)])
        insert = SQL.text(PackageResources.loader_insert_sql, [("users", info.table)])
        table = Self.table(info)
        let columns: [(KeyField, String)] = [(.email, "email"), (.phoneNumber, "phone_number")]
        let same = columns.filter { info.keyFields.contains($0.0) }
            .map { "AND u.\($0.1) IS NOT DISTINCT FROM k.\($0.1)" }.joined(separator: " ")
        findDuplicates = SQL.text(
            PackageResources.loader_find_duplicates_sql, [("users", info.table), ("same", same)])
        findEqual = SQL.text(PackageResources.loader_find_equal_sql, [("users", info.table), ("same", same)])
        updateFirst = SQL.text(
            PackageResources.loader_update_first_sql, [("users", info.table), ("same", same)])
        update = SQL.text(PackageResources.loader_update_sql, [("users", info.table), ("same", same)])
    }

    /// The look at the table of people.
    static func table(_ info: DatabaseInfo) -> String {
        let key = KeyChange.columns(info.keyFields).sorted().joined(separator: ",")
        return SQL.text(PackageResources.loader_table_sql, [("users", info.table), ("key", "{\(key)}")])
    }
}
