// The errors of a job by code, from its rejects: all of a few, the first of many.

import Postgres
import Records
import TestSupport
import Testing

@testable import Pipeline

@Suite(.waiting) struct JobErrorsTests {
    private let fixture: MigratedDatabase
    private let jobs: JobReader
    private let job = JobID(high: 1, low: 1)

    init() throws {
        fixture = try MigratedDatabase()
        jobs = JobReader(fixture.connection)
    }

    /// Rejects of `id`, one each `lines`, in partition line mod `partitions`; `error` is SQL of n.
    private func reject(
        _ id: JobID, lines: ClosedRange<Int>, partitions: Int = 3, _ error: String = "'not_an_integer'",
        field: String = "'age'"
    ) throws {
        try fixture.connection.execute(
            """
            INSERT INTO userload.rejects (job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster,
                topic, kafka_offset, kafka_time)
            SELECT '\(id.uuid)', n % \(partitions), n, n, n * 10, 9, 'raw', ('record ' || n)::bytea,
                jsonb_build_array(jsonb_build_object('field', \(field), 'code', \(error), 'message', 'm' || n % 2)),
                'c', 't', 100000 + n, 0
            FROM generate_series(\(lines.lowerBound), \(lines.upperBound)) AS n;
            INSERT INTO userload.progress (job, partition, rejected)
            SELECT '\(id.uuid)', n % \(partitions), count(*)
            FROM generate_series(\(lines.lowerBound), \(lines.upperBound)) AS n GROUP BY 2
            ON CONFLICT (job, partition) DO UPDATE SET rejected = progress.rejected + excluded.rejected
            """)
    }

    private func look(_ id: JobID) throws -> JobErrors { try jobs.errors(of: [id])[id] ?? JobErrors() }

    private func words(_ errors: JobErrors) -> [String] {
        errors.codes.map { "\($0.count) \($0.code) \($0.first.map(\.line))" }
    }

    @Test func allOfAFewTheMostFrequentFirst() throws {
        try reject(job, lines: 10...10, "'b'")
        try reject(job, lines: 2...9, "CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END")
        try reject(job, lines: 11...12, "'odd'")
        try reject(JobID(high: 9, low: 9), lines: 1...50, "'other'")
        let errors = try look(job)
        #expect(words(errors) == ["6 odd [3, 5, 7]", "4 even [2, 4, 6]", "1 b [10]"])
        #expect(errors.rejects == 11 && errors.others == 0)
        #expect(
            errors.codes[2].first == [
                JobErrors.Example(
                    line: 10, partition: 1, kafkaOffset: 100_010,
                    error: FieldError(field: "age", code: "b", message: "m0"), bytes: Array("record 10".utf8))
            ])
        #expect(try look(JobID(high: 5, low: 5)) == JobErrors())
    }

    /// Asked for together, each has its own.
    @Test func theErrorsOfManyJobs() throws {
        let many = (1...40).map { JobID(high: 2, low: UInt64($0)) }
        for (number, id) in many.enumerated() where number % 3 > 0 {
            try reject(id, lines: 1...(number + 1), partitions: 1 + number % 3, "CASE WHEN n = 1 THEN 'a' ELSE 'b' END")
        }
        let found = try jobs.errors(of: many.reversed())
        #expect(found.count == many.indices.count { $0 % 3 > 0 })
        for (number, id) in many.enumerated() where number % 3 > 0 {
            #expect(found[id] == (try look(id)) && found[id]?.rejects == Int64(number + 1))
            let lines = Array((2...(number + 1)).prefix(3))
            #expect(
                words(try #require(found[id]))
                    == (number == 1 ? ["1 a [1]", "1 b [2]"] : ["\(number) b \(lines)", "1 a [1]"]))
        }
    }

    @Test func everyErrorOfARecordCounts() throws {
        try fixture.connection.execute(
            """
            INSERT INTO userload.rejects (job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster,
                topic, kafka_offset, kafka_time)
            SELECT '\(job.uuid)', 0, n, n, 0, 1, 'raw', '', '[{"field": "name", "code": "missing", "message": "m"},
                {"field": "age", "code": "missing", "message": "m"}, {"field": "", "code": "x", "message": "m"}]',
                'c', 't', n, 0
            FROM generate_series(1, 2) AS n;
            INSERT INTO userload.progress (job, partition, rejected) VALUES ('\(job.uuid)', 0, 2)
            """)
        let errors = try look(job)
        #expect(words(errors) == ["4 missing [1, 1, 2]", "2 x [1, 2]"])
        #expect(errors.codes[0].first.map(\.error.field) == ["name", "age", "name"])
        #expect(errors.rejects == 2)
    }

    /// Of 10,000 the first ones of the file, none before the last of them left out: every 4th is `a`.
    @Test func theFirstOfMany() throws {
        try reject(job, lines: 1...10_000, "CASE WHEN n % 4 = 0 THEN 'a' ELSE 'b' END")
        let errors = try look(job)
        // The shares reach lines 2,998, 2,999 and 3,000.
        #expect(errors.rejects == 2_998)
        #expect(words(errors) == ["2249 b [1, 2, 3]", "749 a [4, 8, 12]"])
    }

    /// One partition has nearly all of them: those that lie behind its share do not count.
    @Test func theFirstOfManyInOnePartition() throws {
        try reject(job, lines: 1...6_000, partitions: 1, "'a'")
        try reject(job, lines: 6_001...6_002, partitions: 2, "'b'")
        let errors = try look(job)
        #expect(words(errors) == ["1500 a [1, 2, 3]"])
        #expect(errors.rejects == 1_500)
    }

    /// As long as they are few, none is left out, however they lie.
    @Test func allOfAFewInOnePartition() throws {
        try reject(job, lines: 1...2_500, partitions: 1, "'a'")
        try reject(job, lines: 2_501...3_000, partitions: 2, "'b'")
        let errors = try look(job)
        #expect(words(errors) == ["2500 a [1, 2, 3]", "500 b [2501, 2502, 2503]"])
        #expect(errors.rejects == 3_000)
    }

    @Test func noMoreCodesThanAPersonReads() throws {
        try reject(job, lines: 1...30, "'c' || lpad(n::text, 2, '0')")
        let errors = try look(job)
        #expect(errors.codes.map(\.code) == (1...20).map { $0 < 10 ? "c0\($0)" : "c\($0)" })
        #expect(errors.others == 10)
    }

    @Test func otherProducers() throws {
        try reject(.foreign, lines: 1...9)
        try reject(job, lines: 1...3, "'other'")
        let errors = try look(.foreign)
        #expect(errors.codes.map(\.count) == [9])
        #expect(errors.codes[0].first.map(\.kafkaOffset) == [100_003, 100_006, 100_009])
        #expect(errors.codes[0].first.map(\.partition) == [0, 0, 0])
    }

    /// A million rejects must not make a status slow: it takes them from the front of the index.
    @Test func theIndexIsUsed() throws {
        try reject(job, lines: 1...40_000)
        try fixture.connection.execute("ANALYZE userload.rejects; ANALYZE userload.progress")
        for count in [1, JobErrors.jobsOfAQuestion] {
            let jobs = (1...count).map { JobID(high: 1, low: UInt64($0)).uuid }
            let plan = try fixture.connection.query(
                "EXPLAIN " + SQL.text(PackageResources.job_errors_sql),
                [.array(jobs), .int(3_000), .int(20), .int(3), .int(65_536), .int(32)]
            ).compactMap { $0.string(0) }.joined(separator: "\n")
            #expect(plan.contains("Index Scan using rejects_key"), "\(plan)")
            #expect(!plan.contains("Seq Scan on rejects") && !plan.contains("JIT"), "\(plan)")
        }
    }
}
