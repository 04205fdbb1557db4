// Tests that hold for a table of people in one piece and for one in partitions alike.

import Testing

/// Runs a test, or each of a suite, twice: with one plain table, and with one in three partitions.
struct EveryTable: SuiteTrait, TestTrait, TestScoping {
    /// Of the table that the running test makes.
    @TaskLocal static var partitions: Int?

    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await function()
        guard testCase != nil, !test.tags.contains(.plainTable) else { return }
        try await Self.$partitions.withValue(3) { try await function() }
    }
}

extension Trait where Self == EveryTable {
    static var everyTable: Self { EveryTable() }
}

extension Tag {
    /// Needs what Postgres does not let a partitioned table have.
    @Tag static var plainTable: Self
}
