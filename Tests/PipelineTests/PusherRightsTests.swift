// Pushing with fewer rights than usual: without READ nothing can be looked up, and everything is sent.

import Kafka
import Pipeline
import Records
import TestSupport
import Testing

@Suite(.waiting, .needsKafka) struct PusherRightsTests {
    private func settings(_ server: KafkaServer, _ user: String, _ password: String) -> ClientSettings {
        ClientSettings(
            brokers: server.bootstrapServers,
            entries: [
                ("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanisms", "PLAIN"), ("sasl.username", user),
                ("sasl.password", password),
            ].map { ConfigurationEntry(key: $0, value: $1) })
    }

    @Test func whoMayWriteButNotRead() throws {
        let directory = try TemporaryDirectory()
        let server = try KafkaServer.start(passwords: ["admin": "secret", "writer": "quill"])
        let admin = try directory.write("admin.properties", KafkaServer.toolSettings("secret"))
        let path = try directory.write("a.csv", "name,age\nAnn,30\nBen,31\n")
        var notices: [String] = []
        func push(_ password: String = "quill") -> PushOutcome {
            notices = []
            var options = PushOptions()
            options.partitions = 2
            options.stateDirectory = directory.path("state")
            options.stallTimeout = .seconds(30)
            let pusher = Pusher(
                settings(server, "writer", password), topic: "users", options: options, interrupt: Interrupt()
            ) { event in
                if case .notice(let sentence, _) = event { notices.append(sentence) }
            }
            defer { pusher.close() }
            return pusher.push(path)
        }

        guard case .failed(let error) = push("wrong").result, error.kind == .configuration,
            case let refusal = error.message
        else {
            Issue.record("a wrong password was taken")
            return
        }
        #expect(refusal.hasPrefix("Kafka refused access: ") && !refusal.contains("wrong"))

        guard case .failed(let error) = push().result, error.kind == .configuration, case let words = error.message
        else {
            Issue.record("a topic was made without the right to")
            return
        }
        #expect(words == "Kafka does not let this user see topic users (ACL: DESCRIBE on the topic)")

        func allow(_ operations: String...) throws {
            try server.tool(
                "kafka-acls.sh",
                [
                    "--bootstrap-server", server.bootstrapServers, "--command-config", admin, "--add",
                    "--allow-principal", "User:writer", "--topic", "users",
                ] + operations.flatMap { ["--operation", $0] })
        }
        try allow("Describe")
        let uncreated = push().result
        #expect(
            uncreated
                == .failed(
                    .configuration(
                        "there is no topic users, and this user may not create it (ACL: CREATE on the topic)")))
        try allow("Create")
        let unwritten = push().result
        #expect(
            unwritten
                == .failed(
                    .configuration(
                        "Kafka does not let this user write to topic users "
                            + "(ACL: WRITE on the topic, or IDEMPOTENT_WRITE on the cluster)")))

        try allow("Write")
        let first = push()
        #expect(first.result == .pushed, "\(first.result)")
        #expect(
            notices.last
                == "topic users may not be read (ACL: READ on the topic): that the job is in it whole was not checked")

        let second = push()
        #expect(second.result == .pushed && second.job == first.job)
        #expect(
            notices.contains(
                "topic users may not be read (ACL: READ on the topic), so the journal cannot be checked: everything is "
                    + "sent again"))
        #expect(
            notices.first
                == "the settings of topic users may not be read (ACL: DESCRIBE_CONFIGS on the topic); they were not checked"
        )

        let content = try TopicContent(settings(server, "admin", "secret"), topic: "users")
        #expect(content.kinds(of: first.job!) == [.start: 4, .record: 4, .end: 4])
        #expect(try content.applied(first.job!).count == 2)
    }
}
