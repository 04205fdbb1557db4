// The valve: a constraint or trigger that refuses every record is somebody's oversight, not a fault of the records.

internal import Postgres

/// Counts records that Postgres refused with the same code and constraint, none inserted in between. A value.
struct RefusedInARow: Equatable {
    private(set) var count = 0
    private var sqlstate: SQLState?
    private var constraint: String?

    mutating func add(_ error: PostgresError) {
        if error.sqlstate != sqlstate || error.constraint != constraint {
            self = RefusedInARow(count: 0, sqlstate: error.sqlstate, constraint: error.constraint)
        }
        count += 1
    }

    mutating func inserted() { self = RefusedInARow() }

    /// - Parameter error: the last one refused.
    func failure(_ error: PostgresError) -> PipelineError {
        let reason = error.constraint.map { ", constraint \($0)" } ?? ""
        return PipelineError.configuration(
            "Postgres refused \(count) record\(count == 1 ? "" : "s") in a row with SQLSTATE \(error.sqlstate?.rawValue ?? "?")\(reason): "
                + "\(error.message). Nothing of this batch was loaded. Correct the table's constraints or triggers, or let "
                + "`userload work --max-refused 0` make such records rejects")
    }
}
