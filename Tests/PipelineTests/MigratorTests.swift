// Migrations on a real Postgres: what they make, what they refuse, and with which words.

import Foundation
import Pipeline
import Postgres
import Records
import Synchronization
import TestSupport
import Testing

@Suite(.waiting) struct MigratorTests {
    let database: TestDatabase
    let connection: Connection

    init() throws {
        database = try PostgresServer.shared.database()
        connection = try Connection(DatabaseSettings(parameters: database.parameters))
    }

    private var place: String { "\(database.name) on 127.0.0.1" }

    private func target(_ table: String? = nil, key: String? = nil) throws -> DatabaseTarget {
        try DatabaseTarget(table: table, key: key)
    }

    /// Everything in the database that a migration could make.
    private func relations() throws -> String {
        try database.psql(
            """
            SELECT string_agg(c.oid::regclass::text, ' ' ORDER BY c.oid::regclass::text COLLATE "C") FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'v')
            """)
    }

    @Test func makesEverythingOnceAndSaysSo() throws {
        let report = try Migrator.migrate(connection, target())
        #expect(report.made == ["created schema userload and table public.users in \(place), as postgres"])
        #expect(report.info.tableName == "public.users")
        #expect(report.info.table == #""public"."users""#)
        #expect(report.info.keyFields == .standard)
        #expect(try report.info.identity(connection).utf8.count == 32)
        #expect(try DatabaseInfo.read(connection) == report.info)

        let again = try Migrator.migrate(connection, target())
        #expect(again.made.isEmpty)
        #expect(again.info == report.info)
    }

    @Test func aDatabaseThatWasNeverMigratedSaysWhatMakesIt() throws {
        #expect(
            problem { _ = try DatabaseInfo.read(connection) }
                == "\(place) has no schema userload yet: 'userload work' or 'userload migrate' creates it")
    }

    @Test func thoseWhoComeTogetherMakeItOnce() throws {
        let made = Mutex(0)
        let running = try Threads(
            (0..<6).map { _ in
                let connection = try Connection(DatabaseSettings(parameters: database.parameters))
                return {
                    defer { connection.close() }
                    let report = try Migrator.migrate(connection, DatabaseTarget(settings: DatabaseSettings()))
                    made.withLock { $0 += report.made.count }
                }
            })
        while running.areRunning { usleep(1000) }
        try running.rethrow()
        #expect(made.withLock { $0 } == 1)
    }

    @Test func aMigrationWaitsForBatchesAndTheyForIt() throws {
        _ = try Migrator.migrate(connection, target())
        try connection.execute("BEGIN; SELECT pg_advisory_xact_lock_shared(\(SchemaLock.key))")
        let other = try Connection(DatabaseSettings(parameters: database.parameters))
        let running = try Threads([
            {
                defer { other.close() }
                _ = try Migrator.migrate(other, DatabaseTarget(settings: DatabaseSettings()), newIdentity: true)
            }
        ])
        let waiting = """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        var seen = false
        while running.areRunning && !seen { seen = try connection.query(waiting)[0].int(0) == 1 }
        #expect(seen)
        try connection.execute("COMMIT")
        while running.areRunning { usleep(1000) }
        try running.rethrow()
    }

    // MARK: What is refused

    @Test func anApplicationsOwnTableIsRefusedAndNothingTouched() throws {
        try database.psql("CREATE TABLE users (login text); INSERT INTO users VALUES ('root')")
        #expect(
            problem { _ = try Migrator.migrate(connection, target()) }
                == "table public.users in \(place) is not userload's, nothing was touched: name another with "
                + "USERLOAD_TABLE=schema.table")
        #expect(try relations() == "users")
        #expect(try database.psql("TABLE users") == "root")
    }

    @Test(arguments: [
        ("crm.people", "crm.people"), (#"crm."The ""People""""#, #"crm.The "People""#), ("CRM.Users", "crm.users"),
        ("crm.\"a\"\"\u{301}:users\"", "crm.a\"\u{301}:users"),
    ])
    func anotherTableIsNamedAndFixed(name: String, text: String) throws {
        try database.psql("CREATE SCHEMA crm; CREATE TABLE public.users (login text)")
        let report = try Migrator.migrate(connection, target(name))
        #expect(report.info.tableName == text)
        #expect(try connection.query("SELECT count(*) FROM \(report.info.table)")[0].int(0) == 0)
        #expect(try Migrator.migrate(connection, target()).made.isEmpty)
        #expect(try Migrator.migrate(connection, target(name)).made.isEmpty)
        #expect(
            problem { _ = try Migrator.migrate(connection, target("other")) }
                == "\(place) has kept people in \(text) since its first migration; USERLOAD_TABLE says public.other")
    }

    @Test func aMissingSchemaIsAPlainSentence() throws {
        #expect(
            problem { _ = try Migrator.migrate(connection, target("nowhere.users")) }
                == #"schema "nowhere" does not exist in \#(place): create it first"#)
        #expect(try relations() == "")
    }

    @Test func aSchemaOfOurNameThatIsNotOursIsRefused() throws {
        try database.psql("CREATE SCHEMA userload; CREATE TABLE userload.jobs (title text)")
        #expect(
            problem { _ = try Migrator.migrate(connection, target()) }
                == "schema userload in \(place) is not userload's, nothing was touched "
                + #"(relation "jobs" already exists)"#)
        #expect(try relations() == "userload.jobs")
    }

    @Test func aDatabaseInAnotherEncodingIsRefused() throws {
        let name = database.name + "_latin"
        try PostgresServer.shared.psql(
            "CREATE DATABASE \(name) TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
        defer { _ = try? PostgresServer.shared.psql("DROP DATABASE \(name) WITH (FORCE)") }
        let settings = PostgresServer.shared.parameters + [(keyword: "dbname", value: name)]
        let latin = try Connection(DatabaseSettings(parameters: settings))
        #expect(
            problem { _ = try Migrator.migrate(latin, target()) }
                == "\(name) on 127.0.0.1 is encoded in LATIN1; userload needs a database in UTF8")
        latin.close()
    }

    @Test func aNewerSchemaIsRefused() throws {
        _ = try Migrator.migrate(connection, target())
        try database.psql("UPDATE userload.settings SET schema_version = 99")
        let text = "schema userload in \(place) is version 99, this userload knows 10: upgrade userload"
        #expect(problem { _ = try Migrator.migrate(connection, target()) } == text)
        #expect(problem { _ = try DatabaseInfo.read(connection) } == text)
    }

    /// From every version with data in it: nothing is lost, all counts are the same.
    @Test(arguments: 2...9) func anOlderSchemaIsBroughtUp(version: Int) throws {
        let files = [
            "0001_tables", "0002_age_counts", "0003_views", "0004_sums", "0005_conclusion", "0006_reject_words",
            "0007_hand_readers", "0008_operation", "0009_partitions",
        ]
        try runFiles(Array(files[..<version]))
        try database.psql(Self.data)
        let before = try Self.tables.map { try database.psql("SELECT to_jsonb(t) FROM \($0) AS t ORDER BY 1") }
        #expect(
            problem { _ = try DatabaseInfo.read(connection) }
                == "schema userload in \(place) is version \(version), this userload needs 10: run 'userload migrate'")
        let report = try Migrator.migrate(connection, target())
        #expect(report.made == ["brought schema userload in \(place) from version \(version) to 10, as postgres"])
        let new = [
            "users": "'{updated_by}'", "userload.jobs": "'{conclusion,undone_at,told_rejects,waits_for_partitions}'",
            "userload.rejects": "'{fixed_by,fixed_at,fixes_job,fixes_partition,fixes_seq}'",
        ]
        // Migration 6 words rejects anew: here it finds none of those it knows.
        let after = try Self.tables.map { table in
            let added = version < 5 ? new[table] : new[table]?.replacing("conclusion,", with: "")
            if version >= 8 { return try database.psql("SELECT to_jsonb(t) FROM \(table) AS t ORDER BY 1") }
            return try database.psql(
                "SELECT to_jsonb(t) - \(added ?? "'{}'")::text[] FROM \(table) AS t ORDER BY 1")
        }
        #expect(after == before)
        #expect(
            try database.psql(
                """
                SELECT state, lines, inserted, updated, duplicates, rejected, told_rejects, fixed
                FROM userload.job_status
                """)
                == "completed|6|3|0|2|1|0|0")
        let ages = try database.psql("SELECT string_agg(age || ':' || count, ' ') FROM userload.age_counts")
        #expect(ages == "30:1 31:2 40:1")
        #expect(try database.psql("SELECT count(*) FROM users WHERE job = '\(Self.job)'") == "3")
    }

    private static let job = "00000000-0000-0000-0000-000000000002"
    private static let tables = [
        "users", "userload.jobs", "userload.progress", "userload.rejects", "userload.positions",
    ]
    /// A completed job with three people, two duplicates and a reject; one person is somebody else's.
    private static let data = """
        INSERT INTO users (name, age, address, job) VALUES
            ('Ann', 30, '{"city": "Pune"}', '\(job)'), ('Bo', 31, NULL, '\(job)'), ('Cy', 31, NULL, '\(job)'),
            ('Di', 40, NULL, NULL);
        INSERT INTO userload.jobs (id, id_text, label, path, key_fields, on_duplicate, partitions, cluster, topic, header,
            options, run_at)
            VALUES ('\(job)', 'b', 'nightly', '/data/people.csv', '{name,age}', 'skip', 1, 'c', 'users', 'name,age',
                '{people.csv}', now());
        INSERT INTO userload.progress (job, partition, last_seq, records, bytes, digest, inserted, duplicates, rejected,
            end_seq, end_records, end_digest, ended_at) VALUES ('\(job)', 0, 7, 6, 100, 5, 3, 2, 1, 6, 6, 5, now());
        INSERT INTO userload.rejects (job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster, topic,
            kafka_offset, kafka_time)
            VALUES ('\(job)', 0, 3, 4, 30, 4, 'raw', 'Ed,x', '[{"field": "x", "code": "x", "message": "x"}]', 'c', 'users',
                3, 1);
        INSERT INTO userload.positions (cluster, topic, partition, next_offset) VALUES ('c', 'users', 0, 8);
        UPDATE userload.positions SET ages[31] = 1, ages[32] = 2
        """

    /// A job that is passed over because of its version stays so; those of versions 2 and 3 are read now.
    @Test func theSchemaBeforeWireVersion2() throws {
        try runFiles(["0001_tables", "0002_age_counts", "0003_views", "0004_sums"])
        try database.psql(
            """
            INSERT INTO userload.jobs (id, id_text, wire_version, key_fields, on_duplicate, partitions) VALUES
                ('00000000-0000-0000-0000-000000000002', 'b', 2, '{name,age}', 'skip', 1),
                ('00000000-0000-0000-0000-000000000003', 'c', 3, '{name,age}', 'skip', 1),
                ('00000000-0000-0000-0000-000000000004', 'd', 4, '{name,age}', 'skip', 1);
            INSERT INTO userload.progress (job, partition, passed_over) SELECT id, 0, 7 FROM userload.jobs
            """)
        let reasons = "SELECT wire_version, state, reason, conclusion IS NULL FROM userload.job_status ORDER BY 1"
        let report = try Migrator.migrate(connection, target())
        #expect(report.made == ["brought schema userload in \(place) from version 4 to 10, as postgres"])
        #expect(try database.psql(reasons) == "2|stalled|gap|t\n3|stalled|gap|t\n4|stalled|version|t")
    }

    @Test func aTableThatIsGoneIsSaid() throws {
        _ = try Migrator.migrate(connection, target())
        try database.psql("DROP TABLE users CASCADE")
        #expect(
            problem { _ = try Migrator.migrate(connection, target()) }
                == "table public.users is gone from \(place): restore it, or start over with "
                + "DROP SCHEMA userload CASCADE")
    }

    // MARK: Rights

    @Test func onceMadeItNeedsNoRightToChangeIt() throws {
        let role = "role_" + database.name
        try database.psql("CREATE ROLE \(role) LOGIN")
        defer {
            _ = try? database.psql("DROP OWNED BY \(role)")
            _ = try? database.psql("DROP ROLE \(role)")
        }
        let worker = try Connection(
            DatabaseSettings(parameters: database.parameters + [(keyword: "user", value: role)]))
        defer { worker.close() }
        #expect(
            problem { _ = try Migrator.migrate(worker, target()) }
                == "role \(role) may not change \(place) (permission denied for database \(database.name)): let a role "
                + "that may run 'userload migrate' once; 'userload migrate --print' shows the SQL")
        #expect(try relations() == "")

        let info = try Migrator.migrate(connection, target()).info
        #expect(
            problem { _ = try Migrator.migrate(worker, target()) }
                == "role \(role) may not read schema userload in \(place): "
                + "GRANT USAGE ON SCHEMA userload, GRANT SELECT ON ALL TABLES IN SCHEMA userload")
        // The very grants that --print ends with.
        for line in Migrator.script(try target()).split(separator: "\n") where line.hasPrefix("--   GRANT") {
            try database.psql(line.dropFirst(5).replacingOccurrences(of: "…", with: role))
        }
        let report = try Migrator.migrate(worker, target())
        #expect(report.made.isEmpty)
        #expect(report.info == info)
        let store = PositionStore(worker, cluster: "c", topic: "t")
        let position = try store.positions([0])[0]
        #expect(try store.newGeneration(position)?.generation == 2)
        try worker.execute("INSERT INTO users (name, age) VALUES ('Ann', 35)")
    }

    /// Some services keep the server's id to themselves.
    @Test func whereTheServersIdIsNotTold() throws {
        let role = "role_" + database.name
        try database.psql(
            """
            CREATE ROLE \(role) LOGIN; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;
            GRANT CREATE ON DATABASE \(database.name) TO \(role); GRANT CREATE ON SCHEMA public TO \(role)
            """)
        let owner = try Connection(
            DatabaseSettings(parameters: database.parameters + [(keyword: "user", value: role)]))
        defer {
            owner.close()
            _ = try? database.psql("DROP OWNED BY \(role)")
            _ = try? database.psql("DROP ROLE \(role)")
        }
        let sentence =
            "role \(role) may not execute pg_control_system() in \(place), which tells userload this server from others"
        let error = #expect(throws: PipelineError.self) { try Migrator.migrate(owner, target()) }
        #expect(error?.message == sentence)
        #expect(
            error?.hint
                == "GRANT EXECUTE ON FUNCTION pg_control_system() TO \"\(role)\"; or, where that cannot be had, "
                + "`userload migrate --without-age-counts`")
        #expect(try relations() == "")

        let report = try Migrator.migrate(owner, target(), countsAges: false)
        #expect(
            report.made == [
                "created schema userload and table public.users in \(place), as \(role)",
                "switched the counts by age of public.users off: its triggers are gone, and `stats` counts when it is asked",
            ])
        let identity = try report.info.identity(owner)
        #expect(identity.utf8.count == 32)
        #expect(try DatabaseInfo.read(owner) == report.info)
        #expect(try report.info.identity(connection) == identity)
        #expect(problem { _ = try Migrator.migrate(owner, target(), countsAges: true) } == sentence)
        #expect(try DatabaseInfo.read(owner) == report.info)
        // And of a database that was made while it was told.
        #expect(
            try Migrator.migrate(connection, target(), countsAges: true).made
                == ["switched the counts by age of public.users on: triggers on it keep them from now on"])
        #expect(problem { _ = try DatabaseInfo.read(owner).identity(owner) } == sentence)
        #expect(try !Migrator.migrate(owner, target(), countsAges: false).made.isEmpty)
        #expect(try DatabaseInfo.read(owner).identity(owner) == identity)
    }

    // MARK: In psql

    @Test func thePrintedScriptRunsInPsqlAndMakesTheSame() throws {
        let printed = try PostgresServer.shared.database()
        let script = Migrator.script(try target(key: "name,age,email"))
        try psql(["-f", "-"], in: printed, stdin: Data(script.utf8))
        let other = try Connection(DatabaseSettings(parameters: printed.parameters))
        defer { other.close() }
        let info = try DatabaseInfo.read(other)
        let made = try Migrator.migrate(connection, target(key: "name,age,email")).info
        #expect(info.schemaVersion == made.schemaVersion)
        #expect(info.revision == made.revision)
        #expect(info.keyFields == made.keyFields)
        #expect(info.name == made.name)
        #expect(try info.identity(other) != made.identity(connection))
        #expect(try psql(["-c", "\\d users"], in: printed) == psql(["-c", "\\d users"], in: database))
    }

    @Test func thePrintedScriptWithoutAgeCounts() throws {
        let printed = try PostgresServer.shared.database()
        let script = Migrator.script(try target(), partitions: 2, countsAges: false)
        try psql(["-f", "-"], in: printed, stdin: Data(script.utf8))
        let made = try Migrator.migrate(connection, target(), partitions: 2, countsAges: false).info
        let other = try Connection(DatabaseSettings(parameters: printed.parameters))
        defer { other.close() }
        #expect(try DatabaseInfo.read(other) == made)
        #expect(made.countsAges == false)
        let views = ["-c", "\\d+ userload.age_counts", "-c", "\\d users_p0"]
        #expect(try psql(views, in: printed) == psql(views, in: database))
    }

    @Test func theFilesRunInPsqlWithItsVariables() throws {
        try runFiles([
            "0001_tables", "0002_age_counts", "0003_views", "0004_sums", "0005_conclusion", "0006_reject_words",
            "0007_hand_readers", "0008_operation", "0009_partitions", "0010_age_counts_option",
        ])
        try psql(
            ["-1", "-v", "users=public.users", "-v", "schema=public", "-v", "columns=age, name, email"]
                + ["-v", "key_fields={name,age,email}", "-v", "old=userload_key", "-f", "\(Self.sql)/key_change.sql"],
            in: database)
        #expect(try DatabaseInfo.read(connection).keyFields.text == "name,age,email")
    }

    private static let sql = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources/Pipeline/sql").path

    private func runFiles(_ files: [String]) throws {
        for file in files {
            try psql(["-1", "-v", "users=public.users", "-f", "\(Self.sql)/\(file).sql"], in: database)
        }
    }

    @discardableResult
    private func psql(_ arguments: [String], in database: TestDatabase, stdin: Data? = nil) throws -> String {
        let server = database.server
        return try run(
            PostgresServer.binaries! + "/psql",
            ["-Xq", "-v", "ON_ERROR_STOP=1", "-h", server.host, "-p", String(server.port), "-U", server.user]
                + ["-d", database.name] + arguments, stdin: stdin)
    }

    // MARK: Key and identity

    @Test func onlyMigrateChangesTheKeyAndTheRevisionTells() throws {
        let before = try Migrator.migrate(connection, target()).info
        try database.psql("INSERT INTO users (name, age, email) VALUES ('Ann', 35, NULL)")
        #expect(try Migrator.migrate(connection, target(key: "name,age,email")).info == before)

        let report = try Migrator.migrate(connection, target(key: "name,age,email"), changesKey: true)
        #expect(report.made == ["changed the unique key of public.users from name,age to name,age,email"])
        #expect(report.info.revision > before.revision)
        #expect(report.info.keyFields.text == "name,age,email")
        try database.psql("INSERT INTO users (name, age, email) VALUES ('Ann', 35, 'a@b')")
        // NULLS NOT DISTINCT, and still under the name by which the loader knows it.
        #expect(throws: (any Error).self) { try database.psql("INSERT INTO users (name, age) VALUES ('Ann', 35)") }
        let index = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
        #expect(try database.psql(index) == "userload_foreign_ages\nuserload_job\nuserload_key")
    }

    @Test func aKeyThatWouldNotBeUniqueChangesNothing() throws {
        let before = try Migrator.migrate(connection, target(key: "name,age,email,phoneNumber")).info
        try database.psql(
            """
            INSERT INTO users (name, age, email) VALUES ('Ann', 35, 'a@b'), ('Ann', 35, 'c@d'), ('Bob', 20, 'a@b');
            INSERT INTO users (name, age, email) SELECT 'Cid', 40, n || '@b' FROM generate_series(1, 3) AS n
            """)
        #expect(
            problem { _ = try Migrator.migrate(connection, target(key: "name,age"), changesKey: true) }
                == "the key name,age would not be unique in public.users, nothing was changed; "
                + "2 keys have several rows: 35, Ann (2 rows); 40, Cid (3 rows)")
        #expect(try DatabaseInfo.read(connection) == before)
        #expect(
            try Migrator.migrate(connection, target(key: "name,age,email"), changesKey: true).made
                == ["changed the unique key of public.users from name,age,email,phoneNumber to name,age,email"])
    }

    @Test func aNewIdentityIsAnotherGroup() throws {
        let before = try Migrator.migrate(connection, target()).info
        let identity = try before.identity(connection)
        let report = try Migrator.migrate(connection, target(), newIdentity: true)
        #expect(report.made == ["gave \(place) an identity, and so a consumer group, of its own"])
        #expect(try report.info.identity(connection) != identity)
        #expect(report.info.revision > before.revision)
    }

    @Test(arguments: [true, false]) func aCopyInTheSameServerHasAnotherIdentity(countsAges: Bool) throws {
        let before = try Migrator.migrate(connection, target(), countsAges: countsAges).info
        let identity = try before.identity(connection)
        connection.close()
        let copy = try PostgresServer.shared.database(template: database.name)
        let other = try Connection(DatabaseSettings(parameters: copy.parameters))
        defer { other.close() }
        let info = try DatabaseInfo.read(other)
        #expect(try info.identity(other) != identity)
        #expect(info == before)
    }

    /// Into another server, where the first database has the same number as here.
    @Test func aCopyByDumpHasAnotherIdentity() throws {
        let (one, two) = (try PostgresServer(), try PostgresServer())
        let (original, copy) = (try one.database(), try two.database())
        let numbers = try [original, copy].map {
            try $0.psql("SELECT oid FROM pg_database WHERE datname = current_database()")
        }
        try #require(numbers[0] == numbers[1])
        let first = try Connection(DatabaseSettings(parameters: original.parameters))
        defer { first.close() }
        _ = try Migrator.migrate(first, target(), countsAges: false)
        let dump = try run(
            PostgresServer.binaries! + "/pg_dump",
            ["-h", one.host, "-p", String(one.port), "-U", one.user, "-d", original.name])
        try psql(["-f", "-"], in: copy, stdin: Data(dump.utf8))
        let second = try Connection(DatabaseSettings(parameters: copy.parameters))
        defer { second.close() }
        let identity = "SELECT identity FROM userload.settings"
        #expect(try copy.psql(identity) == original.psql(identity))
        #expect(try DatabaseInfo.read(second).identity(second) != DatabaseInfo.read(first).identity(first))
        for countsAges in [true, false] {
            for connection in [first, second] { _ = try Migrator.migrate(connection, target(), countsAges: countsAges) }
            #expect(try DatabaseInfo.read(second).identity(second) != DatabaseInfo.read(first).identity(first))
        }
    }
}

/// The sentence of the `PipelineError` that `body` throws.
func problem(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch let problem as PipelineError {
        return problem.message
    } catch {
        return "another error: \(error)"
    }
}
