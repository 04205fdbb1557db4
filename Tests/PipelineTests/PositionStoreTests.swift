// Positions and progress on a real Postgres: every write compares, a stale owner changes nothing.

import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting) struct PositionStoreTests {
    let fixture = try! MigratedDatabase()
    let store: PositionStore

    init() { store = PositionStore(fixture.connection, cluster: "cluster", topic: "users") }

    private func start(_ partition: Int32) -> Position {
        Position(partition: partition, generation: 1, nextOffset: -1, anchor: nil)
    }

    @Test func partitionsNeverReadBeginAtTheLogsStart() throws {
        #expect(try store.positions([2, 0]) == [start(0), start(2)])
        #expect(try store.positions([0, 1, 2]) == [start(0), start(1), start(2)])
        #expect(try store.positions([]) == [])
        #expect(
            try fixture.rows("SELECT cluster, topic, partition FROM userload.positions ORDER BY 3")
                == ["cluster|users|0", "cluster|users|1", "cluster|users|2"])
    }

    @Test func anotherTopicOrClusterHasPositionsOfItsOwn() throws {
        let position = try store.positions([0])[0]
        _ = try store.newGeneration(position)
        #expect(try PositionStore(fixture.connection, cluster: "cluster", topic: "t").positions([0]) == [start(0)])
        #expect(try PositionStore(fixture.connection, cluster: "c", topic: "users").positions([0]) == [start(0)])
        #expect(try store.positions([0])[0].generation == 2)
    }

    @Test func anAnchorIsWrittenOnlyByWhoKnowsThePosition() throws {
        let position = try store.positions([0])[0]
        let anchor = Anchor(offset: 41, hash: .max - 1)
        #expect(try store.moveAnchor(position, to: anchor))
        #expect(
            try store.positions([0]) == [Position(partition: 0, generation: 1, nextOffset: -1, anchor: anchor)])

        try fixture.connection.execute("UPDATE userload.positions SET next_offset = 42")
        #expect(try !store.moveAnchor(position, to: Anchor(offset: 1, hash: 1)))
        let moved = Position(partition: 0, generation: 1, nextOffset: 42, anchor: anchor)
        #expect(try store.positions([0]) == [moved])
        #expect(try store.moveAnchor(moved, to: Anchor(offset: 2, hash: 2)))
    }

    @Test func aNewGenerationBeginsAnewAndOnlyOnce() throws {
        try fixture.connection.execute(
            """
            INSERT INTO userload.positions (cluster, topic, partition, next_offset, anchor_offset, anchor_hash, ages)
            VALUES ('cluster', 'users', 3, 100, 99, -7, array_fill(1::bigint, ARRAY[151]))
            """)
        let old = try store.positions([3])[0]
        #expect(old.anchor == Anchor(offset: 99, hash: UInt64(bitPattern: -7)))
        let new = Position(partition: 3, generation: 2, nextOffset: -1, anchor: nil)
        #expect(try store.newGeneration(old) == new)
        #expect(try store.newGeneration(old) == nil)
        #expect(try store.positions([3]) == [new])
        // The same offset in another generation is another place.
        #expect(try store.newGeneration(start(3)) == nil)
        #expect(try !store.moveAnchor(start(3), to: Anchor(offset: 0, hash: 0)))
        // What was loaded stays loaded.
        #expect(try fixture.rows("SELECT sum(count) FROM userload.age_counts") == ["151"])
    }

    /// Only somebody who changed the table can have come so far: nothing is written, and nothing traps.
    @Test func generationsComeToAnEnd() throws {
        let last = Position(partition: 3, generation: .max, nextOffset: -1, anchor: nil)
        let store = PositionStore(fixture.connection, cluster: "it's", topic: "users")
        let error = #expect(throws: PipelineError.self) { try store.newGeneration(last) }
        #expect(error?.kind == .configuration)
        #expect(
            error?.message.hasPrefix(
                "partition 3 of topic users must be read from its start as a new generation, but ") == true)
        #expect(
            error?.hint
                == "stop every worker of this topic, then in psql: UPDATE userload.positions SET generation = 1, "
                + "next_offset = -1, anchor_offset = NULL, anchor_hash = NULL WHERE cluster = 'it''s' AND topic = 'users' "
                + "AND generation = 2147483647;")
    }

    @Test func progressIsWhatTheRowSays() throws {
        let job = JobID(high: 1, low: 2)
        let other = JobID(high: 3, low: 4)
        #expect(try store.progress(of: [job, other], partitions: [0, 1]) == [:])
        try fixture.connection.execute(
            """
            INSERT INTO userload.progress (job, partition, last_seq, passed_over, digest, records, end_seq)
            VALUES ('\(job.uuid)', 0, 7, 9, -1, 6, NULL), ('\(job.uuid)', 1, 8, -1, 5, 7, 7)
            """)
        var known = KnownProgress()
        known.places = [
            0: Progress(last: 7, passedOver: 9, digest: .max, ended: false, exists: true),
            1: Progress(last: 8, passedOver: -1, digest: 5, ended: true, exists: true),
        ]
        #expect(try store.progress(of: [other, job], partitions: [0, 1, 2]) == [job: known])
        #expect(known.progress(1).last == 8 && known.progress(2) == Progress())
        #expect(try store.progress(of: [job], partitions: [1])[job]?.places.keys.sorted() == [1])
        // Its key, once a start marker has told it, comes with every partition, and where nothing else is known.
        try fixture.connection.execute(
            """
            INSERT INTO userload.jobs (id, id_text, wire_version, cluster, topic, key_fields, on_duplicate)
            VALUES ('\(job.uuid)', '\(job.text)', 1, 'c', 't', '{name,age,email}', 'skip')
            """)
        let key = JobKey(fields: ["name", "age", "email"], onDuplicate: "skip")
        for partitions in [[0, 2], [2]] as [[Int32]] {
            let found = try #require(try store.progress(of: [job, other], partitions: partitions)[job])
            #expect(found.progress(0).key == key && found.progress(2).key == key)
            #expect(found.places.count == partitions.count - 1)
        }
    }
}
