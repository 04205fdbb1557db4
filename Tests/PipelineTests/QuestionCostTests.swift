// What `status` asks is cheap to plan and to start, however it grows.

import Postgres
import TestSupport
import Testing

@testable import Pipeline

@Suite(.waiting, .enabled("needs Debian's postgresql") { PostgresServer.binaries != nil }) struct QuestionCostTests {
    /// Dearer by the planner's reckoning, Postgres compiles a question each time (jit_above_cost), which takes seconds.
    @Test func theStateOfJobsIsNotCompiled() throws {
        let database = try MigratedDatabase()
        try database.connection.execute("PREPARE state AS " + SQL.text(PackageResources.job_status_sql))
        let plan = try database.rows("EXPLAIN EXECUTE state('{}')")
        let cost = try #require(plan.first?.firstMatch(of: #/cost=[0-9.]+\.\.([0-9]+)/#)?.1)
        #expect(try #require(Int(cost)) < 100_000, "\(plan[0])")
    }
}
