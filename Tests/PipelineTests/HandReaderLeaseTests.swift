// Who reads a topic by hand: one at a time, for as long as it renews.

import Pipeline
import Postgres
import TestSupport
import Testing

@Suite(.waiting) struct HandReaderLeaseTests {
    private let database: MigratedDatabase

    init() throws { database = try MigratedDatabase() }

    private func lease(_ topic: String = "t") throws -> HandReaderLease {
        HandReaderLease(try database.connect(), cluster: "c", topic: topic)
    }

    @Test func oneAtATimeHasIt() throws {
        let (first, second, elsewhere) = (try lease(), try lease(), try lease("u"))
        #expect(try first.take())
        #expect(try !second.take())
        // Renewed, not taken from itself.
        #expect(try first.take())
        #expect(try elsewhere.take())
        // Who does not have it releases nothing.
        second.release()
        #expect(try !second.take())
        first.release()
        #expect(try second.take())
        #expect(try !first.take())
    }

    @Test func whoDoesNotRenewLosesIt() throws {
        let (first, second) = (try lease(), try lease())
        #expect(try first.take())
        _ = try database.connection.query("UPDATE userload.hand_readers SET until = now() - interval '1 ms'")
        #expect(try second.take())
        #expect(try !first.take())
    }

    /// It holds no connection and no lock while it has it.
    @Test func nothingIsOpenBetweenTwoLooks() throws {
        let lease = try lease()
        #expect(try lease.take())
        #expect(
            try database.rows(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND state LIKE 'idle in transaction%'
                """) == ["0"])
    }

    @Test func whereTransactionsAreReadOnlyByDefault() throws {
        let name = database.database.name
        _ = try database.connection.query("ALTER DATABASE \(name) SET default_transaction_read_only = on")
        let (first, second) = (try lease(), try lease())
        #expect(try first.take())
        #expect(try !second.take())
        let store = PositionStore(try database.connect(), cluster: "c", topic: "t")
        let position = try store.positions([0])[0]
        #expect(try store.moveAnchor(position, to: Anchor(offset: 1, hash: 2)))
    }
}
