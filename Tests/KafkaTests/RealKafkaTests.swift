// What only a real broker shows: membership, transactions, expired and remade logs, settings, and the broker's death.

import Kafka
import TestSupport
import Testing

@Suite(.waiting, .needsKafka) struct RealKafkaTests {
    private let server = KafkaServer.shared
    private let topic = unique("t")
    private var settings: ClientSettings { ClientSettings(brokers: server.bootstrapServers) }

    private func make(partitions: Int = 1, _ configuration: [(String, String)] = []) throws {
        let admin = try Admin(settings)
        defer { admin.close() }
        try admin.create(topic: topic, partitions: partitions, configuration: configuration)
        try wait(
            for: "the topic", until: { (try? admin.partitions(of: topic)) == partitions }, step: {})
    }

    private func fill(_ values: Range<Int>, key: String? = nil) throws {
        let sender = try Sender(settings, topic: topic)
        for index in values { sender.produce("v\(index)", key: key, header: "h\(index)") }
        #expect(try sender.flush().filter(\.isAcknowledged).count == values.count)
    }

    // MARK: - Admin

    @Test func topicsAreMadeWithTheirSettingsAndNeverByAsking() throws {
        let admin = try Admin(settings)
        defer { admin.close() }
        // This broker makes topics by itself for clients that let it.
        #expect(try admin.partitions(of: topic) == nil)
        #expect(try admin.partitions(of: topic) == nil)
        #expect(try code(of: { _ = try admin.configuration(of: topic) }) == .unknownTopicOrPartition)
        try make(partitions: 3, [("cleanup.policy", "delete"), ("max.message.bytes", "1064960")])
        let configuration = try admin.configuration(of: topic)
        #expect(configuration["cleanup.policy"] == "delete")
        #expect(configuration["max.message.bytes"] == "1064960")
        #expect(try code(of: { try make(partitions: 3) }) == .topicAlreadyExists)
        #expect(
            try code(of: { try admin.create(topic: "a b", partitions: 1, configuration: []) })
                == KafkaErrorCode(rawValue: 17))
        #expect(
            try code(of: { try admin.create(topic: topic + "x", partitions: 1, configuration: [("no.such", "1")]) })
                == KafkaErrorCode(rawValue: 40))
        #expect(try admin.clusterID()?.count == 22)
    }

    @Test func aProducerDoesNotMakeItsTopic() throws {
        let sender = try Sender(settings, topic: topic, overrides: [("topic.metadata.propagation.max.ms", "500")])
        sender.produce("lost")
        let error = try sender.flush().first?.error
        #expect(error == .unknownTopicOrPartition)
        let admin = try Admin(settings)
        defer { admin.close() }
        #expect(try admin.partitions(of: topic) == nil)
    }

    // MARK: - Reader

    /// Batches above what is fetched at a time come for one partition only in each answer: those that are answered must
    /// not take that place for the log behind their anchors.
    @Test func allPartitionsAreReadThoughTheirBatchesAreLarge() throws {
        try make(partitions: 12)
        var random = SystemRandomNumberGenerator()
        for part in 0..<4 {
            let sender = try Sender(settings, topic: topic)
            for index in part * 1_500..<(part + 1) * 1_500 {
                // Does not compress.
                let value = (0..<60).map { _ in String(random.next(), radix: 36) }.joined()
                for partition in 0..<12 as Range<Int32> {
                    sender.produce(value, partition: partition, header: "\(index)")
                }
            }
            #expect(try sender.flush().filter(\.isAcknowledged).count == 18_000)
        }
        let reader = try Reader(settings, topic: topic, header: "userload")
        defer { reader.close() }
        for offset in [100, 7, 1_200] as [Int64] {
            let places = (0..<12).map { (partition: Int32($0), offset: offset) }
            for result in try reader.read(places, timeout: .seconds(5)) {
                guard case .message(let message) = result else {
                    Issue.record("\(offset): \(result)")
                    continue
                }
                #expect(message.offset == offset && message.header == Array("\(offset)".utf8))
            }
        }
    }

    // MARK: - Consumer

    @Test func pollingKeepsTheMembershipThoughNothingComes() throws {
        try make(partitions: 2)
        let overrides = [("max.poll.interval.ms", "6000"), ("session.timeout.ms", "6000")]
        let member = try Member(settings, overrides: overrides)
        try member.consumer.subscribe(topic)
        try wait(for: "the ends", until: { member.ends.count == 2 }, step: { try member.poll() })
        let end = ContinuousClock.now + .seconds(9)
        while ContinuousClock.now < end { try member.poll(milliseconds: 1000) }
        #expect(member.assigned.count == 1 && member.revoked.isEmpty && member.failures.isEmpty)
        try fill(0..<1)
        try wait(for: "the message", until: { member.messages.count == 1 }, step: { try member.poll() })
        member.consumer.close()
    }

    @Test func notPollingEndsTheMembershipAndPollingRestoresIt() throws {
        try make()
        let overrides = [("max.poll.interval.ms", "6000"), ("session.timeout.ms", "6000")]
        let group = unique("group")
        let member = try Member(settings, group: group, overrides: overrides)
        try member.consumer.subscribe(topic)
        try wait(for: "the end", until: { member.ends.count == 1 }, step: { try member.poll() })
        let admin = try Admin(settings)
        try wait(for: "the group to be left", until: { admin.groupMembers(group) == 0 }, step: {})
        admin.close()
        try wait(for: "the return", until: { member.assigned.count == 2 }, step: { try member.poll() })
        #expect(member.failures.map(\.error.code) == [.maxPollExceeded])
        #expect(member.revoked.map(\.lost) == [true])
        member.consumer.close()
    }

    @Test func aSecondMemberTakesItsShareAndGivesItBack() throws {
        try make(partitions: 4)
        let group = unique("group")
        let first = try Member(settings, group: group)
        try first.consumer.subscribe(topic)
        try wait(for: "the ends", until: { first.ends.count == 4 }, step: { try first.poll() })
        let second = try Member(settings, group: group)
        try second.consumer.subscribe(topic)
        try wait(
            for: "both to have two partitions",
            until: { first.assigned.last?.count == 2 && second.assigned.last?.count == 2 },
            step: {
                try first.poll(milliseconds: 10)
                try second.poll(milliseconds: 10)
            })
        #expect(first.revoked.count == 1 && first.revoked[0].lost == false)
        #expect(Set(first.assigned.last! + second.assigned.last!) == [0, 1, 2, 3])
        second.consumer.close()
        try wait(
            for: "the first to have all again", until: { first.assigned.last?.count == 4 },
            step: { try first.poll(milliseconds: 10) })
        first.consumer.close()
    }

    @Test func transactionMarkersLeaveAGapThatEndAndReaderTell() throws {
        try make()
        try fill(0..<2)
        try server.tool(
            "kafka-producer-perf-test.sh",
            [
                "--topic", topic, "--num-records", "3", "--record-size", "10", "--throughput", "-1",
                "--transactional-id", topic, "--producer-props", "bootstrap.servers=\(server.bootstrapServers)",
            ])
        let reader = try Reader(settings, topic: topic, header: "userload")
        // The marker is written after the tool was answered.
        try wait(
            for: "the marker", until: { (try? reader.watermarks(partition: 0, timeout: .seconds(10)).high) == 6 },
            step: {})
        try fill(2..<3)
        let member = try Member(settings)
        try member.consumer.subscribe(topic)
        try wait(for: "the end", until: { member.ends[0] == 7 }, step: { try member.poll() })
        #expect(member.messages.map(\.offset) == [0, 1, 2, 3, 4, 6])
        member.consumer.close()
        #expect(try reader.read(partition: 0, offset: 5, timeout: .seconds(10)) == .absent(next: 6))
        #expect(try reader.read(partition: 0, offset: 7, timeout: .seconds(10)) == .absent(next: nil))
        reader.close()
    }

    @Test func theGroupCountsItsMembers() throws {
        try make()
        let group = unique("group")
        let member = try Member(settings, group: group)
        try member.consumer.subscribe(topic)
        try wait(for: "the end", until: { member.ends.count == 1 }, step: { try member.poll() })
        let admin = try Admin(settings)
        #expect(admin.groupMembers(group) == 1)
        #expect(admin.groupMembers(unique("nobody")) ?? 0 == 0)
        admin.close()
        member.consumer.close()
    }

    @Test func committedOffsetsReachLagTools() throws {
        try make()
        try fill(0..<5)
        let group = unique("group")
        let member = try Member(settings, group: group)
        try member.consumer.subscribe(topic)
        try wait(for: "the end", until: { member.ends.count == 1 }, step: { try member.poll() })
        member.consumer.commit([(partition: 0, offset: 4)])
        member.consumer.close()
        let text = try server.tool(
            "kafka-consumer-groups.sh",
            ["--bootstrap-server", server.bootstrapServers, "--describe", "--group", group])
        let row = text.split(separator: "\n").last?.split(separator: " ").map(String.init) ?? []
        #expect(row.dropFirst(1).prefix(5) == [topic, "0", "4", "5", "1"])
    }

    // MARK: - Reader

    @Test func belowTheLogsStartTheReaderSaysWhereItBegins() throws {
        try make()
        try fill(0..<10)
        let reader = try Reader(settings, topic: topic, header: "userload")
        guard case .message = try reader.read(partition: 0, offset: 2, timeout: .seconds(10)) else {
            Issue.record("nothing at 2")
            return
        }
        try deleteRecords(before: 6)
        #expect(try reader.read(partition: 0, offset: 2, timeout: .seconds(10)) == .belowStart(low: 6))
        let many = try reader.read([(0, 7), (0, 5), (0, 10), (0, 0), (0, 6)], timeout: .seconds(10))
        #expect(many[1] == .belowStart(low: 6) && many[3] == many[1] && many[2] == .absent(next: nil))
        guard case .message(let seventh) = many[0], case .message(let sixth) = many[4] else {
            Issue.record("nothing at 6 and 7")
            return
        }
        #expect(seventh.offset == 7 && sixth.offset == 6)
        #expect(try reader.watermarks(partition: 0, timeout: .seconds(10)) == (6, 10))
        reader.close()
    }

    private func deleteRecords(before offset: Int) throws {
        let file = server.directory + "/" + unique("delete") + ".json"
        try write(
            #"{"partitions": [{"topic": "\#(topic)", "partition": 0, "offset": \#(offset)}], "version": 1}"#, to: file)
        try server.tool(
            "kafka-delete-records.sh",
            ["--bootstrap-server", server.bootstrapServers, "--offset-json-file", file])
    }

    @Test func aTopicMadeAnewIsSeenByAReaderThatKnewTheOld() throws {
        try make()
        try fill(0..<10)
        let reader = try Reader(settings, topic: topic, header: "userload")
        guard case .message(let old) = try reader.read(partition: 0, offset: 3, timeout: .seconds(10)) else {
            Issue.record("nothing at 3")
            return
        }
        #expect(old.value == Array("v3".utf8))
        try server.tool(
            "kafka-topics.sh", ["--bootstrap-server", server.bootstrapServers, "--delete", "--topic", topic])
        try wait(
            for: "the topic to be created again",
            until: { (try? make()) != nil }, step: {})
        try fill(100..<105)
        #expect(try reader.watermarks(partition: 0, timeout: .seconds(10)) == (0, 5))
        guard case .message(let new) = try reader.read(partition: 0, offset: 3, timeout: .seconds(10)) else {
            Issue.record("nothing at 3 in the new log")
            return
        }
        #expect(new.value == Array("v103".utf8))
        #expect(try reader.read(partition: 0, offset: 7, timeout: .seconds(10)) == .absent(next: nil))
        reader.close()
    }

    /// 2.0.2 never ends a broker thread whose topic is gone: a close without a limit would never return.
    @Test func aReaderOfATopicThatIsDeletedClosesAndSaysSo() throws {
        try make(partitions: 4)
        try fill(0..<10)
        let reader = try Reader(settings, topic: topic, header: "userload")
        for partition: Int32 in 0..<4 {
            _ = try reader.read(partition: partition, offset: 0, timeout: .seconds(10))
        }
        #expect(try reader.partitions(timeout: .seconds(10)) == 4)
        try server.tool(
            "kafka-topics.sh", ["--bootstrap-server", server.bootstrapServers, "--delete", "--topic", topic])
        try wait(
            for: "the deletion", until: { (try? reader.partitions(timeout: .seconds(10))) == .some(nil) }, step: {})
        #expect(
            try code(of: { _ = try reader.read(partition: 0, offset: 0, timeout: .seconds(5)) }) != nil)
        let before = ContinuousClock.now
        reader.close()
        // A hang would be for ever: 20 s is no measurement.
        #expect(ContinuousClock.now - before < .seconds(20))
    }

    @Test func partitionsThatAreAddedAreKnown() throws {
        try make(partitions: 1)
        let reader = try Reader(settings, topic: topic, header: "userload")
        #expect(try reader.partitions(timeout: .seconds(10)) == 1)
        try server.tool(
            "kafka-topics.sh",
            ["--bootstrap-server", server.bootstrapServers, "--alter", "--partitions", "3", "--topic", topic])
        try wait(
            for: "new partitions", until: { (try? reader.partitions(timeout: .seconds(10))) == 3 }, step: {})
        reader.close()
    }

    @Test func aReaderOfATopicOrPartitionThatIsNotThereSaysSo() throws {
        let reader = try Reader(settings, topic: topic, header: "userload")
        let limit = Duration.seconds(20)
        #expect(
            try code(of: { _ = try reader.read(partition: 0, offset: 0, timeout: limit) }) == .unknownTopicOrPartition)
        let marksCode = try code(of: { _ = try reader.watermarks(partition: 0, timeout: limit) })
        #expect(marksCode == .unknownTopicOrPartition)
        try make(partitions: 2)
        #expect(try reader.read(partition: 1, offset: 0, timeout: limit) == .absent(next: nil))
        #expect(try code(of: { _ = try reader.read(partition: 2, offset: 0, timeout: limit) }) == .unknownPartition)
        reader.close()
    }

    @Test func aMessageOfOneMegabyteTravels() throws {
        try make(partitions: 1, [("max.message.bytes", "1064960")])
        let sender = try Sender(settings, topic: topic)
        let value = String(repeating: "x", count: 1_048_576)
        sender.produce(value, key: String(repeating: "k", count: 2600), header: String(repeating: "h", count: 60))
        #expect(try sender.flush().map(\.isAcknowledged) == [true])
        let reader = try Reader(settings, topic: topic, header: "userload")
        guard case .message(let message) = try reader.read(partition: 0, offset: 0, timeout: .seconds(10)) else {
            Issue.record("nothing at 0")
            return
        }
        #expect(message.value?.count == 1_048_576)
        reader.close()
        let member = try Member(settings)
        try member.consumer.subscribe(topic)
        try wait(for: "the end", until: { member.ends[0] == 1 }, step: { try member.poll() })
        #expect(member.messages.map(\.value.utf8.count) == [1_048_576])
        member.consumer.close()
    }
}
