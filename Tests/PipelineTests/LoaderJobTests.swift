// The rows of jobs: described by their first start marker, written in a transaction of their own before the batch.

import FoundationEssentials
import Pipeline
import Postgres
import Records
import TestSupport
import Testing

@Suite(.waiting) struct LoaderJobTests {
    @Test func theFirstStartMarkerDescribesTheJob() throws {
        let fixture = try LoaderFixture()
        let batch = fixture.batch()
        let run = Date(timeIntervalSince1970: 1_700_000_000.123)
        batch.starts = [
            marker(fixture.job, path: "/first", runAt: run), marker(fixture.job, path: "/second", runAt: run),
        ]
        #expect(fixture.load(batch) == "committed")
        let description = """
            SELECT label, path, host, size, content_hash, format, delimiter, header, options, key_fields, on_duplicate,
                partitions, again, cluster, topic, extract(epoch FROM run_at), extract(epoch FROM pushed_again_at)
            FROM userload.jobs
            """
        let first =
            "nightly|/first|host|12|0000000000000001000000000000000f|csv|,|\\x6e616d652c616765|"
            + "{--label,nightly,/first}|{name,age}|skip|3|f|cluster|users|1700000000.123000|"
        #expect(try fixture.rows(description) == [first + "NULL"])
        // An older run, out of order, changes nothing; of later ones the latest counts.
        for (seconds, expected) in [(-5.0, "NULL"), (9, "1700000009.123000"), (5, "1700000009.123000")] {
            let again = fixture.batch()
            again.starts = [marker(fixture.job, path: "/later", runAt: run + seconds)]
            #expect(fixture.load(again) == "committed")
            #expect(try fixture.rows(description) == [first + expected])
        }
    }

    /// Of a thousand files in one batch, each with what it alone has.
    @Test func manyJobsAreDescribedTogether() throws {
        let fixture = try LoaderFixture()
        let batch = fixture.batch()
        batch.progress = []
        for number in 1...1_000 {
            let job = JobID(high: 9, low: UInt64(number))
            batch.progress.append(Batch.ProgressStep(job: job, partition: 0, isNew: true, expectedLast: -1, last: 0))
            var marker = marker(
                job, path: #"/a "\(number)", {b}\c.csv"#, runAt: Date(timeIntervalSince1970: Double(number)))
            if number % 2 == 0 {
                (marker.label, marker.size, marker.contentHash, marker.delimiter, marker.header) = (
                    nil, nil, nil, nil, nil
                )
                marker.options = []
                marker.conclusion = #"CSV, ";": "Größe \" → age"#
            }
            batch.starts.append(marker)
        }
        #expect(fixture.load(batch) == "committed")
        #expect(fixture.loader.refusedDescriptions == [])
        let reader = JobReader(fixture.migrated.connection)
        let found = try reader.statuses(batch.starts.map(\.job))
        #expect(found.count == 1_000)
        for (status, marker) in zip(found, batch.starts) {
            #expect(status.file == marker.path && status.label == marker.label && status.size == marker.size)
            #expect(status.options == marker.options && status.conclusion == marker.conclusion)
            #expect(status.header.map { Array($0) } == marker.header && status.pushedAt == marker.runAt)
            #expect(status.contentHash == marker.contentHash && status.keyFields == marker.keyFields.names)
        }
    }

    @Test func runsAreNotedWithTheirJobs() throws {
        let fixture = try LoaderFixture()
        let start = Date(timeIntervalSince1970: 1_700_000_000)
        func run(_ low: UInt64, copies: Int = 1) -> PushRun {
            PushRun(
                id: JobID(high: 0, low: low), host: "etl1", startedAt: start, files: 6, label: "nightly", copies: copies
            )
        }
        let batch = fixture.batch()
        // A marker from each partition, out of order; one of a message without a time; one from the future.
        batch.runs.add(run(1), job: fixture.job, time: 1_700_000_005_000)
        batch.runs.add(run(1, copies: 2), job: fixture.job, time: 1_700_000_003_000)
        batch.runs.add(run(1), job: JobID(high: 5, low: 5), time: 1_700_000_001_000)
        batch.runs.add(run(2), job: fixture.job, time: -1)
        batch.runs.add(run(3), job: fixture.job, time: .max)
        #expect(fixture.load(batch) == "committed")
        let runs = """
            SELECT right(id::text, 1), host, label, files, extract(epoch FROM started_at)::bigint,
                CASE WHEN sent_at > now() THEN 0 WHEN sent_at > now() - interval '1 min' THEN 1
                    ELSE extract(epoch FROM sent_at)::bigint END
            FROM userload.runs ORDER BY 1
            """
        let rest = "|etl1|nightly|6|1700000000|"
        #expect(try fixture.rows(runs) == ["1\(rest)1700000005", "2\(rest)1700000000", "3\(rest)1"])
        let jobs = "SELECT right(run::text, 1), left(job::text, 8), files FROM userload.run_jobs ORDER BY 1, 2"
        #expect(try fixture.rows(jobs) == ["1|00000000|1", "1|01234567|2", "2|01234567|1", "3|01234567|1"])
        // The same again, later and earlier.
        for (time, expected) in [(1_700_000_009_000, "9"), (1_700_000_002_000, "9")] as [(Int64, String)] {
            let again = fixture.batch()
            again.runs.add(run(1), job: fixture.job, time: time)
            #expect(fixture.load(again) == "committed")
            #expect(try fixture.rows(runs)[0] == "1\(rest)170000000\(expected)")
        }
        #expect(try fixture.rows(jobs)[1] == "1|01234567|2")
    }

    @Test func aJobKnownByItsIDIsDescribedLater() throws {
        let fixture = try LoaderFixture()
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        let batch = fixture.batch()
        batch.starts = [marker(fixture.job, path: "/late", runAt: Date(timeIntervalSince1970: 1))]
        #expect(fixture.load(batch) == "committed")
        #expect(try fixture.rows("SELECT path, pushed_again_at FROM userload.jobs") == ["/late|NULL"])
    }

    @Test func jobsOfANewerWireVersionAreNoted() throws {
        let fixture = try LoaderFixture()
        let batch = fixture.batch()
        batch.jobVersions = [(fixture.job, 3), (fixture.job, 3)]
        batch.progress[0].passedOver = 17
        #expect(fixture.load(batch) == "committed")
        #expect(try fixture.rows("SELECT wire_version FROM userload.jobs") == ["3"])
        #expect(try fixture.rows("SELECT passed_over FROM userload.progress") == ["17"])
    }

    @Test func theConclusionAndTheVersionAreKept() throws {
        let fixture = try LoaderFixture()
        let batch = fixture.batch([TestRow("A", 1)])
        var marker = marker(fixture.job, path: "/a.csv", runAt: Date(timeIntervalSince1970: 1))
        marker.conclusion = #"CSV, UTF-16, ";": "Name" → name, age"#
        batch.starts = [marker]
        batch.jobVersions = [(fixture.job, 2)]
        #expect(fixture.load(batch) == "committed")
        #expect(
            try fixture.rows("SELECT wire_version, conclusion FROM userload.job_status")
                == [#"2|CSV, UTF-16, ";": "Name" → name, age"#])
    }

    // MARK: A transaction of their own

    /// A COPY may take minutes on a slow line: a batch with the same new job does not wait for it.
    @Test func noCopyIsWaitedForBecauseOfAJobsRow() throws {
        let fixture = try LoaderFixture()
        let other = LoaderFixture.loader(fixture.migrated)
        var outcome: LoadOutcome?
        fixture.loader.onStage = { stage, _ in
            guard stage == .rowsCopied else { return }
            outcome = other.load(fixture.batch([TestRow("B", 2)], partition: 1))
        }
        let batch = fixture.batch([TestRow("A", 1)])
        batch.starts = [marker(fixture.job, path: "/a", runAt: Date(timeIntervalSince1970: 1))]
        #expect(fixture.load(batch) == "committed")
        #expect(outcome?.text == "committed")
        #expect(try fixture.people() == ["A|1", "B|2"])
    }

    @Test func pushedAgainIsWrittenBehindCopy() throws {
        let fixture = try LoaderFixture()
        let first = fixture.batch([TestRow("A", 1)])
        first.starts = [marker(fixture.job, path: "/a", runAt: Date(timeIntervalSince1970: 1))]
        #expect(fixture.load(first) == "committed")
        let monitor = try fixture.migrated.connect()
        fixture.loader.onStage = { stage, _ in
            guard stage == .rowsCopied else { return }
            #expect(throws: Never.self) { try monitor.execute("SELECT FROM userload.jobs FOR UPDATE NOWAIT") }
        }
        let again = fixture.batch([TestRow("B", 2)])
        again.starts = [marker(fixture.job, path: "/a", runAt: Date(timeIntervalSince1970: 5))]
        #expect(fixture.load(again) == "committed")
        #expect(try fixture.rows("SELECT extract(epoch FROM pushed_again_at)::integer FROM userload.jobs") == ["5"])
    }

    /// The loader remembers a row that somebody deletes: it is written again, and the batch loaded.
    @Test func aDeletedRowIsWrittenAgain() throws {
        let fixture = try LoaderFixture()
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        try fixture.execute("DELETE FROM userload.jobs")
        #expect(fixture.loader.load(fixture.batch([TestRow("B", 2)], partition: 1)) == "committed")
        #expect(try fixture.rows("SELECT id FROM userload.jobs") == [fixture.job.uuid])
        #expect(try fixture.people() == ["A|1", "B|2"])
        // A lost swap is told apart from it.
        #expect(fixture.loader.load(fixture.batch([TestRow("B", 2)], partition: 1)) == "lostSwap")
    }

    /// The server crashed after it answered the jobs' COMMIT and before the rows were on the disk.
    @Test func aDescriptionLostInACrashIsWrittenAgain() throws {
        let fixture = try LoaderFixture()
        #expect(fixture.load([TestRow("A", 1)]) == "committed")
        let other = JobID(high: 7, low: 7)
        let killer = try fixture.migrated.connect()
        var isFirst = true
        fixture.loader.onStage = { stage, connection in
            guard stage == .jobsWritten, isFirst else { return }
            isFirst = false
            let pid = try! connection.query("SELECT pg_backend_pid()")[0].int(0)!
            _ = try! killer.query("SELECT pg_terminate_backend($1)", [.int(pid)])
            try! waitUntil { try killer.query("SELECT FROM pg_stat_activity WHERE pid = $1", [.int(pid)]).isEmpty }
            try! killer.execute("DELETE FROM userload.jobs WHERE id = '\(other.uuid)'")
        }
        let batch = fixture.batch([TestRow("B", 2)])
        batch.starts = [marker(other, path: "/other", runAt: Date(timeIntervalSince1970: 1))]
        #expect(fixture.load(batch) == "retry 57P01")
        #expect(fixture.load(batch) == "committed")
        #expect(try fixture.rows("SELECT path FROM userload.jobs WHERE id = '\(other.uuid)'") == ["/other"])
    }

    @Test func jobsBeyondWhatIsRememberedAreWrittenAgain() throws {
        let fixture = try LoaderFixture()
        for round in 0..<3 {
            let batch = Batch()
            for number in 0..<3_000 {
                batch.progress.append(
                    Batch.ProgressStep(
                        job: JobID(high: UInt64(round), low: UInt64(number) + 1), partition: 0, isNew: true,
                        expectedLast: -1, last: 0))
            }
            batch.partitions = [
                Batch.PartitionStep(
                    partition: 0, generation: 1, expectedOffset: Int64(round) * 10 - (round == 0 ? 1 : 0),
                    nextOffset: Int64(round + 1) * 10)
            ]
            #expect(fixture.loader.load(batch) == "committed")
        }
        #expect(try fixture.rows("SELECT count(*) FROM userload.jobs") == ["9000"])
    }

    /// With array_nulls off a NULL in an array's text is the word.
    @Test func whatIsNotGivenIsNullWhateverTheDatabaseSets() throws {
        let fixture = try LoaderFixture()
        try fixture.execute("ALTER DATABASE \(fixture.migrated.database.name) SET array_nulls = off")
        let batch = fixture.batch([TestRow("A", 1)])
        var plain = marker(fixture.job, path: "/a", runAt: Date(timeIntervalSince1970: 1))
        (plain.label, plain.size, plain.contentHash, plain.delimiter, plain.header) = (nil, nil, nil, nil, nil)
        batch.starts = [plain]
        #expect(fixture.load(batch) == "committed")
        #expect(
            try fixture.rows("SELECT path, label, size, content_hash, delimiter, header, conclusion FROM userload.jobs")
                == ["/a|NULL|NULL|NULL|NULL|NULL|NULL"])
    }

    // MARK: What the database does not take

    @Test func aDescriptionThatIsRefusedCostsItselfAlone() throws {
        let fixture = try LoaderFixture()
        let batch = fixture.batch([TestRow("A", 1)])
        let other = JobID(high: 7, low: 7)
        batch.progress.append(Batch.ProgressStep(job: other, partition: 0, isNew: true, expectedLast: -1, last: 0))
        var long = marker(fixture.job, path: "/long", runAt: Date(timeIntervalSince1970: 1))
        long.label = String(repeating: "x", count: 6_000)
        batch.starts = [long, marker(other, path: "/fine", runAt: Date(timeIntervalSince1970: 1))]
        try fixture.execute("ALTER TABLE userload.jobs ADD CONSTRAINT short CHECK (length(label) < 100)")
        #expect(fixture.load(batch) == "committed")
        #expect(
            try fixture.rows("SELECT path, label, host, partitions, key_fields, size FROM userload.jobs ORDER BY path")
                == ["/fine|nightly|host|3|{name,age}|12", "NULL|NULL|NULL|3|{name,age}|12"])
        #expect(
            fixture.loader.refusedDescriptions == [
                RefusedDescription(
                    job: fixture.job,
                    reason: #"new row for relation "jobs" violates check constraint "short""#)
            ])
        #expect(try fixture.people() == ["A|1"])
        #expect(fixture.load([TestRow("B", 2)]) == "committed")
    }

    @Test(arguments: [9.4e12, 1e300, -1e300, .nan, .infinity])
    func aTimeBeyondAllCalendarsIsKeptWithinThem(seconds: Double) throws {
        let fixture = try LoaderFixture()
        let batch = fixture.batch([TestRow("A", 1)])
        batch.starts = [marker(fixture.job, path: "/a", runAt: Date(timeIntervalSince1970: seconds))]
        #expect(fixture.load(batch) == "committed")
        let jobs = JobReader(fixture.migrated.connection)
        #expect(try jobs.jobs(since: nil).count == 1)
        #expect(fixture.loader.refusedDescriptions == [])
    }

    @Test func forgedLengthsStayAtTheEndOfTheirRange() throws {
        let fixture = try LoaderFixture()
        for (number, bytes) in [Int64.max, 1 << 62, 1 << 62].enumerated() {
            let batch = fixture.batch([TestRow("A", number)])
            batch.progress[0].bytes = bytes
            batch.starts = [marker(fixture.job, path: "/a", runAt: Date(timeIntervalSince1970: 1))]
            #expect(fixture.load(batch) == "committed")
        }
        let other = fixture.batch([TestRow("B", 1)], partition: 1)
        other.progress[0].bytes = .max
        #expect(fixture.loader.load(other) == "committed")
        let status = try JobReader(fixture.migrated.connection).statuses([fixture.job])
        #expect(status.map(\.bytes) == [.max])
        #expect(status.map(\.percent) == [99])
        #expect(
            try fixture.rows("SELECT bytes, lines, percent FROM userload.job_status") == ["9223372036854775807|4|99"])
    }

    private func marker(_ job: JobID, path: String, runAt: Date) -> StartMarker {
        StartMarker(
            job: job, contentHash: ContentHash(high: 1, low: 15), label: "nightly", path: path, size: 12, host: "host",
            format: .csv, delimiter: UInt8(ascii: ","), header: Array("name,age".utf8),
            options: ["--label", "nightly", path], keyFields: .standard, onDuplicate: .skip, partitions: 3,
            again: false,
            runAt: runAt)
    }
}
