// Which jobs that update wait for others.

import FoundationEssentials
import Postgres
import Records
import TestSupport
import Testing

@testable import Pipeline

@Suite(.waiting) struct UpdateOrderTests {
    private func marker(_ number: UInt64, partitions: Int, at time: Double = 1) -> StartMarker {
        StartMarker(
            job: JobID(high: 1, low: number), contentHash: nil, label: nil, path: "/a", size: 1, host: "h",
            format: .csv,
            delimiter: nil, header: nil, options: [], keyFields: .standard, onDuplicate: .update,
            partitions: partitions,
            again: false, runAt: Date(timeIntervalSince1970: time))
    }

    @Test func decidedOnceARun() {
        var order = UpdateOrder()
        var asked: [[UInt64]] = []
        func waits(_ marker: StartMarker, _ answer: Bool) -> Bool {
            order.mustWait(marker) { seen in
                asked.append(seen.map(\.low))
                return answer
            }
        }
        #expect(!waits(marker(1, partitions: 2), false))
        // In another partition: the same.
        #expect(!waits(marker(1, partitions: 2), true))
        #expect(!waits(marker(2, partitions: 2), false))
        #expect(waits(marker(3, partitions: 4), true))
        #expect(waits(marker(3, partitions: 4), false))
        // Sent again.
        #expect(!waits(marker(3, partitions: 4, at: 2), false))
        #expect(!waits(marker(4, partitions: 2), false))
        #expect(asked == [[], [], [1, 2], [1, 2], [3]])
    }

    @Test func whatTheDatabaseSays() throws {
        let migrated = try MigratedDatabase()
        let store = PositionStore(migrated.connection, cluster: "c", topic: "t")
        let (job, other) = (JobID(high: 1, low: 1), JobID(high: 1, low: 2))
        func waits(_ partitions: Int, seen: [JobID] = []) throws -> Bool {
            try store.mustWait(job, partitions: partitions, seen: seen)
        }
        #expect(try !waits(2))
        #expect(try waits(2, seen: [other]))
        try migrated.connection.execute(
            """
            INSERT INTO userload.jobs (id, id_text, wire_version, cluster, topic, key_fields, on_duplicate, partitions, run_at)
            VALUES ('\(other.uuid)', 'x', 3, 'c', 't', '{name,age}', 'update', 4, now())
            """)
        #expect(try waits(2, seen: [other]))
        #expect(try !waits(4, seen: [other]))
        let elsewhere = PositionStore(migrated.connection, cluster: "c", topic: "u")
        #expect(try !elsewhere.mustWait(job, partitions: 2, seen: [other]))
        for change in [
            "on_duplicate = 'skip'", "abandoned_at = now()",
        ] {
            try migrated.connection.execute("BEGIN; UPDATE userload.jobs SET \(change)")
            #expect(try !waits(2), "\(change)")
            try migrated.connection.execute("ROLLBACK")
        }
        // One that waits itself.
        try migrated.connection.execute(
            """
            UPDATE userload.jobs SET waits_for_partitions = true;
            INSERT INTO userload.progress (job, partition, passed_over) VALUES ('\(other.uuid)', 0, 3)
            """)
        #expect(try !waits(2))
    }
}
