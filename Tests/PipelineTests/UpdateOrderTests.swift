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

    private func job(_ number: UInt64, partitions: Int) -> OpenUpdates.Job {
        OpenUpdates.Job(id: JobID(high: 1, low: number), partitions: partitions)
    }

    @Test func decidedOnceARun() throws {
        var order = UpdateOrder()
        var asked: [[UInt64]] = []
        func waits(_ marker: StartMarker, _ answer: OpenUpdates) -> Bool {
            order.pollBegins()
            return order.mustWait(marker) { begun in
                asked.append(begun.map(\.low))
                return answer
            }
        }
        let open = OpenUpdates(open: [job(1, partitions: 2)])
        #expect(!waits(marker(1, partitions: 2), OpenUpdates()))
        // In another partition: the same.
        #expect(!waits(marker(1, partitions: 2), OpenUpdates(open: [job(9, partitions: 4)])))
        #expect(!waits(marker(2, partitions: 2), open))
        #expect(waits(marker(3, partitions: 4), open))
        #expect(waits(marker(3, partitions: 4), OpenUpdates()))
        // Sent again.
        #expect(!waits(marker(3, partitions: 4, at: 2), OpenUpdates()))
        // The database does not know it yet.
        #expect(waits(marker(4, partitions: 2), OpenUpdates(unknown: [JobID(high: 1, low: 3)])))
        #expect(!waits(marker(5, partitions: 4), OpenUpdates(unknown: [JobID(high: 1, low: 3)])))
        #expect(asked == [[], [1], [1, 2], [1, 2], [1, 2, 3], [1, 2, 3]])
    }

    /// As many questions as polls, whatever the jobs: each question looks at all of them.
    @Test func oneQuestionForAPoll() {
        var order = UpdateOrder()
        var questions = 0
        var waiting = 0
        for poll in 0..<6 {
            order.pollBegins()
            for number in 0..<1_000 {
                let waits = order.mustWait(marker(UInt64(poll * 1_000 + number), partitions: 2 + number)) { _ in
                    questions += 1
                    return OpenUpdates(open: poll == 0 ? [] : [job(0, partitions: 2)])
                }
                waiting += waits ? 1 : 0
            }
        }
        #expect(questions == 6)
        // The first one begins, and in later polls those with its number.
        #expect(waiting == 6_000 - 6)
    }

    /// What one poll keeps decides as the whole list would.
    @Test func aFewOfTheOpenOnesDecide() throws {
        let migrated = try MigratedDatabase()
        let store = PositionStore(migrated.connection, cluster: "c", topic: "t")
        let few = [1, 1, 1, 2, 2, 3, 4, 4, 5]
        for count in 0...few.count {
            try migrated.connection.execute("TRUNCATE userload.jobs CASCADE")
            let open = few.suffix(count).enumerated().map { job(UInt64($0), partitions: $1) }
            for job in open {
                try migrated.connection.execute(
                    """
                    INSERT INTO userload.jobs (id, id_text, wire_version, cluster, topic, key_fields, on_duplicate, partitions,
                        run_at)
                    VALUES ('\(job.id.uuid)', '\(job.id.text)', 3, 'c', 't', '{name,age}', 'update', \(job.partitions), now())
                    """)
            }
            let answer = try store.openUpdates(begun: [])
            #expect(answer.open.count <= 6 && answer.unknown.isEmpty)
            for number in 0..<10 as Range<UInt64> {
                for partitions in 1...6 {
                    var order = UpdateOrder()
                    let waits = order.mustWait(marker(number, partitions: partitions)) { _ in answer }
                    let mustWait = open.contains { $0.id.low != number && $0.partitions != partitions }
                    #expect(waits == mustWait, "\(count) open, job \(number) of \(partitions)")
                }
            }
        }
    }

    /// Compiled, the question takes seconds where there are thousands of jobs, and the worker's polling thread waits for it.
    @Test func isNotCompiled() throws {
        let migrated = try MigratedDatabase()
        try migrated.connection.execute(
            """
            CREATE OR REPLACE VIEW userload.open_updates AS
            SELECT ''::text COLLATE "C" AS slug, ''::text COLLATE "C" AS file, ''::text AS state,
                CASE current_setting('jit') WHEN 'off' THEN 7 ELSE 8 END AS partitions, 'c'::text COLLATE "C" AS cluster,
                't'::text COLLATE "C" AS topic, now() AS first_seen_at, gen_random_uuid() AS id
            """)
        let open = try PositionStore(migrated.connection, cluster: "c", topic: "t").openUpdates(begun: []).open
        #expect(open.map(\.partitions) == [7])
        let topic = Topic(name: "t", cluster: "c", partitions: 3)
        #expect(try JobReader(migrated.connection).openUpdates(holdingUp: topic).map(\.partitions) == [7])
    }

    @Test func whatTheDatabaseSays() throws {
        let migrated = try MigratedDatabase()
        let store = PositionStore(migrated.connection, cluster: "c", topic: "t")
        let other = JobID(high: 1, low: 2)
        func open(in store: PositionStore? = nil) throws -> [OpenUpdates.Job] {
            try (store ?? PositionStore(migrated.connection, cluster: "c", topic: "t")).openUpdates(begun: []).open
        }
        #expect(try store.openUpdates(begun: []) == OpenUpdates())
        #expect(try store.openUpdates(begun: [other]) == OpenUpdates(unknown: [other]))
        try migrated.connection.execute(
            """
            INSERT INTO userload.jobs (id, id_text, wire_version, cluster, topic, key_fields, on_duplicate, partitions, run_at)
            VALUES ('\(other.uuid)', 'x', 3, 'c', 't', '{name,age}', 'update', 4, now())
            """)
        #expect(try store.openUpdates(begun: [other]) == OpenUpdates(open: [job(2, partitions: 4)]))
        #expect(try open(in: PositionStore(migrated.connection, cluster: "c", topic: "u")) == [])
        for change in [
            "on_duplicate = 'skip'", "abandoned_at = now()", "partitions = NULL",
        ] {
            try migrated.connection.execute("BEGIN; UPDATE userload.jobs SET \(change)")
            #expect(try open() == [], "\(change)")
            try migrated.connection.execute("ROLLBACK")
        }
        #expect(try open().count == 1)
        // One that waits itself.
        try migrated.connection.execute(
            """
            UPDATE userload.jobs SET waits_for_partitions = true;
            INSERT INTO userload.progress (job, partition, passed_over) VALUES ('\(other.uuid)', 0, 3)
            """)
        #expect(try open() == [])
    }
}
