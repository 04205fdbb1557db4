// The state of a job from its rows: every state and reason, and how a name finds its job.

import Foundation
import Pipeline
import Postgres
import Records
import TestSupport
import Testing

/// A row of userload.progress; records are all inserted unless said otherwise.
private struct Part: CustomStringConvertible {
    var last: Int64 = -1
    var passedOver: Int64 = -1
    var records: Int64 = 0
    var inserted: Int64?
    var duplicates: Int64 = 0
    var rejected: Int64 = 0
    var ended = false
    var endDigest: Int64 = 5
    var broken = false

    /// A partition of `records`, complete.
    static func whole(_ records: Int64) -> Part { Part(last: records + 1, records: records, ended: true) }

    var description: String { "\(last)/\(passedOver)\(ended ? " ended" : "")\(broken ? " broken" : "")" }
}

private struct Example: CustomStringConvertible, Sendable {
    let state: JobState
    var reason: JobReason?
    let parts: [Part]
    /// Columns of userload.jobs that differ from a plain job of two partitions.
    var job: [String: String] = [:]

    var description: String { "\(state) \(parts) \(job)" }
}

private let examples = [
    Example(state: .pending, parts: []),
    Example(state: .pending, parts: [Part(last: 0), Part()]),
    Example(state: .processing, parts: [Part(last: 3, records: 3), Part(last: 0)]),
    Example(state: .processing, parts: [.whole(3), Part(last: 3, records: 3)]),
    Example(state: .completed, parts: [.whole(3), .whole(0)]),
    Example(state: .completed, parts: [.whole(0), .whole(0)]),
    Example(
        state: .completed,
        parts: [Part(last: 4, records: 3, inserted: 1, duplicates: 1, rejected: 1, ended: true), .whole(2)]),
    // Stalled clears itself, and is mended by what was missing.
    Example(state: .stalled, reason: .gap, parts: [Part(last: 3, passedOver: 9, records: 3), .whole(2)]),
    Example(state: .processing, parts: [Part(last: 9, passedOver: 9, records: 9), .whole(2)]),
    Example(state: .completed, parts: [Part(last: 10, passedOver: 9, records: 9, ended: true), .whole(2)]),
    Example(
        state: .stalled, reason: .key, parts: [Part(passedOver: 0), Part()], job: ["key_fields": "'{name,age,email}'"]),
    Example(state: .stalled, reason: .mode, parts: [Part(passedOver: 0), Part()], job: ["on_duplicate": "'replace'"]),
    Example(state: .stalled, reason: .version, parts: [Part(passedOver: 7), Part()], job: ["wire_version": "4"]),
    Example(
        state: .stalled, reason: .gap, parts: [Part(passedOver: 7)],
        job: ["partitions": "NULL", "key_fields": "NULL", "on_duplicate": "NULL", "run_at": "NULL", "path": "NULL"]),
    Example(
        state: .inconsistent, reason: .content,
        parts: [Part(last: 4, records: 3, ended: true, endDigest: 6), Part(last: 1, records: 1)]),
    Example(
        state: .inconsistent, reason: .content,
        parts: [Part(last: 4, records: 3, ended: true, endDigest: 6), .whole(2)]),
    Example(
        state: .inconsistent, reason: .sum,
        parts: [Part(last: 4, records: 3, inserted: 2, ended: true), .whole(2)]),
    Example(state: .processing, parts: [Part(last: 3, records: 3, inserted: 2), .whole(2)]),
    Example(state: .inconsistent, reason: .changed, parts: [Part(last: 3, records: 3, broken: true), Part(last: 0)]),
    // The digests prove the content: completed outranks a broken marker.
    Example(state: .completed, parts: [Part(last: 4, records: 3, ended: true, broken: true), .whole(2)]),
    // Abandoned until more of it comes.
    Example(state: .abandoned, parts: [Part(last: 3, records: 3)], job: ["abandoned_at": "now() + interval '1 s'"]),
    Example(state: .abandoned, parts: [], job: ["abandoned_at": "now()"]),
    Example(
        state: .abandoned, parts: [Part(last: 3, passedOver: 9, records: 3, broken: true)],
        job: ["abandoned_at": "now() + interval '1 s'"]),
    Example(state: .processing, parts: [Part(last: 3, records: 3)], job: ["abandoned_at": "now() - interval '1 s'"]),
    Example(state: .completed, parts: [.whole(3), .whole(2)], job: ["abandoned_at": "now() + interval '1 s'"]),
]

@Suite(.waiting) struct JobStatusTests {
    let fixture = try! MigratedDatabase()
    var jobs: JobReader { JobReader(fixture.connection) }

    private func add(_ id: JobID, _ parts: [Part] = [], _ changes: [String: String] = [:]) throws {
        var columns = [
            "id": "'\(id.uuid)'", "id_text": "'\(id.text)'", "path": "'/data/a.csv'", "host": "'etl1'", "size": "1000",
            "content_hash": "'00000000000000000000000000000001'", "key_fields": "'{name,age}'",
            "on_duplicate": "'skip'", "partitions": "2", "options": "'{/data/a.csv}'",
            "run_at": "'2026-11-23 02:00:00.123Z'",
        ]
        columns.merge(changes) { $1 }
        let names = columns.keys.sorted()
        let values = names.map { columns[$0]! }.joined(separator: ", ")
        try fixture.connection.execute(
            "INSERT INTO userload.jobs (\(names.joined(separator: ", "))) VALUES (\(values))")
        for (partition, part) in parts.enumerated() {
            let end =
                part.ended ? "\(part.records), \(part.records), \(part.endDigest), now()" : "NULL, NULL, NULL, NULL"
            try fixture.connection.execute(
                """
                INSERT INTO userload.progress (job, partition, last_seq, passed_over, records, bytes, digest, inserted,
                    duplicates, rejected, end_seq, end_records, end_digest, ended_at, broken)
                VALUES ('\(id.uuid)', \(partition), \(part.last), \(part.passedOver), \(part.records),
                    \(part.records * 99), 5, \(part.inserted ?? part.records), \(part.duplicates), \(part.rejected),
                    \(end), \(part.broken))
                """)
        }
    }

    private let job = JobID(high: 0x1234_5678_9ABC_DEF0, low: 7)

    @Test(arguments: examples)
    private func state(example: Example) throws {
        try add(job, example.parts, example.job)
        let status = try #require(try jobs.statuses([job]).first)
        #expect(status.state == example.state)
        #expect(status.reason == example.reason)
        #expect((status.completedAt != nil) == (example.state == .completed))
        #expect((status.percent == 100) == (example.state == .completed))
        #expect(status.isOpen == (example.state != .completed && example.state != .abandoned))
    }

    /// Compiled, many small look-ups take seconds: a server thinks so wherever its tables were not analysed yet.
    @Test func isNotCompiled() throws {
        try add(job, [Part(last: 3, records: 3)])
        try fixture.connection.execute(
            """
            DO $$ BEGIN
                EXECUTE 'CREATE OR REPLACE VIEW userload.job_status AS '
                    || replace(pg_get_viewdef('userload.job_status'), ' j.host,',
                        ' current_setting(''jit'') COLLATE "C" AS host,');
            END $$
            """)
        #expect(try jobs.statuses([job])[0].host == "off")
        #expect(fixture.connection.transactionStatus == .idle)
    }

    @Test func tellsAllThatIsKnown() throws {
        let parts = [Part(last: 4, records: 3, inserted: 1, duplicates: 1, rejected: 1), Part(last: 2, records: 2)]
        try add(
            job, parts,
            [
                "label": "'nightly'", "format": "'csv'", "delimiter": "';'", "header": #"'\x6e616d653bff'"#,
                "options": #"ARRAY['--label', 'nightly', E'/data/it\'s "a".csv']"#, "again": "true", "cluster": "'c'",
                "topic": "'users'", "pushed_again_at": "'2026-11-23 03:00Z'",
            ])
        let status = try #require(try jobs.statuses([job]).first)
        #expect(status.id == job)
        #expect(status.slug == job.slug)
        #expect(status.label == "nightly")
        #expect(status.file == "/data/a.csv")
        #expect(status.size == 1000)
        #expect(status.host == "etl1")
        #expect(
            [status.lines, status.inserted, status.updated, status.duplicates, status.rejected] == [5, 3, 0, 1, 1])
        #expect(status.bytes == 495)
        #expect(status.percent == 50)
        #expect(status.pushedAt?.timeIntervalSince1970 == 1_795_399_200.123)
        #expect(status.pushedAgainAt?.timeIntervalSince1970 == 1_795_402_800)
        #expect(status.lastRecordAt != nil)
        #expect((0..<60).contains(status.lastRecordAge ?? -1))
        #expect(status.format == "csv")
        #expect(status.delimiter == ";")
        #expect(status.header.map { Array($0) } == Array("name;".utf8) + [0xFF])
        #expect(status.options == ["--label", "nightly", "/data/it's \"a\".csv"])
        #expect(status.again)
        #expect(status.contentHash == ContentHash(high: 0, low: 1))
        #expect(status.keyFields == ["name", "age"])
        #expect(status.databaseKeyFields == ["name", "age"])
        #expect(status.partitions == 2)
        #expect(status.partitionsEnded == 0)
        #expect(status.topic == "users")
        #expect(status.firstRejects.isEmpty)
    }

    @Test(arguments: [
        ("1000", 10, 100, 99), ("1001", 10, 100, 99), ("2000", 10, 100, 50), ("NULL", 10, nil, nil), ("0", 0, nil, 0),
    ])
    func percentIsOfTheFilesBytes(size: String, records: Int64, whole: Int?, percent: Int?) throws {
        try add(job, [Part(last: records, records: records)], ["size": size])
        #expect(try jobs.statuses([job])[0].percent == percent)
    }

    @Test func theJobOfOtherProducersHasNoEnd() throws {
        try add(.foreign, [Part(records: 3)], ["run_at": "NULL", "partitions": "NULL", "options": "NULL"])
        guard case .found(let status, let others) = try jobs.find("-") else {
            Issue.record("not found")
            return
        }
        #expect(status.state == .processing)
        #expect(!status.isOpen)
        #expect(status.slug == "-")
        #expect(others.isEmpty)
        #expect(try !jobs.abandon(.foreign))
    }

    @Test func abandonLastsUntilMoreComes() throws {
        try add(job, [Part(last: 3, records: 3)])
        #expect(try jobs.abandon(job))
        #expect(try jobs.statuses([job])[0].state == .abandoned)
        try fixture.connection.execute("UPDATE userload.progress SET last_seq = 4, updated_at = clock_timestamp()")
        #expect(try jobs.statuses([job])[0].state == .processing)
        #expect(try !jobs.abandon(JobID(high: 1, low: 1)))
    }

    // MARK: Rows that somebody changed

    @Test(arguments: [
        (
            "UPDATE userload.jobs SET pushed_again_at = 'infinity'",
            "its row in userload.jobs cannot be read: pushed_again_at is not a time"
        ),
        (
            "UPDATE userload.jobs SET run_at = '-infinity'",
            "its row in userload.jobs cannot be read: run_at is not a time"
        ),
        (
            "UPDATE userload.jobs SET id_text = 'x'",
            "its row in userload.jobs cannot be read: id_text is not the text of its id"
        ),
        (
            "UPDATE userload.jobs SET id_text = '00000000000000000000000000'",
            "its row in userload.jobs cannot be read: id_text is not the text of its id"
        ),
        (
            "UPDATE userload.jobs SET content_hash = 'x'",
            "its row in userload.jobs cannot be read: content_hash is not what it must be"
        ),
        (
            "UPDATE userload.rejects SET errors = 'null'",
            "its row in userload.rejects cannot be read: errors is not a list of errors"
        ),
        (
            "UPDATE userload.rejects SET errors = '[{}]'",
            "its row in userload.rejects cannot be read: errors is not a list of errors"
        ),
        (
            "UPDATE userload.progress SET bytes = -9223372036854775808, records = 9223372036854775807, inserted = -5",
            "its rows in the schema userload cannot be read: bigint out of range"
        ),
        (
            "UPDATE userload.progress SET updated_at = 'infinity'",
            "its rows in the schema userload cannot be read: cannot subtract infinite timestamps"
        ),
    ])
    func oneThatIsDamagedDoesNotHideTheOthers(change: String, reason: String) throws {
        let others = (1...6).map { JobID(high: 0x1234_5678_9ABC_DEF0, low: 100 + $0) }
        for id in others + [job] { try add(id, [Part(last: 3, records: 3, rejected: 1), Part(last: 3, records: 3)]) }
        for id in [others[0], job] {
            try fixture.connection.execute(
                """
                INSERT INTO userload.rejects (job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster, topic,
                    kafka_offset, kafka_time)
                VALUES ('\(id.uuid)', 0, 1, 2, 0, 1, 'raw', 'x', '[{"field": "age", "code": "missing", "message": "m"}]', 'c',
                    't', 1, 1)
                """)
        }
        let id = change.contains("userload.jobs") ? "id" : "job"
        try fixture.connection.execute("\(change) WHERE \(id) = '\(job.uuid)'")
        let jobs = jobs
        #expect(Set(try jobs.jobs(since: nil).map(\.id)) == Set(others))
        #expect(jobs.damaged.jobs.map(\.id) == [job])
        #expect(jobs.damaged.jobs.first?.sentence == "job \(job.slug): \(reason)")
        #expect(try jobs.statuses([others[1]]).count == 1)
        // Asked for by name, it is not taken for one that is not there.
        if !change.contains("id_text") {
            let error = #expect(throws: PipelineError.self) { try JobReader(fixture.connection).find(job.text) }
            #expect(error?.message == "job \(job.slug): \(reason)" && error?.kind == .configuration)
        }
    }

    @Test func rejectsThatAreDamagedDoNotHideTheOthers() throws {
        let other = JobID(high: 9, low: 9)
        for id in [job, other] {
            try add(id, [Part(last: 3, records: 3, rejected: 1)])
            try fixture.connection.execute(
                """
                INSERT INTO userload.rejects (job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster, topic,
                    kafka_offset, kafka_time)
                VALUES ('\(id.uuid)', 0, 1, 2, 0, 1, 'raw', 'x', '[{"field": "age", "code": "missing", "message": "m"}]', 'c',
                    't', 1, 1)
                """)
        }
        try fixture.connection.execute("UPDATE userload.rejects SET errors = '7' WHERE job = '\(job.uuid)'")
        let jobs = jobs
        let errors = try jobs.errors(of: [job, other])
        #expect(errors[other]?.codes.map(\.code) == ["missing"])
        #expect(
            jobs.damaged.jobs.map(\.reason) == [
                "its rows in userload.rejects cannot be read: cannot extract elements from a scalar"
            ])
    }

    // MARK: A push that died

    /// Jobs a (silent) and b (pushed later), each with how long ago something of it came, in minutes.
    @Test(arguments: [
        ([Part(last: 3, records: 3), .whole(2)], 60, [Part(last: 0), Part()], 10, JobState.interrupted),
        ([Part(last: 3, records: 3), Part(last: 0)], 60, [Part(last: 0)], 10, .processing),
        ([Part(last: 3, records: 3), Part(last: 0)], 60, [Part(last: 0), Part(last: 0)], 10, .interrupted),
        ([Part(last: 0), Part(last: 0)], 60, [Part(last: 0), Part(last: 0)], 10, .interrupted),
        ([Part(last: 3, records: 3)], 60, [Part(last: 0)], 56, .processing),
        ([Part(last: 3, records: 3)], 4, [Part(last: 0)], 0, .processing),
        ([Part(last: 3, records: 3)], 60, [], 10, .processing),
        ([.whole(3), .whole(2)], 60, [Part(last: 0)], 10, .completed),
        ([Part(last: 3, passedOver: 9, records: 3)], 60, [Part(last: 0)], 10, .stalled),
    ])
    private func silence(parts: [Part], ago: Int, later: [Part], then: Int, state: JobState) throws {
        let other = JobID(high: 9, low: 9)
        let topic = ["cluster": "'c'", "topic": "'t'"]
        try add(job, parts, topic.merging(["first_seen_at": "now() - interval '\(ago) min'"]) { $1 })
        try fixture.connection.execute("UPDATE userload.progress SET updated_at = now() - interval '\(ago) min'")
        let seen = "now() - interval '\(then) min'"
        try add(other, later, topic.merging(["run_at": seen, "first_seen_at": seen]) { $1 })
        #expect(try jobs.statuses([job])[0].state == state)
        try fixture.connection.execute("UPDATE userload.jobs SET topic = 'another' WHERE id = '\(other.uuid)'")
        #expect(
            try jobs.statuses([job])[0].state
                == (state == .interrupted ? parts[0].records > 0 ? .processing : .pending : state))
    }

    // MARK: Names

    /// What `find` answers, by the low halves of the ids.
    private func found(_ name: String) throws -> String {
        switch try jobs.find(name) {
        case .found(let status, let others): ([status] + others).map { String($0.id.low) }.joined(separator: " ")
        case .ambiguous(let jobs): "ambiguous " + jobs.map { String($0.id.low) }.joined(separator: " ")
        case .none: "none"
        }
    }

    @Test func aPrefixFindsItsJobInAnySpelling() throws {
        // 01h0… and 01h0…: the same 38 bits; 2 differs early.
        let one = JobID(high: 0x0062_0000_0000_0001, low: 1)
        try add(one)
        try add(JobID(high: 0x0062_0000_0000_0002, low: 2))
        try add(JobID(high: 0xFFFF_FFFF_FFFF_FFFF, low: 3))
        #expect(one.text.hasPrefix("01h00000"))
        #expect(try found("01h000") == "ambiguous 1 2")
        #expect(try found(one.text) == "1")
        #expect(try found(one.text.uppercased()) == "1")
        #expect(try found(one.text.replacing("0", with: "O").replacing("1", with: "l")) == "1")
        #expect(try found("zzzzzz") == "3")
        #expect(try found("ZZZZZZZZ") == "3")
        #expect(try found("zzzzz") == "none")
        #expect(try found("zzzzzu") == "none")
        #expect(try found("zzzzz%") == "none")
        #expect(try found("______") == "none")
        #expect(try found("") == "none")
        #expect(try found(one.text + "0") == "none")
    }

    @Test func anExactLabelGoesFirstAndItsLatestPushAnswers() throws {
        func label(_ text: String, run: String, again: String = "NULL") -> [String: String] {
            ["label": "'\(text)'", "run_at": "'\(run)'", "pushed_again_at": again]
        }
        try add(JobID(high: .max, low: 1), [], label("nightly", run: "2026-11-01"))
        try add(JobID(high: 2 << 60, low: 2), [], label("nightly", run: "2026-11-03"))
        try add(JobID(high: 3 << 60, low: 3), [], label("nightly", run: "2026-11-02"))
        try add(JobID(high: 4 << 60, low: 4), [], label("zzzzzz", run: "2026-11-02"))
        try add(JobID(high: 5 << 60, low: 5), [], label("caf\u{E9}", run: "2026-11-02"))
        #expect(try found("nightly") == "2 3 1")
        #expect(try found("zzzzzz") == "4")
        #expect(try found("zzzzzzz") == "1")
        #expect(try found("caf\u{E9}") == "5")
        #expect(try found("cafe\u{301}") == "none")
        #expect(try found("Nightly") == "none")
        // The same content pushed again under its label is the latest.
        try fixture.connection.execute(
            "UPDATE userload.jobs SET pushed_again_at = '2026-11-04' WHERE id_text LIKE 'zzz%'")
        #expect(try found("nightly") == "1 2 3")
    }

    @Test func contentFindsEveryJobWithTheseBytes() throws {
        try add(JobID(high: 1, low: 1), [], ["run_at": "'2026-11-01'"])
        try add(JobID(high: 2, low: 2), [], ["run_at": "'2026-11-02'"])
        try add(JobID(high: 3, low: 3), [], ["size": "1001"])
        try add(JobID(high: 4, low: 4), [], ["content_hash": "'00000000000000000000000000000002'"])
        let content = ContentHash(high: 0, low: 1)
        #expect(try jobs.find(content: content, size: 1000).map(\.id.low) == [2, 1])
        #expect(try jobs.find(content: content, size: 999).isEmpty)
    }

    @Test func runsOfALabel() throws {
        for number in 1...3 {
            try add(JobID(high: UInt64(number), low: 0), [.whole(1), .whole(0)], ["path": "'/data/\(4 - number)'"])
        }
        func run(_ low: UInt64, _ host: String, _ hours: Int, files: Int, _ jobs: [UInt64]) throws {
            let id = JobID(high: 0xFF, low: low).uuid
            try fixture.connection.execute(
                """
                INSERT INTO userload.runs VALUES ('\(id)', '\(host)', 'nightly', \(files), now(), now() - interval '\(hours) h')
                """)
            for job in jobs {
                try fixture.connection.execute(
                    "INSERT INTO userload.run_jobs VALUES ('\(id)', '\(JobID(high: job, low: 0).uuid)')")
            }
        }
        try run(1, "etl1", 50, files: 2, [1, 2])
        try run(2, "etl1", 20, files: 3, [2, 1])
        try run(3, "etl2", 30, files: 1, [3])
        let (runs, hosts) = try jobs.latestRuns(label: "nightly", host: nil)
        #expect(hosts == 2)
        #expect(runs.map(\.id.low) == [2, 3] && runs.map(\.missing) == [1, 0])
        #expect(runs[0].jobs.map(\.high) == [2, 1], "by their files' names")
        #expect(try jobs.latestRuns(label: "nightly", host: "etl2").runs.map(\.id.low) == [3])
        #expect(try jobs.latestRuns(label: "weekly", host: nil) == ([], 0))
        func hours(_ host: String? = nil) throws -> [Int64?] {
            try jobs.completedRuns(label: "nightly", host: host).map { $0.age.map { $0 / 3_600 } }
        }
        #expect(try hours() == [50, 30] && hours("etl2") == [30])
        try fixture.connection.execute("UPDATE userload.progress SET end_seq = NULL WHERE job::text LIKE '%3-0000-%'")
        #expect(try hours() == [50, nil])
    }

    @Test func theListHasTheLatestPushFirst() throws {
        let old = ["first_seen_at": "now() - interval '3 d'"]
        try add(JobID(high: 1, low: 1), [], old.merging(["run_at": "'2026-11-01'"]) { $1 })
        try add(JobID(high: 2, low: 2), [], old.merging(["run_at": "'2026-11-03'"]) { $1 })
        try add(JobID(high: 3, low: 3), [Part(last: 1, records: 1)], old.merging(["run_at": "'2026-11-02'"]) { $1 })
        #expect(try jobs.jobs(since: nil).map(\.id.low) == [2, 3, 1])
        #expect(try jobs.jobs(since: 86_400).map(\.id.low) == [3])
        #expect(
            try jobs.statuses([JobID(high: 1, low: 1), JobID(high: 9, low: 9), JobID(high: 3, low: 3)]).map(\.id.low)
                == [1, 3])
    }

    // MARK: Rejects

    /// Rejects `lines` of `id`; every third line lies in partition 0, and so on.
    private func reject(_ id: JobID, lines: ClosedRange<Int>) throws {
        try fixture.connection.execute(
            """
            INSERT INTO userload.rejects (job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster,
                topic, kafka_offset, kafka_time)
            SELECT '\(id.uuid)', n % 3, n / 3, n, n * 10, 9, 'raw', '\\x00ff5c'::bytea || n::text::bytea,
                '[{"field": "age", "code": "empty", "message": "is empty"}]', 'c', 't', 1000 - n, 0
            FROM generate_series(\(lines.upperBound), \(lines.lowerBound), -1) AS n;
            UPDATE userload.progress SET rejected = 1 WHERE job = '\(id.uuid)'
            """)
    }

    @Test func statusShowsTheFirstRejectsOfTheFile() throws {
        try add(job, [Part(last: 1), Part(last: 1), Part(last: 1)])
        try add(JobID(high: 9, low: 9), [Part(last: 1)])
        try reject(job, lines: 7...1000)
        try reject(JobID(high: 9, low: 9), lines: 1...3)
        let rejects = try jobs.statuses([job])[0].firstRejects
        #expect(rejects.map(\.line) == [7, 8, 9, 10, 11])
        #expect(rejects[0].errors == [FieldError(field: "age", code: "empty", message: "is empty")])
        #expect(rejects[0].partition == 1)
        #expect(rejects[0].kafkaOffset == 993)
    }

    @Test func rejectsComeWholeAndInTheOrderOfTheFile() throws {
        try add(job, [Part(last: 1)])
        try reject(job, lines: 1...500)
        var rejects: [Reject] = []
        try jobs.rejects(of: job) { rejects.append($0) }
        #expect(rejects.map(\.line) == Array(1...500))
        #expect(rejects[9].bytes == [0, 0xFF, 0x5C] + Array("10".utf8))
        #expect(rejects[9].byteOffset == 100)
        #expect(rejects[9].form == .raw)
        #expect(rejects[9].errors.map(\.code) == ["empty"])
        #expect(
            try fixture.rows(
                "SELECT line, problem, record FROM userload.reject_list WHERE slug = '\(job.slug)' AND line = 10")
                == [#"10|age is empty|\000\377\\10"#])
    }

    @Test func rejectsOfOtherProducersComeInTheOrderOfKafka() throws {
        try add(.foreign, [Part()])
        try reject(.foreign, lines: 1...12)
        var offsets: [Int64] = []
        try jobs.rejects(of: .foreign) { offsets.append($0.kafkaOffset) }
        #expect(offsets == [988, 991, 994, 997, 990, 993, 996, 999, 989, 992, 995, 998])
        #expect(try jobs.statuses([.foreign])[0].firstRejects.map(\.kafkaOffset) == [988, 991, 994, 997, 990])
        // The same message again is the same reject.
        #expect(throws: PostgresError.self) { try reject(.foreign, lines: 1...1) }
    }
}
