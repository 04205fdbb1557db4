// Behind a transaction pooler everything works; behind one that knows no transactions work ends at once, with the reason.

import Pipeline
import Postgres
import TestSupport
import Testing

@Suite(.waiting, .enabled(if: PgBouncer.isInstalled, "PgBouncer is not installed")) struct LoaderPoolerTests {
    private func loader(_ fixture: LoaderFixture, _ pooler: PgBouncer) -> Loader {
        LoaderFixture.loader(
            fixture.migrated, parameters: fixture.migrated.database.parameters + [("port", String(pooler.port))])
    }

    @Test func transactionsAreEnough() throws {
        let fixture = try LoaderFixture()
        let pooler = try PgBouncer(to: .shared, .transaction)
        defer { withExtendedLifetime(pooler) {} }
        let loader = loader(fixture, pooler)
        try fixture.execute("ALTER TABLE users ADD CHECK (name <> 'Bad')")
        #expect(loader.load(fixture.batch([TestRow("A", 1), TestRow("Bad", 1), TestRow("A", 1)])) == "committed")
        #expect(try fixture.counts() == "1|1|1")
    }

    @Test func statementsAreNot() throws {
        let fixture = try LoaderFixture()
        let pooler = try PgBouncer(to: .shared, .statement)
        defer { withExtendedLifetime(pooler) {} }
        let loader = loader(fixture, pooler)
        guard case .fatal(let error) = loader.load(fixture.batch([TestRow("A", 1)])) else {
            Issue.record("not fatal")
            return
        }
        #expect(error.kind == .configuration)
        #expect(
            error.message
                == "Postgres refuses: transaction blocks not allowed in statement pooling mode (SQLSTATE 08P01)")
        #expect(error.hint == "userload needs transactions: set pool_mode = transaction (or session) in PgBouncer")
    }
}
