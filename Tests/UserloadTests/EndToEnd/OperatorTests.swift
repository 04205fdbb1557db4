// What an operator asks: how far is it, is all well, does the worker live; the binary against real servers.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct OperatorTests {
    let world: World

    init() throws { world = try World() }

    private struct LagDocument: Decodable {
        struct Partition: Decodable {
            let position: Int64?
            let behind: Int64
        }

        let behind: Int64
        let group: String
        let partitions: [Partition]
    }

    private func lag() throws -> LagDocument {
        try JSONDecoder().decode(LagDocument.self, from: Data(try world.expect(0, "lag", "--json").stdout.utf8))
    }

    // MARK: Lag

    @Test func lagBeforeAndAfter() throws {
        try world.expect(0, "migrate")
        let missing = try world.expect(6, "lag")
        #expect(
            missing.stderr.contains(
                "error: there is no topic \(world.topic) on \(world.broker): `userload push` creates it"))
        let file = try world.files.write("people.csv", People.csv(0..<1000))
        _ = try world.push(file)
        let before = try lag()
        // Records, a start and an end marker in each of twelve partitions.
        #expect(before.behind == 1024 && before.partitions.count == 12)
        #expect(before.partitions.allSatisfy { $0.position == nil })

        let report = try world.expect(0, "lag").stdout.split(separator: "\n").map(String.init)
        #expect(
            report[0].hasPrefix("1,024 messages behind, the oldest ")
                && report[0].hasSuffix(" s old; nothing is being read"))
        #expect(report[1].hasPrefix("\(world.topic) on \(world.broker) → \(world.database.name) on 127.0.0.1 as "))
        #expect(report[2] == "PARTITION  POSITION  END  BEHIND  OLDEST UNREAD")
        #expect(report[3].hasPrefix("        0         -  "))
        #expect(report.last?.hasPrefix("group \(before.group): no consumers, `userload work` is not running") == true)

        let waited = try world.expect(3, "lag", "--wait", "--timeout", "1s")
        #expect(
            waited.stderr.contains(
                "error: 1,024 messages still behind after 1s\n"
                    + "`userload lag` shows whether anything is being read; `userload work --drain` loads them now"))
        let stalled = try world.expect(3, "lag", "--wait", "--stall-timeout", "1s")
        #expect(
            stalled.stderr.contains(
                "error: nothing was read for 1s, 1,024 messages still behind\n"
                    + "`userload work` loads them, as a service; or `userload work --drain`, now"))

        let waiting = try world.start(["lag", "--wait"])
        try world.expect(0, "work", "--drain")
        let done = try waiting.wait()
        #expect(done.code == 0, "\(done)")
        #expect(done.stdout.hasPrefix("nothing behind: all that is in the topic is in the database\n"))
        #expect(try lag().behind == 0)
        try world.expect(2, "lag", "--timeout", "1s")
    }

    /// Every error says what to do next.
    @Test func lagWithoutServers() throws {
        try world.expect(0, "migrate")
        let broker = try world.expect(6, "lag", changes: ["KAFKA_BROKER": "127.0.0.1:1"]).stderr
        #expect(
            broker.contains("\nKAFKA_BROKER or --broker names your brokers; `userload doctor` looks at each part\n"))
        let database = try world.expect(7, "lag", changes: ["DB_PORT": "1"]).stderr
        #expect(
            database.contains(
                "accepting TCP/IP connections? DATABASE_URL, DB_* or --database name your database; `userload doctor` looks at each part\n"
            ),
            "\(database)")
    }

    /// The worker that makes the tables may start later.
    @Test func aStatusWaitsForTheTables() throws {
        let slug = try world.push(try world.files.write("people.csv", People.csv(0..<100)))
        let short = try world.expect(3, "status", "--wait", "--timeout", "1s", slug)
        let sentence =
            "\(world.database.name) on 127.0.0.1 has no schema userload yet: waiting for `userload work`, "
            + "`userload load` or `userload migrate` to make it\n"
        #expect(short.stderr == sentence + "error: not complete after 1s\n", "\(short)")
        #expect(try world.expect(8, "status", slug).stderr.contains("has no schema userload yet"))
        let waiting = try world.start(["status", "--wait", slug])
        try waiting.wait(for: sentence)
        try world.expect(0, "work", "--drain")
        let done = try waiting.wait()
        #expect(done.code == 0 && done.stdout.contains("  completed\n"), "\(done)")
    }

    @Test func lagNamesTheMembers() throws {
        _ = try world.push(try world.files.write("people.csv", People.csv(0..<100)))
        let worker = try world.start(["work"])
        try worker.wait(for: "caught up")
        let report = try world.expect(0, "lag").stdout
        #expect(report.contains(": 1 consumer\n"), "\(report)")
        #expect(report.contains("  127.0.0.1  partitions 0-11\n"), "\(report)")
    }

    // MARK: Doctor

    @Test func doctorBeforeAndAfterTheFirstLoad() throws {
        let first = try world.expect(0, "doctor").stdout.squeezed
        #expect(first.contains("warn topic \(world.topic) does not exist\n"), "\(first)")
        #expect(first.contains(" → `userload push FILE` creates it\n"))
        #expect(first.contains("schema there is no schema userload yet\n"))
        let file = try world.files.write("people.csv", People.csv(0..<100))
        try world.expect(0, "load", "--label", "nightly", file)
        let second = try world.expect(0, "doctor").stdout.squeezed
        #expect(!second.contains("fail ") && !second.contains("warn "), "\(second)")
        for line in [
            "librdkafka ", "brokers ", "\(world.topic), 12 partitions\n",
            "cleanup.policy delete, records are kept for 7 d\n",
            "DESCRIBE and READ on the topic\n", "WRITE on the topic: librdkafka", "clock of Kafka ",
            "all that loading takes\n",
            "public.users: columns and unique index are as they must be\n", "nothing behind\n", "label nightly ",
            "1 file completed\n", "state directory ", " left there\n", "pooler ", "none in between\n",
        ] {
            #expect(second.contains(line), "\(line) is not in\n\(second)")
        }
        let quiet = try world.expect(0, "doctor", "--quiet")
        #expect(quiet.stdout == "" && quiet.stderr == "")

        // Rejects that were told are no news, those that were fixed are counted.
        try world.expect(
            1, "load", "--label", "nightly", "--quiet", try world.files.write("bad.csv", "name,age\nAnn,x\nBo,y\n"))
        #expect(try world.expect(0, "doctor").stdout.squeezed.contains(": 1 file completed\n"))
        try world.database.psql(
            """
            UPDATE userload.jobs SET told_rejects = 0;
            UPDATE userload.rejects SET fixed_by = job WHERE line = 2
            """)
        let told = try world.expect(0, "doctor").stdout.squeezed
        #expect(told.contains(": 1 file completed, 2 rejects, 1 fixed since\n"), "\(told)")

        // A run of two files, of which one never came.
        try world.database.psql(
            """
            WITH run AS (
                INSERT INTO userload.runs VALUES (gen_random_uuid(), 'etl9', 'weekly', 2, now(), now()) RETURNING id)
            INSERT INTO userload.run_jobs SELECT run.id, jobs.id FROM run, userload.jobs WHERE path LIKE '%people.csv'
            """)
        let third = try world.expect(0, "doctor", "--quiet").stdout.squeezed
        #expect(third.hasPrefix("warn label weekly "), "\(third)")
        #expect(third.contains(": 1 of 2 files completed (1 not in the database)\n"), "\(third)")
        #expect(third.hasSuffix(" → userload status weekly\n"))
    }

    @Test func doctorFindsWhatIsWrong() throws {
        try world.createTopic("max.message.bytes=1000", "retention.ms=3600000")
        try world.expect(0, "migrate")
        let role = "poor_\(world.database.name)"
        try world.database.psql(
            """
            CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA userload TO \(role);
            GRANT SELECT ON ALL TABLES IN SCHEMA userload TO \(role); GRANT SELECT ON users TO \(role);
            ALTER TABLE users ENABLE ROW LEVEL SECURITY;
            CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TRIGGER odd BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();
            """)
        defer { _ = try? world.database.psql("DROP OWNED BY \(role); DROP ROLE \(role)") }
        let poor = try world.expect(
            8, "doctor", changes: ["DB_USER": role, "USERLOAD_UNIQUE_KEY": "name,age,email"]
        ).stdout.squeezed
        for line in [
            "max.message.bytes 1000: too small for our largest record\n",
            "retention.ms records are dropped 1 h after they were sent, loaded or not\n",
            "--entity-name \(world.topic) --add-config max.message.bytes=1064960\n",
            "→ GRANT INSERT ON public.users TO \"\(role)\"",
            "row security it applies to this role on public.users: COPY is refused\n"
                + " → let a role load that has BYPASSRLS, or that owns the table\n",
            "triggers odd on public.users: rows are loaded by INSERT in place of COPY\n",
            "unique key USERLOAD_UNIQUE_KEY is name,age,email, that of public.users is name,age\n",
        ] {
            #expect(poor.contains(line), "\(line) is not in\n\(poor)")
        }
        try world.database.psql("DROP INDEX userload_key")
        let broken = try world.expect(8, "doctor").stdout.squeezed
        #expect(broken.contains("fail table "), "\(broken)")
    }

    /// A row that a policy hides would be a person not deleted, or loaded as if new.
    @Test func rowSecurityIsSaidBeforeItHidesRows() throws {
        try world.expect(0, "load", try world.files.write("people.csv", "name,age\nAnn,30\nBo,31\n"))
        let role = "masked_\(world.database.name)"
        try world.database.psql(
            """
            CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA userload TO \(role);
            GRANT ALL ON ALL TABLES IN SCHEMA userload TO \(role); GRANT ALL ON users TO \(role);
            ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY only_bo ON users USING (name = 'Bo')
            """)
        defer { _ = try? world.database.psql("DROP OWNED BY \(role); DROP ROLE \(role)") }
        let sentence =
            "error: row security applies to role \(role) on public.users in \(world.database.name) on 127.0.0.1, and may "
            + "hide rows from it\nALTER ROLE \"\(role)\" BYPASSRLS; or take the role that owns the table\n"
        for command in [["users"], ["forget", "--name", "Ann", "--age", "30"], ["work", "--drain"]] {
            let result = try world.start(command, ["DB_USER": role]).wait()
            #expect(result.code == 8 && result.stderr.contains(sentence), "\(command): \(result)")
        }
        try world.database.psql("ALTER ROLE \(role) BYPASSRLS")
        let listed = try world.expect(0, "users", changes: ["DB_USER": role]).stdout
        #expect(listed.contains("Ann") && listed.contains("Bo"))
    }

    @Test func doctorSeesAPooler() throws {
        try world.expect(0, "migrate")
        let pooler = try PgBouncer(to: world.postgres, .transaction)
        let report = try world.expect(0, "doctor", changes: ["DB_PORT": "\(pooler.port)"]).stdout.squeezed
        #expect(report.contains("one is in between, like PgBouncer, and it lets transactions through\n"), "\(report)")
        let statement = try PgBouncer(to: world.postgres, .statement)
        let mode = ["DB_PORT": "\(statement.port)"]
        let sentence =
            "Postgres refuses: transaction blocks not allowed in statement pooling mode (SQLSTATE 08P01)"
        let remedy = "userload needs transactions: set pool_mode = transaction (or session) in PgBouncer"
        let refused = try world.expect(8, "doctor", changes: mode).stdout.squeezed
        #expect(refused.contains("fail database \(sentence)\n → \(remedy)\n"), "\(refused)")
    }

    @Test func doctorWithServersAway() throws {
        let away = ["KAFKA_BROKER": "127.0.0.1:1", "DB_PORT": "1"]
        let result = try world.run("doctor", changes: away, timeout: .seconds(30))
        #expect(result.code == 8)
        #expect(result.stdout.squeezed.contains("fail brokers 127.0.0.1:1: "), "\(result)")
        #expect(result.stdout.squeezed.contains("fail database no answer from Postgres: "), "\(result)")
        // Servers that accept connections and say nothing.
        let silent = try TCPProxy(to: world.postgres.port)
        silent.pause()
        let other = try world.run("doctor", changes: ["DB_PORT": "\(silent.port)"], timeout: .seconds(40))
        #expect(other.code == 8 && other.stdout.squeezed.contains("fail database"), "\(other)")
    }

    // MARK: Metrics

    @Test(.needsPromtool) func metricsOfPushWorkAndLoad() throws {
        let path = world.files.path("run.prom")
        func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
        let file = try world.files.write("people.csv", People.csv(0..<100) + "Nobody,x,,\n")
        try world.expect(0, "push", "--quiet", "--label", "a \"b\"", "--metrics-file", path, file)
        let labels = #"command="push",label="a \"b\"",topic="\#(world.topic)""#
        let pushed = try text()
        try Promtool.check(metrics: pushed)
        #expect(pushed.contains("userload_last_run_lines{\(labels),outcome=\"sent\"} 100\n"), "\(pushed)")
        #expect(pushed.contains("userload_last_run_lines{\(labels),outcome=\"rejected\"} 1\n"))
        #expect(pushed.contains("userload_last_run_exit_code{\(labels)} 0\n"))
        let success = try #require(pushed.split(separator: "\n").first { $0.hasPrefix("userload_last_success") })

        // A run that fails leaves the last success standing.
        try world.expect(5, "push", "--quiet", "--label", "a \"b\"", "--metrics-file", path, "/no/such/file")
        #expect(try text().contains(success))
        #expect(try text().contains("userload_last_run_exit_code{\(labels)} 5\n"))

        try world.expect(1, "work", "--drain", "--metrics-file", path)
        let drained = try text()
        try Promtool.check(metrics: drained)
        let worker = #"command="work",label="",topic="\#(world.topic)""#
        #expect(drained.contains("userload_worker_lines_total{\(worker),outcome=\"inserted\"} 100\n"), "\(drained)")
        #expect(drained.contains("userload_lag_messages{\(worker),partition=\"0\"} 0\n"), "\(drained)")
        #expect(!drained.contains("userload_oldest_unread"))

        try world.expect(1, "load", "--quiet", "--metrics-file", path, file)
        let loaded = try text()
        try Promtool.check(metrics: loaded)
        let load = #"command="load",label="",topic="\#(world.topic)""#
        #expect(loaded.contains("userload_last_run_lines{\(load),outcome=\"duplicate\"} 100\n"), "\(loaded)")
        #expect(loaded.contains("userload_last_run_exit_code{\(load)} 1\n"))
        #expect(loaded.contains("userload_lag_messages{\(load),partition=\"11\"} 0\n"))

        // A place that cannot be written to is said, and changes nothing.
        let nowhere = try world.expect(1, "load", "--metrics-file", "/no/where.prom", file)
        #expect(
            nowhere.stderr.contains("warning: --metrics-file: cannot write /no/where.prom: No such file or directory\n")
        )
        let refused = try world.expect(2, "load", "--metrics-file", "/tmp/metrics", file)
        #expect(
            refused.stderr.contains("--metrics-file /tmp/metrics: must end in .prom: the collector reads no others"))
    }

    // MARK: The service

    @Test(arguments: [true, false])
    func systemdIsTold(isAbstract: Bool) throws {
        let name = isAbstract ? "@userload-\(UUID().uuidString)" : world.files.path("notify")
        let socket = try NotifySocket(name)
        let status = world.files.path("status.json")
        _ = try world.push(try world.files.write("people.csv", People.csv(0..<1000)))
        let worker = try world.start(
            ["work", "--status-file", status], ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000000"])
        try eventually("READY=1") { socket.told().contains { $0.hasPrefix("READY=1\nSTATUS=") } }
        try eventually("three signs") { socket.told().count { $0 == "WATCHDOG=1" } >= 3 }
        try eventually("a status") {
            socket.told().contains { $0 == "STATUS=caught up with \(world.topic): 1,000 records in this run" }
        }
        struct Status: Decodable { let state: String; let inserted: Int; let pid: Int32 }
        func read() throws -> Status? {
            guard let data = FileManager.default.contents(atPath: status) else { return nil }
            return try JSONDecoder().decode(Status.self, from: data)
        }
        try eventually("the file") { try read()?.inserted == 1000 }
        #expect(try read()?.pid == worker.pid && (try read()?.state) == "idle")

        worker.send(SIGTERM)
        let result = try worker.wait()
        #expect(result.code == 0)
        #expect(result.stderr.contains("stopped: 1,000 inserted, 0 duplicates, 0 rejects in this run\n"), "\(result)")
        #expect(
            socket.told().contains { $0.hasPrefix("STOPPING=1\nSTATUS=stopping: 1,000 records") }, "\(socket.told())")
        #expect(try read()?.state == "ended")
    }

    /// On a terminal: how far it is, and after Ctrl-C a line of its own with what was done.
    @Test(.enabled("needs script(1)") { FileManager.default.isExecutableFile(atPath: "/usr/bin/script") })
    func onATerminal() throws {
        let pid = world.files.path("pid")
        _ = try world.push(try world.files.write("people.csv", People.csv(0..<1000)))
        let terminal = try ChildProcess(
            "/usr/bin/script",
            ["-qefc", "echo $$ >'\(pid)'; exec '\(Userload.binary)' work", "/dev/null"],
            environment: world.environment(["TERM": "xterm"]), directory: world.files.path)
        try terminal.wait(for: "\r\u{1B}[Kcaught up with \(world.topic.prefix(40))", on: .stdout)
        let worker = try #require(
            pid_t(try String(contentsOfFile: pid, encoding: .utf8).trimmingCharacters(in: .newlines)))
        kill(worker, SIGINT)
        let result = try terminal.wait()
        #expect(
            result.stdout.contains("\r\nstopped: 1,000 inserted, 0 duplicates, 0 rejects in this run\r\n"), "\(result)")
    }

    /// Waiting is not hanging: for servers, and for a lock that somebody else holds in Postgres.
    @Test func aWorkerThatWaitsGivesSigns() throws {
        try world.expect(0, "migrate")
        let socket = try NotifySocket("@userload-\(UUID().uuidString)")
        let watched = ["NOTIFY_SOCKET": socket.name, "WATCHDOG_USEC": "1000000"]
        func expectSigns(_ what: String) throws {
            let before = socket.told().count { $0 == "WATCHDOG=1" }
            try eventually("signs while \(what)") { socket.told().count { $0 == "WATCHDOG=1" } >= before + 4 }
        }
        let topicless = try world.start(["work"], watched)
        try eventually("READY=1") {
            socket.told().contains("READY=1\nSTATUS=waiting for topic \(world.topic)")
        }
        try expectSigns("there is no topic")
        topicless.send(SIGTERM)
        _ = try topicless.wait()

        let lock = try OtherSession(
            world.database, applicationName: "somebody", script: "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE;")
        try eventually("the lock") {
            try world.database.psql(
                "SELECT count(*) FROM pg_locks WHERE relation = 'users'::regclass AND mode = 'AccessExclusiveLock' AND granted"
            )
                == "1"
        }
        _ = try world.push(try world.files.write("people.csv", People.csv(0..<1000)))
        let worker = try world.start(["work"], watched)
        try eventually("a batch that waits") {
            try world.database.psql(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
                != "0"
        }
        try expectSigns("a lock is held")
        try lock.send("ROLLBACK;")
        try worker.wait(for: "caught up: 1,000 inserted")
    }

    /// Nobody listens, or never reads: the worker works all the same.
    @Test func aSocketThatTakesNothingChangesNothing() throws {
        _ = try world.push(try world.files.write("people.csv", People.csv(0..<1000)))
        try world.expect(0, "work", "--drain", changes: ["NOTIFY_SOCKET": "/no/such/socket"])
        let full = try NotifySocket(world.files.path("full"))
        _ = try world.push(try world.files.write("more.csv", People.csv(1000..<2000)))
        // Ten datagrams fill it.
        try world.expect(0, "work", "--drain", changes: ["NOTIFY_SOCKET": full.name, "WATCHDOG_USEC": "1000"])
        try world.expectUsers(2000)
    }
}

extension String {
    /// With one space in place of several: columns are as wide as their widest cell.
    var squeezed: String { replacing(#/ {2,}/#, with: " ") }
}
