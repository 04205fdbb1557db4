// The numbered migrations, oldest first. One that was released is never changed again: a new number follows.

struct Migration {
    let number: Int
    let sql: [UInt8]

    static let all = [
        Migration(number: 1, sql: PackageResources._001_tables_sql),
        Migration(number: 2, sql: PackageResources._002_age_counts_sql),
        Migration(number: 3, sql: PackageResources._003_views_sql),
        Migration(number: 4, sql: PackageResources._004_sums_sql),
        Migration(number: 5, sql: PackageResources._005_conclusion_sql),
        Migration(number: 6, sql: PackageResources._006_reject_words_sql),
        Migration(number: 7, sql: PackageResources._007_hand_readers_sql),
        Migration(number: 8, sql: PackageResources._008_operation_sql),
        Migration(number: 9, sql: PackageResources._009_partitions_sql),
        Migration(number: 10, sql: PackageResources._010_age_counts_option_sql),
    ]

    /// The schema version this userload works with.
    static var latest: Int { all.count }

    /// - Parameter table: of people, quoted.
    func text(table: String) -> String { SQL.text(sql, [("users", table)]) }
}
