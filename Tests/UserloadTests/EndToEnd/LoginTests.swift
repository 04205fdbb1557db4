// Logging in as companies have it: TLS verified on both sides, a client's certificate on both sides, SASL PLAIN and
// SCRAM; and a user of Kafka with the rights that a command takes, and with one less.

import Foundation
import Kafka
import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct LoginTests {
    /// A password over TLS; the newest librdkafka has all three ways, Debian 12's cannot do SCRAM with Kafka 4.
    @Test func passwords() throws {
        let certificates = try Certificates()
        let kafka = try KafkaServer.start(passwords: ["admin": "secret"], tls: certificates.kafka())
        let world = try World(kafka: kafka)
        for (number, mechanism) in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"].enumerated() {
            func login(_ password: String) throws -> [String: String] {
                let config = try world.files.write(
                    mechanism,
                    """
                    security.protocol=SASL_SSL
                    ssl.ca.location=\(certificates.authority)
                    sasl.mechanisms=\(mechanism)
                    sasl.username=admin
                    sasl.password=\(password)

                    """)
                return ["KAFKA_BROKER": "localhost:\(kafka.tlsPort)", "KAFKA_CONFIG": config]
            }
            let file = try world.files.write("\(number).csv", People.csv(number * 100..<number * 100 + 100))
            let canLogIn = mechanism == "PLAIN" || KafkaVersion.speaksSCRAM
            let hint =
                canLogIn
                ? "KAFKA_CONFIG is where TLS and SASL are set"
                : "librdkafka \(KafkaVersion.text) cannot log in to Kafka 4 with SCRAM, whatever the password is: install "
                    + "2.6.1 or newer, or use another mechanism (PLAIN over TLS, a client certificate)"
            func expectRefused(_ password: String) throws {
                let refused = try world.expect(8, "load", file, changes: login(password))
                let words = refused.stderr.replacing("\(kafka.tlsPort)", with: "PORT")
                let reason =
                    mechanism == "PLAIN"
                    ? "Authentication failed: Invalid username or password"
                    : "Authentication failed during authentication due to invalid credentials with SASL mechanism \(mechanism)"
                #expect(
                    words.contains(
                        "Kafka refused access: sasl_ssl://localhost:PORT/bootstrap: SASL authentication error: "
                            + "\(reason)\n\(hint)\n"), "\(refused)")
                #expect(!refused.stderr.contains(password))
            }
            try expectRefused("mistyped")
            guard canLogIn else {
                try expectRefused("secret")
                continue
            }
            let loaded = try world.expect(0, "load", file, changes: login("secret"))
            #expect(loaded.stdout.contains("100 inserted"), "\(loaded)")
        }
    }

    /// Brokers and a database that want a certificate in the client's name, and are verified in full themselves.
    @Test(.needsPostgresTLS) func clientCertificates() throws {
        let certificates = try Certificates()
        let kafka = try KafkaServer.start(
            tls: certificates.kafka(), properties: ["ssl.client.auth": "required"])
        let postgres = try PostgresServer(settings: certificates.postgresSettings(certifying: "etl"))
        let world = try World(kafka: kafka, postgres: postgres)
        try world.database.psql("CREATE ROLE etl LOGIN SUPERUSER")
        let etl = try certificates.issue("etl", to: "etl")
        let somebody = try certificates.issue("somebody", to: "somebody")
        let tls = "security.protocol=SSL\nssl.ca.location=\(certificates.authority)\n"
        func config(_ name: String, _ lines: String) throws -> String { try world.files.write(name, tls + lines) }
        let good = [
            "KAFKA_BROKER": "localhost:\(kafka.tlsPort)",
            "KAFKA_CONFIG": try config(
                "good", "ssl.certificate.location=\(etl.certificate)\nssl.key.location=\(etl.key)\n"),
            "DB_HOST": "localhost", "DB_USER": "etl", "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": certificates.authority, "PGSSLCERT": etl.certificate, "PGSSLKEY": etl.key,
        ]
        let file = try world.files.write("people.csv", People.csv(0..<100))
        let loaded = try world.expect(0, "load", file, changes: good)
        #expect(loaded.stdout.contains("100 inserted"), "\(loaded)")

        let server = #"connection to server at "localhost" (127.0.0.1), port \#(postgres.port) failed"#
        for (name, changes, words) in [
            (
                "none for Kafka", ["KAFKA_CONFIG": try config("none", "")],
                "Kafka refused access: the brokers want a client certificate, and none is set\n"
                    + "set ssl.certificate.location and ssl.key.location in KAFKA_CONFIG\n"
            ),
            (
                "none for Postgres", ["PGSSLCERT": "/nowhere", "PGSSLKEY": "/nowhere"],
                "Postgres refuses: \(server): FATAL: connection requires a valid client certificate (SQLSTATE 28000)\n"
                    + "set sslcert and sslkey: PGSSLCERT and PGSSLKEY, or in DATABASE_URL\n"
            ),
            (
                "somebody else's for Postgres", ["PGSSLCERT": somebody.certificate, "PGSSLKEY": somebody.key],
                #"Postgres refuses: \#(server): FATAL: "trust" authentication failed for user "etl" (SQLSTATE 28000)"#
                    + "\n"
            ),
            (
                "another host's name", ["DB_HOST": "127.0.0.1"],
                #"server certificate for "localhost" does not match host name "127.0.0.1""# + "\n"
            ),
        ] {
            let refused = try world.expect(8, "load", "--again", file, changes: good.merging(changes) { $1 })
            #expect(refused.stderr.contains(words), "\(name): \(refused)")
        }
        try world.expectUsers(100)
    }

    /// What each command takes in Kafka, and what it says of the one right that is missing.
    @Test func oneRightShort() throws {
        let push = ["Create", "DescribeConfigs", "Read", "Write"]
        let work = ["DescribeConfigs", "Read", "group"]
        func without(_ right: String, _ rights: [String]) -> [String] { rights.filter { $0 != right } }
        // In this order: the first ones meet no topic yet. nil: it does its work and says nothing of rights.
        let rows: [(user: String, rights: [String], command: [String], code: Int32, words: String?)] = [
            ("p0", [], ["push"], 8, "Kafka does not let this user see topic TOPIC (ACL: DESCRIBE on the topic)"),
            (
                "p1", without("Create", push), ["push"], 8,
                "there is no topic TOPIC, and this user may not create it (ACL: CREATE on the topic)"
            ),
            (
                "p2", without("Write", push), ["push"], 8,
                "Kafka does not let this user write to topic TOPIC "
                    + "(ACL: WRITE on the topic, or IDEMPOTENT_WRITE on the cluster)"
            ),
            (
                "p3", without("Read", push), ["push"], 0,
                "topic TOPIC may not be read (ACL: READ on the topic): that the job is in it whole was not checked"
            ),
            (
                "p4", without("DescribeConfigs", push), ["push"], 0,
                "the settings of topic TOPIC may not be read (ACL: DESCRIBE_CONFIGS on the topic); they were not checked"
            ),
            ("p5", push, ["push"], 0, nil),
            ("w0", [], ["work"], 8, "Kafka does not let this user see topic TOPIC (ACL: DESCRIBE on the topic)"),
            (
                "w1", without("Read", work) + ["Describe"], ["work"], 8,
                "Kafka does not let this user read topic TOPIC (ACL: READ on the topic)"
            ),
            (
                "w2", without("group", work), ["work"], 8,
                "Kafka does not let this user join the consumer group (ACL: READ on the group)"
            ),
            ("w3", without("DescribeConfigs", work), ["work", "--drain"], 0, nil),
            ("w4", work, ["work", "--drain"], 0, nil), ("l0", push + ["group"], ["load"], 0, nil),
        ]
        let passwords = Dictionary(uniqueKeysWithValues: rows.map { ($0.user, "quill") } + [("admin", "secret")])
        let kafka = try KafkaServer.start(passwords: passwords)
        let world = try World(kafka: kafka)
        let admin = try world.files.write("admin.properties", KafkaServer.toolSettings("secret"))
        for right in Set(rows.flatMap(\.rights)) {
            let users = rows.filter { $0.rights.contains(right) }.flatMap { ["--allow-principal", "User:\($0.user)"] }
            let what =
                right == "group"
                ? ["--operation", "Read", "--group", "userload-", "--resource-pattern-type", "prefixed"]
                : ["--operation", right, "--topic", world.topic]
            try kafka.tool(
                "kafka-acls.sh",
                ["--bootstrap-server", world.broker, "--command-config", admin, "--add"] + users + what)
        }
        try world.expect(0, "migrate")
        for (number, row) in rows.enumerated() {
            let config = try world.files.write(
                row.user,
                "security.protocol=SASL_PLAINTEXT\nsasl.mechanisms=PLAIN\nsasl.username=\(row.user)\nsasl.password=quill\n"
            )
            let file = try world.files.write("\(number).csv", People.csv(number * 10..<number * 10 + 10))
            let takesFile = row.command[0] != "work"
            let result = try world.start(row.command + (takesFile ? [file] : []), ["KAFKA_CONFIG": config]).wait()
            #expect(result.code == row.code, "\(row.user): \(result)")
            if let words = row.words {
                #expect(result.stderr.contains(words.replacing("TOPIC", with: world.topic)), "\(row.user): \(result)")
            } else {
                #expect(!result.stderr.contains("ACL"), "\(row.user): \(result)")
            }
        }
        // Three pushes and one load were let through.
        try world.expectUsers(40)
    }
}
