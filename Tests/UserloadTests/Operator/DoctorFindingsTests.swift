// What `doctor` makes of facts: verdict, words, remedy.

import Foundation
import Pipeline
import Records
import Testing

@testable import userload

private let now = Date(timeIntervalSince1970: 1_795_831_200)

@Suite struct DoctorFindingsTests {
    private func kafka(_ change: (inout KafkaFacts) -> Void = { _ in }) -> [Finding] {
        var facts = KafkaFacts()
        facts.brokers = "k:9092"
        facts.topic = "users"
        facts.version = "2.0.2"
        facts.cluster = .value("c1")
        facts.partitions = .value(12)
        facts.settings = .value([
            "cleanup.policy": "delete", "max.message.bytes": "1064960", "retention.ms": "604800000",
            "message.timestamp.type": "LogAppendTime",
        ])
        facts.newestMessage = .value(now.addingTimeInterval(-120))
        change(&facts)
        return kafkaFindings(facts, now: now)
    }

    private func set(_ name: String, _ value: String) -> [Finding] {
        kafka { facts in
            guard case .value(var settings?) = facts.settings else { return }
            settings[name] = value
            facts.settings = .value(settings)
        }
    }

    @Test func aKafkaThatIsAsItMustBe() {
        #expect(
            kafka() == [
                .ok("librdkafka", "2.0.2; below 2.6.1 it cannot log in to Kafka 4 with SCRAM"),
                .ok("brokers", "k:9092 answer, cluster c1"),
                .ok("topic", "users, 12 partitions"),
                .ok("topic settings", "cleanup.policy delete, records are kept for 7 d"),
                .ok("rights in Kafka", "DESCRIBE and READ on the topic"),
                .notTested(
                    "rights in Kafka",
                    "WRITE on the topic: librdkafka 2.0.2 cannot ask without sending; a push will show it"),
                .ok("clock of Kafka", "a message at a log's end is 2 min old: not ahead of this host's"),
            ])
    }

    @Test func scramWithAnOldLibrary() {
        #expect(
            kafka { $0.usesSCRAM = true }[0]
                == .warn(
                    "librdkafka",
                    "2.0.2; below 2.6.1 it cannot log in to Kafka 4 with SCRAM, which KAFKA_CONFIG asks for",
                    "install librdkafka 2.6.1 or newer, or use another mechanism (PLAIN over TLS, a client certificate)"
                ))
        let newer = kafka {
            $0.usesSCRAM = true
            $0.version = "2.6.1"
        }
        #expect(newer[0] == .ok("librdkafka", "2.6.1"))
    }

    @Test(arguments: [
        ("2.0.2", [2, 6, 1], true), ("2.6.1", [2, 6, 1], false), ("2.13.0-RC1", [2, 6, 1], false),
        ("2.6", [2, 6, 1], true),
        ("14.9 (Debian)", [15], true), ("15.18 (Debian 15.18-0+deb12u1)", [15], false), ("", [1], true),
    ])
    func versions(text: String, other: [Int], isOld: Bool) { #expect(isOlder(text, than: other) == isOld) }

    @Test func noBroker() {
        let findings = kafka {
            $0.cluster = .failed(.kafka("connection refused"))
            $0.partitions = .notAsked
            $0.settings = .notAsked
            $0.newestMessage = .notAsked
        }
        #expect(findings.map(\.verdict) == [.ok, .fail, .notTested, .notTested])
        #expect(findings[1].text == "k:9092: connection refused")
        #expect(
            findings[1].remedy
                == "KAFKA_BROKER or --broker names your brokers; is one of them up, and reachable from here?")
        let refused = kafka { $0.cluster = .failed(.configuration("Kafka refuses us", hint: "KAFKA_CONFIG is where")) }
        #expect(refused[1].remedy == "KAFKA_CONFIG is where")
    }

    @Test func noTopic() {
        let findings = kafka {
            $0.partitions = .value(0)
            $0.settings = .notAsked
            $0.newestMessage = .notAsked
        }
        #expect(findings[2] == .warn("topic", "users does not exist", "`userload push FILE` creates it"))
        #expect(findings.count == 4)
    }

    @Test func settingsThatLoseRecords() {
        let alter =
            "kafka-configs.sh --bootstrap-server k:9092 --alter --entity-type topics --entity-name users --add-config "
        #expect(
            set("cleanup.policy", "compact,delete")[3]
                == .fail(
                    "cleanup.policy", "compact,delete: a compacted topic loses records", alter + "cleanup.policy=delete"
                ))
        #expect(
            set("max.message.bytes", "1048588")[3]
                == .fail(
                    "max.message.bytes", "1048588: too small for our largest record",
                    alter + "max.message.bytes=1064960"))
        #expect(
            set("retention.ms", "3600000")[3]
                == .warn(
                    "retention.ms", "records are dropped 1 h after they were sent, loaded or not",
                    alter + "retention.ms=604800000"))
        #expect(set("retention.ms", "-1")[3].text == "cleanup.policy delete, records are kept for ever")
        #expect(
            set("message.timestamp.type", "CreateTime")[3]
                == .warn(
                    "message.timestamp.type", "CreateTime: ages of messages are by the clocks of those who send",
                    alter + "message.timestamp.type=LogAppendTime"))
    }

    @Test func whatMayNotBeAsked() {
        let hidden = kafka { $0.settings = .failed(.configuration("denied")) }
        #expect(hidden[3] == .notTested("topic settings", "denied (ACL: DESCRIBE_CONFIGS on the topic)"))
        let mock = kafka { $0.settings = .value(nil) }
        #expect(mock[3] == .notTested("topic settings", "this is a dev-broker, which cannot say"))
        let unread = kafka { $0.newestMessage = .failed(.configuration("may not read")) }
        #expect(
            unread[4]
                == .fail(
                    "rights in Kafka", "may not read", "samples/kafka-acls.sh has the rights that push and work take"))
        #expect(unread.last?.verdict == .notTested)
    }

    @Test func aBrokersClockThatIsAhead() {
        let findings = kafka { $0.newestMessage = .value(now.addingTimeInterval(90)) }
        #expect(
            findings.last
                == .warn(
                    "clock of Kafka", "ahead of this host's by at least 1 min",
                    "let NTP set the clocks of both (timedatectl status)"))
    }

    // MARK: Group and lag

    private func lag(_ behind: Int64, age: Double, members: [LagMember]? = [], expired: Int64 = 0) -> [Finding] {
        let oldest = behind > 0 ? Int64((now.timeIntervalSince1970 - age) * 1000) : nil
        let partition = PartitionLag(
            partition: 0, nextOffset: 1, low: 1 + expired, end: 1 + expired + behind, oldest: oldest)
        return lagFindings(.value(Lag(partitions: [partition], members: members, group: "g")), now: now)
    }

    @Test func groupAndLag() {
        #expect(lag(0, age: 0) == [.ok("group", "g: 0 consumers, nothing to read"), .ok("lag", "nothing behind")])
        let member = LagMember(client: "c", host: "h", partitions: [])
        #expect(
            lag(5, age: 60, members: [member]) == [
                .ok("group", "g: 1 consumer"), .ok("lag", "5 messages behind, the oldest 1 min old"),
            ])
        #expect(
            lag(1, age: 7200) == [
                .warn(
                    "group", "g: no consumers, and there is something to read",
                    "start `userload work`, as a service; from cron `userload load` and `userload work --drain` do without"
                ),
                .warn(
                    "lag", "1 message behind, the oldest 2 h old",
                    "`userload lag` shows whether it moves, and for how long"),
            ])
        #expect(
            lag(0, age: 0, members: nil, expired: 2) == [
                .notTested("group", "g: its consumers cannot be told (ACL: DESCRIBE on the group)"),
                .warn(
                    "lag", "nothing behind, but 2 messages expired before they were read",
                    "`userload jobs` shows what is stalled; `userload push --resend` sends it again"),
            ])
        #expect(lagFindings(.notAsked, now: now).map(\.verdict) == [.notTested])
        #expect(lagFindings(.failed(.kafka("away")), now: now) == [.fail("lag", "away", "see `userload lag`")])
    }

    // MARK: Database

    private func database(_ change: (inout DatabaseFacts) -> Void) -> [Finding] {
        var facts = DatabaseFacts()
        facts.place = "crm on db1 as etl"
        facts.serverVersion = "15.18 (Debian)"
        facts.encoding = "UTF8"
        facts.skew = 0.2
        facts.schemaVersion = DatabaseFacts.knownSchemaVersion
        change(&facts)
        return databaseFindings(facts, libpq: "15.18", wantedKey: nil)
    }

    @Test func noDatabase() {
        let findings = database {
            $0.place = nil
            $0.problem = .postgres("connection refused")
        }
        #expect(findings.map(\.verdict) == [.ok, .fail, .notTested])
        #expect(findings[1].text == "connection refused")
        #expect(findings[1].remedy?.hasPrefix("DATABASE_URL, or DB_HOST") == true)
    }

    @Test func servers() {
        #expect(database { _ in }[1] == .ok("database", "crm on db1 as etl, Postgres 15.18 (Debian)"))
        #expect(
            database { $0.serverVersion = "14.1" }[1]
                == .fail("database", "crm on db1 as etl runs Postgres 14.1", "userload needs Postgres 15 or newer"))
        #expect(database { $0.encoding = "LATIN1" }[1].verdict == .fail)
        #expect(
            database { $0.isStandby = true }[1]
                == .fail(
                    "database", "crm on db1 as etl is a standby, which takes no writes",
                    "name the primary in DATABASE_URL"))
        #expect(database { _ in }[2] == .ok("pooler", "none in between"))
        #expect(
            database { $0.hasPooler = true }[2]
                == .ok("pooler", "one is in between, like PgBouncer, and it lets transactions through"))
        #expect(
            database { $0.skew = -90 }[3]
                == .warn(
                    "clock of Postgres", "behind this host's by 1 min",
                    "let NTP set the clocks of both (timedatectl status)"))
        // An answer that took 20 s says little.
        let slow = database {
            $0.skew = 9
            $0.skewError = 10
        }
        #expect(slow[3].verdict == .ok)
    }

    @Test func schema() {
        let known = DatabaseFacts.knownSchemaVersion
        #expect(database { _ in }[4] == .ok("schema", "version \(known)"))
        #expect(
            database { $0.schemaVersion = known - 1 }[4]
                == .fail("schema", "version \(known - 1), this userload needs \(known)", "userload migrate"))
        #expect(database { $0.schemaVersion = known + 1 }[4].remedy == "upgrade userload")
        #expect(
            database { $0.schemaVersion = nil }[4]
                == .warn(
                    "schema", "there is no schema userload yet",
                    "`userload load` and `userload work` create it; or `userload migrate`, as a role that may"))
        let refused = database {
            $0.schemaVersion = nil
            $0.problem = .configuration("role may not read", hint: "GRANT")
        }
        #expect(refused[4].verdict == .notTested)
        #expect(refused[5] == .fail("database", "role may not read", "GRANT"))
    }

    // MARK: Host and labels

    @Test func stateDirectory() throws {
        var state = StateDirectory()
        #expect(hostFindings(state).map(\.verdict) == [.warn])
        state.path = "/var/lib/u"
        state.existing = "/var/lib"
        #expect(
            hostFindings(state) == [
                .fail(
                    "state directory", "/var/lib/u cannot be created in /var/lib",
                    "let this user write there, or set USERLOAD_STATE_DIR to another folder")
            ])
        state.isWritable = true
        state.freeBytes = 5_000_000
        #expect(
            hostFindings(state) == [
                .ok("state directory", "/var/lib/u, created by the first push"),
                .fail("disk", "5.0 MB left at /var/lib", "make room: df -h /var/lib"),
            ])
        state.freeBytes = 5_000_000_000
        #expect(hostFindings(state).last == .ok("disk", "5.0 GB left there"))
        state.freeEntries = 3
        #expect(hostFindings(state).last == .fail("disk", "3 inodes left at /var/lib", "make room: df -i /var/lib"))
        #expect(StateDirectory(path: "/tmp/not/there/at/all").existing == "/tmp")
    }

    @Test func labels() {
        let times = Times(now: now, zone: TimeZone(identifier: "UTC")!)
        let at = now.addingTimeInterval(-7 * 3600)
        let when = times.dayAndTime(at)
        func run(_ completed: Int, _ jobs: Int, rejected: Int = 0, fixed: Int = 0, _ states: String? = nil) -> NewestRun
        {
            NewestRun(
                label: "night ly", host: "etl1", at: at, files: 6, jobs: jobs, completed: completed, rejected: rejected,
                fixed: fixed, otherStates: states)
        }
        #expect(
            labelFindings([run(6, 6, rejected: 12, fixed: 2), run(4, 5, "stalled")], times: times) == [
                .ok("label night ly", "\(when) by etl1 (7 h ago): 6 files completed, 10 rejects"),
                .warn(
                    "label night ly",
                    "\(when) by etl1 (7 h ago): 4 of 6 files completed (stalled; 1 not in the database)",
                    "userload status 'night ly'"),
            ])
    }

    @Test func theReport() {
        let findings: [Finding] = [
            .ok("a", "fine"), .warn("longer", "odd \u{1B}[31m", "do this"), .fail("b", "bad", "do that"),
            .notTested("c", "?"),
        ]
        #expect(
            doctorReport(findings) == [
                "ok          a       fine",
                "warn        longer  odd \\x1B[31m",
                "            → do this",
                "fail        b       bad",
                "            → do that",
                "not tested  c       ?",
                "1 ok, 1 warning, 1 failure, 1 not tested",
            ])
        #expect(
            doctorReport(findings, troubleOnly: true) == [
                "warn  longer  odd \\x1B[31m", "      → do this", "fail  b       bad", "      → do that",
            ])
        #expect(doctorReport([.ok("a", "fine")], troubleOnly: true) == [])
        #expect(
            doctorDocument([.fail("b", "bad", "do")]).text
                == #"{"ok": 0, "warnings": 0, "failures": 1, "not_tested": 0, "findings": [{"verdict": "fail", "name": "b", "#
                + #""text": "bad", "remedy": "do"}]}"#)
    }
}
