// What a database may refuse or hold already: keys, other people's tables, constraints, triggers; and how drain ends.

import Foundation
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct DatabaseTests {
    let world: World

    init() throws { world = try World() }

    /// A job pushed with another key is passed over, said, and loaded once the keys agree.
    @Test
    func aJobWithAnotherKey() throws {
        let file = try world.files.write("people.csv", "name,age,email\nAnn,31,a@x.org\nAnn,31,b@x.org\n")
        let plain = try world.files.write("plain.csv", People.csv(0..<100))
        try world.expect(0, "migrate")
        let key = ["USERLOAD_UNIQUE_KEY": "name,age,email"]
        let slug = try world.push(file, key)
        let other = try world.push(plain)
        try world.expect(8, "work", "--drain")
        try world.expectCompleted(other, inserted: 100)
        let status = try world.run("status", slug)
        #expect(status.stdout.contains("stalled"))
        #expect(status.stdout.contains("name,age,email"))
        #expect(try world.run("status", "--wait", "--timeout", "2s", slug).code == 3)

        try world.expect(0, "migrate", changes: key)
        try world.expect(0, "push", "--resend", "--quiet", file, changes: key)
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(slug, inserted: 2)
        #expect(try world.database.psql("SELECT count(*) FROM users WHERE name = 'Ann'") == "2")
    }

    @Test func anApplicationsOwnTableIsNotTouched() throws {
        try world.database.psql(
            "CREATE TABLE users (id int PRIMARY KEY, login text); INSERT INTO users VALUES (1, 'root')")
        let file = try world.files.write("a.csv", People.csv(0..<10))
        let result = try world.expect(8, "load", file)
        #expect(result.stderr.contains("USERLOAD_TABLE"))
        #expect(try world.database.psql("SELECT * FROM users") == "1|root")
        let changes = ["USERLOAD_TABLE": "public.people"]
        try world.expect(0, "load", file, changes: changes)
        #expect(try world.database.psql("SELECT count(*) FROM public.people") == "10")
        #expect(try world.database.psql("SELECT * FROM users") == "1|root")
    }

    /// The whole way into a table in partitions: duplicates, updates, counts, undo, forget.
    @Test func aTableInPartitions() throws {
        #expect(
            try world.expect(2, "migrate", "--partitions", "1").stderr.contains("write a number from 2 to 1024\n"))
        #expect(
            try world.expect(0, "migrate", "--partitions", "8").stdout
                == "created schema userload and table public.users of 8 partitions in \(world.database.name) on 127.0.0.1, "
                + "as postgres\n")
        func people() throws -> String { try world.expect(0, "stats", "--json").stdout.replacing(" ", with: "") }
        let first = try world.files.write("first.csv", People.csv(0..<3000))
        let second = try world.files.write("second.csv", People.csv(2000..<4000, city: "Oslo"))
        try world.expect(0, "load", first)
        try world.expect(0, "load", "--label", "second", "--on-duplicate", "update", second)
        try world.expectUsers(4000)
        #expect(try world.database.psql("SELECT count(DISTINCT tableoid) FROM users") == "8")
        #expect(
            try world.database.psql("SELECT sum(inserted), sum(updated), sum(duplicates) FROM userload.progress")
                == "4000|1000|0")
        #expect(try people().contains("\"people\":4000"))
        try world.expect(0, "forget", "--name", "Person 7", "--age", "7")
        try world.expect(0, "undo", "--yes", "second")
        try world.expectUsers(2999)
        #expect(try people().contains("\"people\":2999"))
        #expect(try !world.expect(0, "doctor").stdout.squeezed.contains("fail "))
    }

    /// What only Postgres refuses becomes a reject of that row alone, in each class of error the design names.
    @Test func aRowThatTheServerRefuses() throws {
        try world.expect(0, "migrate")
        try world.database.psql(
            """
            ALTER TABLE users ADD CONSTRAINT nobody_is_called_x CHECK (name <> 'x');
            CREATE FUNCTION moody() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.name = 'raise' THEN RAISE 'not today'; END IF;
                IF NEW.name = 'divide' THEN NEW.age := 1 / 0; END IF;
                IF NEW.name = 'limit' THEN RAISE 'too much' USING ERRCODE = '54000'; END IF;
                IF NEW.name = 'depth' THEN RAISE 'too deep' USING ERRCODE = '54001'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER moody BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION moody();
            """)
        let file = try world.files.write(
            "people.csv", People.csv(0..<500) + "x,1,,\nraise,2,,\ndivide,3,,\nlimit,4,,\ndepth,6,,\n" + "Last,5,,\n")
        let slug = try world.push(file)
        try world.expect(1, "work", "--drain")
        try world.expectCompleted(slug, inserted: 501, rejected: 5)
        let rejects = try world.expect(0, "rejects", slug).stdout
        for text in ["nobody_is_called_x", "not today", "division by zero", "too much", "too deep"] {
            #expect(rejects.contains(text), "\(rejects)")
        }
    }

    /// Text that the server calls invalid, though the validator let it through, is a bug of ours: never a reject.
    @Test func anEncodingErrorIsNotBlamedOnTheRecord() throws {
        try world.expect(0, "migrate")
        try world.database.psql(
            """
            CREATE FUNCTION invalid() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.age = 7 THEN RAISE 'invalid byte sequence' USING ERRCODE = '22021'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER invalid BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION invalid();
            """)
        let slug = try world.push(try world.files.write("people.csv", People.csv(0..<1000)))
        let work = try world.run("work", "--drain")
        #expect(work.code == 7 || work.code == 8, "\(work)")
        #expect(work.stderr.contains("invalid byte sequence"), "\(work)")
        try world.database.psql("DROP TRIGGER invalid ON users")
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(slug, inserted: 1000)
    }

    /// A constraint nobody thought of stops work, with positions unmoved, instead of filling the rejects.
    @Test func aThousandRefusalsInARowStopWork() throws {
        try world.expect(0, "migrate")
        try world.database.psql("ALTER TABLE users ADD CONSTRAINT adults CHECK (age > 1000)")
        let file = try world.files.write("people.csv", People.csv(0..<3000))
        let slug = try world.push(file)
        let work = try world.expect(8, "work", "--drain")
        #expect(work.stderr.contains("adults"), "\(work)")
        #expect(try world.database.psql("SELECT count(*) FROM userload.rejects") == "0")
        try world.database.psql("ALTER TABLE users DROP CONSTRAINT adults")
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(slug, inserted: 3000)
    }

    @Test func refusalsMayBeTurnedIntoRejects() throws {
        try world.expect(0, "migrate")
        try world.database.psql("ALTER TABLE users ADD CONSTRAINT adults CHECK (age > 1000)")
        let slug = try world.push(try world.files.write("people.csv", People.csv(0..<1500)))
        try world.expect(1, "work", "--drain", "--max-refused", "0")
        try world.expectCompleted(slug, inserted: 0, rejected: 1500)
    }

    /// A trigger that swallows rows makes the sum unequal: never complete.
    @Test func aTriggerThatSwallowsRows() throws {
        try world.expect(0, "migrate")
        try world.database.psql(
            """
            CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.age = 7 THEN RETURN NULL; END IF; RETURN NEW; END $$;
            CREATE TRIGGER swallow BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION swallow();
            """)
        let slug = try world.push(try world.files.write("people.csv", People.csv(0..<1000)))
        try world.expect(3, "work", "--drain")
        #expect(try world.status(slug).state == "inconsistent")
    }

    @Test func missingRightsAreSaidAtOnce() throws {
        try world.expect(0, "migrate")
        try world.database.psql("CREATE ROLE \"reader-\(world.database.name)\" LOGIN")
        defer { _ = try? world.database.psql("DROP ROLE \"reader-\(world.database.name)\"") }
        _ = try world.push(try world.files.write("a.csv", People.csv(0..<10)))
        let result = try world.expect(8, "work", "--drain", changes: ["DB_USER": "reader-\(world.database.name)"])
        #expect(result.stderr.contains("GRANT USAGE ON SCHEMA userload"), "\(result)")
    }

    /// Drain ends when everything up to its start is in, whoever loaded it; 3 only for open jobs with records in this run.
    @Test
    func drain() throws {
        try world.expect(0, "migrate")
        let file = try world.files.write("people.csv", People.csv(0..<200_000))
        let push = try world.start(["push", "--quiet", "--print", "slug", file])
        // The slug comes once every partition has its start marker.
        try push.wait(for: "\n", on: .stdout)
        push.send(SIGKILL)
        #expect(try push.wait().ending == .signal(SIGKILL))
        let open = try world.run("work", "--drain")
        #expect(open.code == 3, "\(open)")
        let later = try world.run("work", "--drain")
        #expect(later.code == 0, "an open job without a record in this run is a note: \(later)")
        _ = try world.push(file)
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(file, inserted: 200_000)
    }

    @Test func drainWithRejectsIsOne() throws {
        let slug = try world.push(try world.files.write("a.csv", "name,age\nAnn,31\nBob,x\n"))
        try world.expect(1, "work", "--drain")
        try world.expectCompleted(slug, inserted: 1, rejected: 1)
    }

    @Test func anAbandonedJobIsOffTheList() throws {
        let file = try world.files.write("people.csv", People.csv(0..<60_000))
        let push = try world.start(["push", "--quiet", "--print", "slug", file])
        try eventually("its slug") { !push.stdout.isEmpty || !push.isRunning }
        push.send(SIGKILL)
        try push.wait()
        let slug = push.stdout.trimmingCharacters(in: .newlines)
        _ = try world.run("work", "--drain")
        try world.expect(0, "abandon", slug)
        #expect(try world.status(slug).state == "abandoned")
        #expect(try world.run("status", "--wait", slug).code == 3)
        // What still comes is loaded, and it is open again.
        _ = try world.push(file)
        try world.expect(0, "work", "--drain")
        try world.expectCompleted(slug, inserted: 60_000)
    }

    /// The counts by age are true whoever writes.
    @Test func statsCountOtherPeoplesRows() throws {
        try world.expect(0, "load", "--quiet", try world.files.write("a.csv", People.csv(0..<200)))
        try world.database.psql("INSERT INTO users (name, age) VALUES ('by hand', 99); DELETE FROM users WHERE age = 5")
        let difference = """
            SELECT count(*) FROM (TABLE userload.age_counts EXCEPT SELECT age, count(*) FROM users GROUP BY age) AS d
            """
        #expect(try world.database.psql(difference) == "0")
    }

    /// A role that owns its tables and no more, on a server that keeps its id to itself.
    @Test func withoutCountsByAge() throws {
        let (role, place) = ("r" + world.database.name, "\(world.database.name) on 127.0.0.1")
        try world.database.psql(
            """
            CREATE ROLE \(role) LOGIN; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;
            GRANT CREATE ON DATABASE \(world.database.name) TO \(role); GRANT CREATE ON SCHEMA public TO \(role)
            """)
        defer {
            _ = try? world.database.psql("DROP OWNED BY \(role)")
            _ = try? world.database.psql("DROP ROLE \(role)")
        }
        let changes = ["DB_USER": role]
        func people() throws -> [String] {
            let stats = try world.expect(0, "stats", "--json", changes: changes).stdout
            return stats.matches(of: #/"count": ?([0-9]+)/#).map { String($0.1) }
        }
        let sentence = """
            error: role \(role) may not execute pg_control_system() in \(place), which tells userload this server from others
            GRANT EXECUTE ON FUNCTION pg_control_system() TO "\(role)"; or, where that cannot be had, \
            `userload migrate --without-age-counts`

            """
        let first = try world.files.write("first.csv", People.csv(0..<3000))
        #expect(try world.expect(8, "load", first, changes: changes).stderr.contains(sentence))
        #expect(try world.expect(8, "migrate", changes: changes).stderr == sentence)
        #expect(
            try world.expect(2, "migrate", "--with-age-counts", "--without-age-counts").stderr.contains(
                "--with-age-counts and --without-age-counts cannot be used together"))
        #expect(
            try world.expect(0, "migrate", "--without-age-counts", changes: changes).stdout
                == """
                created schema userload and table public.users in \(place), as \(role)
                switched the counts by age of public.users off: its triggers are gone, and `stats` counts when it is asked

                """)
        let triggers = "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'users'::regclass"
        #expect(try world.database.psql(triggers) == "0")

        try world.expect(0, "load", "--label", "first", first, changes: changes)
        let second = try world.files.write("second.csv", People.csv(2000..<4000, city: "Oslo") + "Cy,x,,\n")
        try world.expect(
            1, "load", "--label", "second", "--on-duplicate", "update", second, changes: changes)
        try world.expectUsers(4000)
        try world.expect(0, "forget", "--name", "Person 7", "--age", "7", changes: changes)
        try world.expect(0, "undo", "--yes", "second", changes: changes)
        try world.expect(0, "prune", "--older-than", "0s", changes: changes)
        try world.expect(0, "work", "--drain", changes: changes)
        for command in ["jobs", "users", "lag"] { try world.expect(0, command, changes: changes) }
        try world.expect(0, "status", "first", changes: changes)
        let doctor = try world.expect(0, "doctor", changes: changes).stdout.squeezed
        #expect(doctor.contains("ok rights in Postgres all that loading takes"), "\(doctor)")
        try world.expectUsers(2999)
        let groups = """
            SELECT count(*) FILTER (WHERE age < 20), count(*) FILTER (WHERE age BETWEEN 20 AND 40),
                count(*) FILTER (WHERE age BETWEEN 41 AND 60), count(*) FILTER (WHERE age > 60) FROM users
            """
        #expect(try people().joined(separator: "|") == world.database.psql(groups))

        // The same with counts, by a role that may ask for the server's id, and then this one's sentence again.
        try world.expect(0, "migrate", "--with-age-counts")
        #expect(try people().joined(separator: "|") == world.database.psql(groups))
        #expect(try world.expect(8, "work", "--drain", changes: changes).stderr.contains(sentence))
        let found = try world.expect(8, "doctor", changes: changes).stdout.squeezed
        #expect(found.contains("fail rights in Postgres role \(role) may not execute pg_control_system()"), "\(found)")
    }

    /// A worker that reads while the counts are switched off and on: nothing is lost, twice, or counted wrong.
    @Test func theCountsAreSwitchedUnderAWorker() throws {
        try world.expect(0, "migrate")
        let work = try world.start(["work"])
        defer { work.send(SIGTERM) }
        let agree = """
            SELECT count(*) FROM (TABLE userload.age_counts EXCEPT SELECT age, count(*) FROM users GROUP BY age) AS d
            """
        for (number, flag) in ["--without-age-counts", "--with-age-counts"].enumerated() {
            let people = People.csv((number * 10_000)..<((number + 1) * 10_000))
            let push = try world.start(["push", "--quiet", try world.files.write("\(number).csv", people)])
            try eventually("rows come") {
                try world.database.psql("SELECT count(*) > \(number * 10_000) FROM users") == "t"
            }
            try world.expect(0, "migrate", flag)
            #expect(try push.wait(.seconds(120)).code == 0)
            try eventually("all are there") {
                try world.database.psql("SELECT count(*) FROM users") == "\((number + 1) * 10_000)"
            }
            #expect(try world.database.psql(agree) == "0")
        }
        try world.database.psql("DELETE FROM users WHERE age < 50")
        #expect(try world.database.psql(agree) == "0")
        #expect(
            try world.database.psql("SELECT count(*) FROM userload.job_status WHERE state = 'completed'") == "2")
        work.send(SIGTERM)
        #expect(try work.wait(.seconds(30)).code == 0)
    }

    /// Asked before anything is sent, so that nothing has to be sent again.
    @Test func loadAsksForKeyAndRightsFirst() throws {
        try world.expect(0, "migrate")
        let file = try world.files.write("a.csv", People.csv(0..<10))
        let other = try world.expect(8, "load", file, changes: ["USERLOAD_UNIQUE_KEY": "name,age,email"])
        #expect(
            other.stderr.contains(
                """
                a.csv  -         not pushed: the unique key here is name,age,email (USERLOAD_UNIQUE_KEY), that of \
                public.users is name,age
                to load by the table's: USERLOAD_UNIQUE_KEY=name,age; to change the table's: \
                `USERLOAD_UNIQUE_KEY=name,age,email userload migrate`

                """), "\(other)")
        let role = "r" + world.database.name
        _ = try world.database.psql(
            "CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA userload TO \(role); "
                + "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA userload TO \(role); "
                + "GRANT SELECT ON users TO \(role)")
        let refused = try world.expect(8, "load", file, changes: ["DB_USER": role])
        #expect(
            refused.stderr.contains(
                "error: role \(role) may not INSERT on public.users in \(world.database.name) on 127.0.0.1\n"
                    + "GRANT INSERT ON public.users TO \"\(role)\";"), "\(refused)")
        // Nothing of either is in the topic.
        try world.expect(0, "load", file)
        #expect(try world.database.psql("SELECT count(*) FROM userload.jobs") == "1")
        try world.expectCompleted(file, inserted: 10)
    }

    @Test func loadSaysThatItWasInterrupted() throws {
        try world.expect(0, "migrate")
        let holder = try OtherSession(
            world.database, applicationName: "psql", script: "BEGIN; LOCK TABLE users; SELECT pg_advisory_lock(7);")
        try eventually("the table is locked") {
            try world.database.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7") != "0"
        }
        let file = try world.files.write("a.csv", People.csv(0..<10))
        let load = try world.start(["load", file])
        try load.wait(for: "10 records")
        load.send(SIGINT)
        let result = try load.wait(.seconds(30))
        #expect(result.code == 130, "\(result)")
        #expect(
            result.stderr.contains(
                "interrupted before 1 of 1 job had ended; `userload work --drain` loads what is left in Kafka, "
                    + "or the same command again"), "\(result)")
        try holder.send("ROLLBACK;")
        try world.expect(0, "load", file)
        try world.expectCompleted(file, inserted: 10)
    }
}
