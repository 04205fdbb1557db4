// The answer to COMMIT is lost: the loader finds out what became of the transaction, and counts it once.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting) struct LoaderLostCommitTests {
    let fixture: LoaderFixture
    let proxy: TCPProxy
    let loader: Loader

    init() throws {
        fixture = try LoaderFixture()
        proxy = try TCPProxy(to: fixture.migrated.database.server.port)
        loader = LoaderFixture.loader(
            fixture.migrated, parameters: fixture.migrated.database.parameters + [("port", String(proxy.port))])
    }

    private func batch() -> Batch {
        let batch = fixture.batch([TestRow("A", 1), TestRow("B", 2), TestRow("A", 1)])
        batch.addReject("x", seq: 4)
        fixture.finish(batch, records: 4)
        return batch
    }

    /// Loses what goes `direction` from COMMIT on, and cuts the line when `condition` holds.
    private func loseCommit(_ direction: TCPProxy.Direction, until condition: @escaping () throws -> Bool)
        -> Background<Void>
    {
        let cutting = Background { [proxy] in
            try! waitUntil(condition)
            proxy.cut()
            proxy.resume()
        }
        var isFirst = true
        loader.onStage = { [proxy] stage, _ in
            guard stage == .counted, isFirst else { return }
            isFirst = false
            proxy.pause(direction)
            cutting.start()
        }
        return cutting
    }

    private func counts(_ batch: Batch) -> [Int] {
        [batch.progress[0].inserted, batch.progress[0].duplicates, batch.progress[0].rejected]
    }

    @Test func whatWasCommittedIsCountedOnce() throws {
        let monitor = try fixture.migrated.connect()
        let cutting = loseCommit(.toClient) { try monitor.query("SELECT FROM users").count == 2 }
        let batch = batch()
        #expect(loader.load(batch).text.hasPrefix("retry"))
        cutting.result
        #expect(counts(batch) == [0, 0, 1])
        #expect(loader.load(batch) == "committed")
        #expect(counts(batch) == [2, 1, 1])
        #expect(try fixture.counts() == "2|1|1")
        #expect(loader.load(batch) == "lostSwap")
    }

    @Test func whatNeverArrivedIsLoadedAgain() throws {
        let cutting = loseCommit(.toServer) { true }
        let batch = batch()
        #expect(loader.load(batch).text.hasPrefix("retry"))
        cutting.result
        #expect(loader.load(batch) == "committed")
        #expect(counts(batch) == [2, 1, 1])
        #expect(try fixture.counts() == "2|1|1")
    }

    /// The same messages in the hands of another worker leave the same positions: they were not ours, though.
    @Test func anotherWorkersWorkIsNotOurs() throws {
        let cutting = loseCommit(.toServer) { true }
        let batch = batch()
        #expect(loader.load(batch).text.hasPrefix("retry"))
        cutting.result
        #expect(fixture.loader.load(self.batch()) == "committed")
        #expect(loader.load(batch) == "lostSwap")
        #expect(try fixture.counts() == "2|1|1")
    }

    /// Whoever read on since: our batch was committed, and the next one finds the positions moved.
    @Test func positionsThatMovedOnDoNotHideIt() throws {
        let monitor = try fixture.migrated.connect()
        let cutting = loseCommit(.toClient) { try monitor.query("SELECT FROM users").count == 2 }
        let batch = batch()
        #expect(loader.load(batch).text.hasPrefix("retry"))
        cutting.result
        try fixture.execute("UPDATE userload.positions SET next_offset = next_offset + 7 WHERE partition = 0")
        #expect(loader.load(batch) == "committed")
        #expect(counts(batch) == [2, 1, 1])
    }

    /// A database restored to an earlier state knows the transaction's id, and not its rows.
    @Test func aRestoredDatabaseDoesNotHaveIt() throws {
        let monitor = try fixture.migrated.connect()
        let cutting = loseCommit(.toClient) { try monitor.query("SELECT FROM users").count == 2 }
        let batch = batch()
        #expect(loader.load(batch).text.hasPrefix("retry"))
        cutting.result
        try fixture.execute(
            "UPDATE userload.positions SET next_offset = -1; DELETE FROM users; UPDATE userload.progress SET last_seq = 0"
        )
        #expect(loader.load(batch) == "lostSwap")
    }

    /// Only that the server does not know the id means that nothing was committed; any other error says nothing about it.
    @Test(arguments: [
        ("RAISE 'too busy' USING ERRCODE = '53200'", "retry 53200"),
        ("RETURN pg_catalog.pg_xact_status('4611686018427387904')", "lostSwap"),
    ])
    func anErrorIsNotTakenForAnAnswer(statement: String, outcome: String) throws {
        let monitor = try fixture.migrated.connect()
        let cutting = loseCommit(.toClient) { try monitor.query("SELECT FROM users").count == 2 }
        let batch = batch()
        #expect(loader.load(batch).text.hasPrefix("retry"))
        cutting.result
        try fixture.execute(
            """
            CREATE SCHEMA broken;
            CREATE FUNCTION broken.pg_xact_status(xid8) RETURNS text LANGUAGE plpgsql AS $$ BEGIN \(statement); END $$;
            ALTER DATABASE \(fixture.migrated.database.name) SET search_path = broken, pg_catalog, public
            """)
        #expect(loader.load(batch).text == outcome)
        try fixture.execute("DROP SCHEMA broken CASCADE")
        #expect(loader.load(batch).text == "committed")
        #expect(counts(batch) == [2, 1, 1])
        #expect(try fixture.counts() == "2|1|1")
    }

    /// A batch used again is another one.
    @Test func aBatchThatWasResetHasNothingToConfirm() throws {
        let monitor = try fixture.migrated.connect()
        let cutting = loseCommit(.toClient) { try monitor.query("SELECT FROM users").count == 2 }
        let batch = batch()
        #expect(loader.load(batch).text.hasPrefix("retry"))
        cutting.result
        let same = (batch.progress, batch.partitions)
        batch.reset()
        (batch.progress, batch.partitions) = same
        #expect(loader.load(batch) == "lostSwap")
    }
}
