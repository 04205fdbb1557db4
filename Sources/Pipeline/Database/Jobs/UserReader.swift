// The people themselves: listed one by one, and counted by age.

package import Postgres
internal import Records

/// One thread at a time, on the connection it was given, to a migrated database.
package struct UserReader {
    private let connection: Connection
    private let info: DatabaseInfo

    package init(_ connection: Connection, _ info: DatabaseInfo) {
        self.connection = connection
        self.info = info
    }

    /// The people asked for, one by one, by age and name.
    package func users(_ filter: UserFilter, _ body: (User) throws -> Void) throws {
        let parameters: [Parameter] = [
            .optional(filter.job?.uuid), .optional(filter.name), .optional(filter.ages.map { String($0.lowerBound) }),
            .optional(filter.ages.map { String($0.upperBound) }), .optional(filter.limit.map { String($0) }),
        ]
        try connection.stream(SQL.text(PackageResources.users_sql, [("users", info.table)]), parameters) { row in
            try body(
                User(
                    name: row.string(0) ?? "", age: row.int(1) ?? 0, email: row.string(2), phoneNumber: row.string(3),
                    job: row.string(4), json: row.string(5) ?? ""))
        }
    }

    /// Counts by groups of age, all groups in order, in constant time. Bounds ascend; the first belongs to the group
    /// above it, every other to the one below: 40 to the second of the default, 60 to the third.
    package func ageGroups(bounds: [Int] = [20, 40, 60]) throws(PostgresError) -> [AgeGroup] {
        try connection.query(SQL.text(PackageResources.age_groups_sql), [.array(bounds)]).map { row in
            AgeGroup(label: row.string(0) ?? "", count: Int64(row.int(1) ?? 0), percent: row.double(2) ?? 0)
        }
    }
}
