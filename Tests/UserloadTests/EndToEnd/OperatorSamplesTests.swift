// What samples/ has for operators, tried as they would use it.

import Foundation
import TestSupport
import Testing

private let samples = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../samples")
    .standardized.path

@Suite(.waiting) struct OperatorSamplesTests {
    @Test(.needsPromtool) func alerts() throws {
        try Promtool.check(rules: samples + "/prometheus-alerts.yml")
    }

    /// Every series that an alert asks for is one that is written.
    @Test func alertsNameMetricsThatAreThere() throws {
        let alerts = try String(contentsOfFile: samples + "/prometheus-alerts.yml", encoding: .utf8)
        let sources = samples + "/../Sources/userload"
        let written = try ["Metrics/RunRecord.swift", "Work/WorkActivity.swift"]
            .map { try String(contentsOfFile: "\(sources)/\($0)", encoding: .utf8) }.joined()
        let names = alerts.matches(of: /userload_[a-z_]+/).map { String($0.output) }
        #expect(names.count >= 5)
        for name in names { #expect(written.contains("\"\(name)\""), "\(name)") }
    }

    @Test(
        .enabled("needs systemd-analyze") { FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze") })
    func units() throws {
        let directory = try TemporaryDirectory()
        let names = try FileManager.default.contentsOfDirectory(atPath: samples + "/systemd")
        #expect(names.count == 4)
        for name in names {
            // Programs that are on this machine.
            let text = try String(contentsOfFile: samples + "/systemd/" + name, encoding: .utf8)
                .replacing("/usr/local/bin/userload", with: "/bin/true").replacing(
                    "/usr/sbin/sendmail", with: "/bin/true")
            _ = try directory.write(name, text)
        }
        let units = [
            "userload-work.service", "userload-load@x.service", "userload-load@x.timer", "userload-failed@x.service",
        ]
        #expect(try run("/usr/bin/systemd-analyze", ["verify"] + units.map { directory.path($0) }) == "")
    }

    /// A migrator, a worker and a reader, as the files say; each can do its work, and no more.
    @Test(.needsServers) func roles() throws {
        // Roles belong to a whole cluster.
        let postgres = try PostgresServer()
        let world = try World(postgres: postgres)
        func script(_ name: String, as user: String) throws {
            try run(
                PostgresServer.binaries! + "/psql",
                [
                    "-Xq", "-v", "ON_ERROR_STOP=1", "-h", postgres.host, "-p", "\(postgres.port)", "-U", user, "-d",
                    world.database.name, "-f", samples + "/" + name,
                ])
        }
        try script("roles.sql", as: postgres.user)
        let migrator = ["DB_USER": "userload_migrator"]
        let worker = ["DB_USER": "userload_worker"]
        let reader = ["DB_USER": "userload_reader"]
        try world.expect(0, "migrate", changes: migrator)
        let file = try world.files.write("people.csv", People.csv(0..<100) + "Nobody,x,,\n")
        let refused = try world.expect(8, "load", file, changes: worker)
        #expect(refused.stderr.contains("role userload_worker may not read schema userload"), "\(refused)")
        // Twice: after each upgrade.
        try script("grants.sql", as: "userload_migrator")
        try script("grants.sql", as: "userload_migrator")

        try world.expect(1, "load", "--label", "nightly", file, changes: worker)
        try world.expect(1, "load", "--again", file, changes: worker)
        _ = try world.push(try world.files.write("more.csv", People.csv(100..<200)))
        let service = try world.start(["work"], worker)
        try service.wait(for: "caught up: 100 inserted")
        service.send(SIGTERM)
        #expect(try service.wait().code == 0)
        try world.expectUsers(200)

        for command in [["jobs"], ["status", "nightly"], ["rejects", "nightly"], ["users"], ["stats"], ["lag"]] {
            let result = try world.start(command, reader).wait()
            #expect(result.code == 0, "\(command): \(result)")
        }
        try world.expect(8, "load", "--again", file, changes: reader)

        // One right short, and it is told with the GRANT that mends it.
        let rights = try String(contentsOfFile: samples + "/../Sources/Pipeline/sql/rights.sql", encoding: .utf8)
        var tried = 0
        for match in rights.matches(of: /\('userload', '([a-z_]+)', '\{([A-Z,]+)\}'\)/) {
            let table = "userload.\(match.output.1)"
            for right in match.output.2.split(separator: ",") {
                try world.database.psql("REVOKE \(right) ON \(table) FROM userload_worker")
                let short = try world.expect(8, "work", "--drain", changes: worker)
                #expect(
                    short.stderr.contains("GRANT \(right) ON \(table) TO \"userload_worker\";")
                        || short.stderr.contains("GRANT SELECT ON ALL TABLES IN SCHEMA userload"),
                    "\(right) on \(table): \(short)")
                try world.database.psql("GRANT \(right) ON \(table) TO userload_worker")
                tried += 1
            }
        }
        #expect(tried >= 17)
        for right in ["SELECT", "INSERT"] {
            try world.database.psql("REVOKE \(right) ON users FROM userload_worker")
            let short = try world.expect(8, "work", "--drain", changes: worker)
            #expect(short.stderr.contains("GRANT \(right) ON public.users TO \"userload_worker\";"), "\(short)")
            try world.database.psql("GRANT \(right) ON users TO userload_worker")
        }
        try world.database.psql("REVOKE UPDATE ON users FROM userload_worker")
        let short = try world.expect(8, "load", "--again", "--on-duplicate", "update", file, changes: worker)
        #expect(short.stderr.contains("GRANT UPDATE ON public.users TO \"userload_worker\";"), "\(short)")
    }

    /// Two users of a Kafka with authorization, with the rights that the script gives and no others.
    @Test(.needsServers) func kafkaRights() throws {
        let server = try KafkaServer.start(passwords: ["admin": "secret", "pusher": "quill", "worker": "spade"])
        let world = try World(kafka: server)
        let admin = try world.files.write("admin.properties", KafkaServer.toolSettings("secret"))
        func config(_ user: String, _ password: String) throws -> [String: String] {
            let path = try world.files.write(
                user + ".properties",
                "security.protocol=SASL_PLAINTEXT\nsasl.mechanisms=PLAIN\nsasl.username=\(user)\nsasl.password=\(password)\n"
            )
            return ["KAFKA_CONFIG": path]
        }
        let pusher = try config("pusher", "quill")
        let worker = try config("worker", "spade")
        let file = try world.files.write("people.csv", People.csv(0..<100))
        try world.expect(8, "push", file, changes: pusher)
        try run(
            samples + "/kafka-acls.sh", [],
            environment: [
                "PATH": "\(KafkaServer.home!)/bin:/usr/bin:/bin", "BROKER": world.broker, "TOPIC": world.topic,
                "PUSHER": "User:pusher", "WORKER": "User:worker", "ADMIN": admin,
                "JAVA_HOME": ProcessInfo.processInfo.environment["JAVA_HOME"] ?? "",
            ])
        let pushed = try world.expect(0, "push", file, changes: pusher)
        #expect(!pushed.stderr.contains("may not"), "\(pushed)")
        let service = try world.start(["work"], worker)
        try service.wait(for: "caught up: 100 inserted")
        let lag = try world.expect(0, "lag", changes: worker)
        #expect(lag.stdout.contains(": 1 consumer\n"), "\(lag)")
        let doctor = try world.expect(0, "doctor", changes: worker)
        #expect(doctor.stdout.squeezed.contains("ok rights in Kafka DESCRIBE and READ on the topic\n"), "\(doctor)")
        service.send(SIGTERM)
        #expect(try service.wait().code == 0)
        // The worker may not send.
        let refused = try world.expect(8, "push", "--again", file, changes: worker)
        #expect(refused.stderr.contains("ACL: WRITE on the topic"), "\(refused)")
    }
}
