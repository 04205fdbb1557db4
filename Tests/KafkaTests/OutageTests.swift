// A real broker that dies, stops answering, or does not believe who we are; each test with a broker of its own.

import Kafka
import TestSupport
import Testing

@Suite(.waiting, .needsKafka, .serialized) struct OutageTests {
    @Test func afterKillNothingAcknowledgedIsLostAndEverybodyGoesOn() throws {
        let server = try KafkaServer.start()
        let settings = ClientSettings(brokers: server.bootstrapServers)
        let admin = try Admin(settings)
        try admin.create(topic: "t", partitions: 1, configuration: [])
        let sender = try Sender(settings, topic: "t")
        let member = try Member(settings)
        let reader = try Reader(settings, topic: "t", header: "userload")
        try member.consumer.subscribe("t")
        sender.produce("before")
        #expect(try sender.flush().map(\.isAcknowledged) == [true])
        try wait(for: "the message", until: { member.messages.count == 1 }, step: { try member.poll() })
        server.kill()
        sender.produce("during")
        try wait(
            for: "problems", until: { !sender.notes.problems.isEmpty && !member.problems.isEmpty },
            step: {
                sender.producer.poll(milliseconds: 10)
                try member.poll(milliseconds: 10)
            })
        #expect(sender.notes.problems.allSatisfy { $0.isConnection })
        #expect(member.problems.allSatisfy { $0.isConnection })
        #expect(try code(of: { _ = try reader.read(partition: 0, offset: 0, timeout: .seconds(1)) })?.rawValue ?? 0 < 0)
        // At a worker's start it is waited for, like every other question.
        let refused = #expect(throws: KafkaError.self) { try admin.configuration(of: "t", timeout: .seconds(1)) }
        #expect(refused?.isConnection == true)
        try server.restart()
        #expect(try sender.flush().map(\.isAcknowledged) == [true, true])
        try wait(
            for: "the message", until: { member.messages.last?.value == "during" }, step: { try member.poll() })
        // A member that joins anew begins at its handler's offset 0 again.
        #expect(Set(member.messages.map { "\($0.offset) \($0.value)" }) == ["0 before", "1 during"])
        #expect(
            try reader.read(partition: 0, offset: 5, timeout: .seconds(30)) == .absent(next: nil))
        reader.close()
        admin.close()
        member.consumer.close()
        sender.close()
    }

    @Test func withABrokerThatDoesNotAnswerEverythingEndsInTime() throws {
        let server = try KafkaServer.start()
        let settings = ClientSettings(brokers: server.bootstrapServers)
        let admin = try Admin(settings)
        try admin.create(topic: "t", partitions: 1, configuration: [])
        let sender = try Sender(settings, topic: "t")
        let member = try Member(settings)
        let reader = try Reader(settings, topic: "t", header: "userload")
        try member.consumer.subscribe("t")
        sender.produce("before")
        #expect(try sender.flush().map(\.isAcknowledged) == [true])
        try wait(for: "the message", until: { member.messages.count == 1 }, step: { try member.poll() })
        server.pause()
        let start = ContinuousClock.now
        for index in 0..<100 { sender.produce("v\(index)") }
        sender.producer.poll(milliseconds: 100)
        member.consumer.commit([(partition: 0, offset: 1)])
        // 2.16 may notice that the connection is dead before the time is over.
        let unread = #expect(throws: KafkaError.self) {
            try reader.read(partition: 0, offset: 0, timeout: .seconds(1))
        }
        #expect(unread?.isConnection == true, "\(unread as Any)")
        #expect(try code(of: { _ = try reader.watermarks(partition: 0, timeout: .seconds(1)) }) == .timedOut)
        // Newer libraries know it from the answers before.
        _ = try? admin.clusterID(timeout: .seconds(1))
        #expect(try code(of: { _ = try admin.partitions(of: "t", timeout: .seconds(1)) })?.rawValue ?? 0 < 0)
        let unanswered = #expect(throws: KafkaError.self) { try admin.configuration(of: "t", timeout: .seconds(1)) }
        #expect(unanswered?.isConnection == true)
        #expect(admin.groupMembers("g", timeout: .seconds(1)) == nil)
        let before = ContinuousClock.now
        // Seven questions of a second each.
        #expect(before - start < .seconds(30))
        sender.close()
        let producer = ContinuousClock.now
        member.consumer.close()
        let consumer = ContinuousClock.now
        reader.close()
        admin.close()
        let rest = ContinuousClock.now
        // Bounds against waiting for a socket (60 s) or a session (10 s), not measurements.
        #expect(producer - before < .seconds(8))
        #expect(consumer - producer < .seconds(8))
        #expect(rest - consumer < .seconds(8))
        #expect(sender.notes.reports.filter(\.isAcknowledged).count == 1)
        server.resume()
    }

    @Test func aWrongPasswordAndAMissingRightAreToldApart() throws {
        let server = try KafkaServer.start(passwords: ["admin": "a-secret", "guest": "g-secret", "writer": "w-secret"])
        func settings(_ user: String, _ password: String) -> ClientSettings {
            let entries = [
                ("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanisms", "PLAIN"), ("sasl.username", user),
                ("sasl.password", password),
            ]
            return ClientSettings(
                brokers: server.bootstrapServers,
                entries: entries.map { ConfigurationEntry(key: $0.0, value: $0.1) })
        }
        let admin = try Admin(settings("admin", "a-secret"))
        try admin.create(topic: "t", partitions: 1, configuration: [])
        admin.close()

        let wrong = settings("admin", "mistyped")
        let refused = try Admin(wrong)
        let error = try #require(throws: KafkaError.self) { try refused.clusterID(timeout: .seconds(30)) }
        #expect(error.isAuthentication && !error.isConnection)
        #expect(!error.message.contains("mistyped"))
        refused.close()
        let sender = try Sender(wrong, topic: "t")
        sender.produce("value")
        try wait(
            for: "the refusal", until: { sender.notes.problems.contains(where: \.isAuthentication) },
            step: { sender.producer.poll(milliseconds: 20) })
        sender.close()
        let member = try Member(wrong)
        try member.consumer.subscribe("t")
        try wait(
            for: "the refusal", until: { member.problems.contains(where: \.isAuthentication) },
            step: { try member.poll() })
        member.consumer.close()
        let blocked = try Reader(wrong, topic: "t", header: "userload")
        let readError = try #require(throws: KafkaError.self) {
            try blocked.read(partition: 0, offset: 0, timeout: .seconds(30))
        }
        #expect(readError.isAuthentication)
        let marksError = try #require(throws: KafkaError.self) {
            try blocked.watermarks(partition: 0, timeout: .seconds(30))
        }
        #expect(marksError.isAuthentication)
        blocked.close()

        let guest = settings("guest", "g-secret")
        let guestAdmin = try Admin(guest)
        #expect(
            try code(of: { try guestAdmin.create(topic: "u", partitions: 1, configuration: []) })
                == .topicAuthorizationFailed)
        #expect(try code(of: { _ = try guestAdmin.configuration(of: "t") }) == .topicAuthorizationFailed)
        #expect(try code(of: { _ = try guestAdmin.partitions(of: "t") }) == .topicAuthorizationFailed)
        guestAdmin.close()
        let guestSender = try Sender(guest, topic: "t")
        guestSender.produce("value")
        let report = try #require(try guestSender.flush().first)
        #expect(report.error.map { KafkaError(code: $0).isAuthorization } == true)
        let guestMember = try Member(guest)
        try guestMember.consumer.subscribe("t")
        try wait(
            for: "the refusal", until: { guestMember.failures.contains { $0.error.isAuthorization } },
            step: { try guestMember.poll() })
        guestMember.consumer.close()
        try expectDenied(guest)

        // One who may write and not read: push without READ on the topic.
        let properties = server.directory + "/admin.properties"
        try write(KafkaServer.toolSettings("a-secret"), to: properties)
        try server.tool(
            "kafka-acls.sh",
            [
                "--bootstrap-server", server.bootstrapServers, "--command-config", properties, "--add",
                "--allow-principal", "User:writer", "--operation", "Write", "--topic", "t",
            ])
        let writer = settings("writer", "w-secret")
        let writing = try Sender(writer, topic: "t")
        writing.produce("value")
        #expect(try writing.flush().map(\.isAcknowledged) == [true])
        try expectDenied(writer)
    }

    /// Reading a message is refused, and soon.
    private func expectDenied(_ settings: ClientSettings) throws {
        let reader = try Reader(settings, topic: "t", header: "userload")
        let error = try #require(throws: KafkaError.self) {
            try reader.read(partition: 0, offset: 0, timeout: .seconds(30))
        }
        #expect(error.isAuthorization)
        reader.close()
    }

    @Test func aPartitionWithoutALeaderIsWaitedFor() throws {
        let broker = try DevBroker(topic: "t", partitions: 3)
        broker.setLeader(false, of: "t", partition: 1)
        let reader = try Reader(ClientSettings(brokers: broker.bootstrapServers), topic: "t", header: "userload")
        let error = #expect(throws: KafkaError.self) { try reader.watermarks(of: [0, 1, 2], timeout: .seconds(1)) }
        #expect(error?.code == .timedOut)
        broker.setLeader(true, of: "t", partition: 1)
        #expect(try reader.watermarks(of: [0, 1, 2], timeout: .seconds(30)).map(\.high) == [0, 0, 0])
    }
}
