// Single messages and admin questions against librdkafka's mock cluster.

import Kafka
import TestSupport
import Testing

@Suite(.waiting) struct ReaderTests {
    private let broker: DevBroker
    private let settings: ClientSettings

    init() throws {
        broker = try DevBroker(topic: "t", partitions: 2)
        settings = ClientSettings(brokers: broker.bootstrapServers)
        let sender = try Sender(settings, topic: "t")
        for index in 0..<10 { sender.produce("v\(index)", partition: 0, key: "k\(index)", header: "h\(index)") }
        #expect(try sender.flush().filter(\.isAcknowledged).count == 10)
    }

    @Test func readsTheMessageAtAnOffsetForwardsAndBackwards() throws {
        let reader = try Reader(settings, topic: "t", header: "userload")
        for offset in [3, 9, 0, 5, 5] as [Int64] {
            guard case .message(let message) = try reader.read(partition: 0, offset: offset, timeout: .seconds(10))
            else {
                Issue.record("nothing at \(offset)")
                continue
            }
            #expect(message.offset == offset)
            #expect(message.value == Array("v\(offset)".utf8))
            #expect(message.key == Array("k\(offset)".utf8))
            #expect(message.header == Array("h\(offset)".utf8))
            #expect(message.timestamp > 0)
        }
        reader.close()
    }

    @Test func readsManyPlacesAtOnceAndAnswersInTheirOrder() throws {
        let reader = try Reader(settings, topic: "t", header: "userload")
        defer { reader.close() }
        let places: [(partition: Int32, offset: Int64)] = [(0, 9), (1, 0), (0, 2), (0, 2), (0, 10), (0, 3)]
        let found = try reader.read(places, timeout: .seconds(10))
        let offsets = found.map { if case .message(let message) = $0 { message.offset } else { Int64(-1) } }
        #expect(offsets == [9, -1, 2, 2, -1, 3])
        #expect(found[1] == .absent(next: nil))
        #expect(found[4] == .absent(next: nil))
    }

    /// The batch unpacks to more than librdkafka takes (`receive.message.max.bytes`). What lies before and behind it, and in
    /// other partitions, is read all the same.
    @Test func aBatchThatCannotBeUnpackedIsAnAnswer() throws {
        let text = String(repeating: "x", count: 900_000)
        let large = try Sender(
            settings, topic: "t",
            overrides: [
                ("compression.codec", "zstd"), ("linger.ms", "1000"), ("message.max.bytes", "20000000"),
                ("batch.size", "20000000"),
            ])
        for _ in 0..<4 { large.produce(text, partition: 0) }
        #expect(try large.flush().filter(\.isAcknowledged).count == 4)
        let small = try Sender(settings, topic: "t")
        small.produce("behind", partition: 0)
        small.produce("other", partition: 1)
        #expect(try small.flush().filter(\.isAcknowledged).count == 2)
        let reader = try Reader(
            settings, topic: "t", header: "userload",
            overrides: [("fetch.max.bytes", "1064960"), ("receive.message.max.bytes", "1100000")])
        defer { reader.close() }
        let places: [(partition: Int32, offset: Int64)] = [(0, 9), (0, 10), (0, 12), (0, 13), (0, 14), (1, 0)]
        for (place, result) in zip(places, try reader.read(places, timeout: .seconds(10))) {
            switch result {
            case .message(let message):
                #expect(message.offset == place.offset && !(10..<14).contains(place.offset), "\(place)")
            case .unreadable(let error):
                #expect(place.partition == 0 && (10..<14).contains(place.offset), "\(place)")
                #expect(error.code == .badCompression && error.isUnreadableBatch)
                #expect(error.offset == 10)
            case .absent, .belowStart: Issue.record("\(place): \(result)")
            }
        }
    }

    /// Places that lie close together are read on the way, others in a round of their own; answers come in the order asked.
    @Test(arguments: [false, true]) func readsManyPlaces(readsMany: Bool) throws {
        let sender = try Sender(settings, topic: "t")
        let large = String(repeating: "x", count: 40_000)
        for index in 10..<2_000 {
            sender.produce(index < 1_990 ? "v\(index)" : "v\(index)\(large)", partition: 0, header: "h\(index)")
        }
        #expect(try sender.flush().filter(\.isAcknowledged).count == 1_990)
        let reader = try Reader(settings, topic: "t", header: "userload", readsMany: readsMany)
        let offsets: [Int64] = [1_999, 0, 1, 3, 350, 350, 351, 2, 1_990, 2_000, 5_000, 9]
        let results = try reader.read(
            offsets.map { (0, $0) } + [(1, 0), (1, 4)], timeout: .seconds(10))
        for (offset, result) in zip(offsets, results) {
            guard case .message(let message) = result else {
                #expect(offset >= 2_000 && result == .absent(next: nil), "\(offset)")
                continue
            }
            #expect(message.offset == offset && message.header == Array("h\(offset)".utf8))
        }
        #expect(results.count == 14 && results[12...].allSatisfy { $0 == .absent(next: nil) })
        reader.close()
    }

    @Test(arguments: [(0, 10), (0, 1_000_000), (1, 0), (1, 7)] as [(Int32, Int64)])
    func atTheEndAndBeyondItThereIsNothing(_ partition: Int32, _ offset: Int64) throws {
        let reader = try Reader(settings, topic: "t", header: "userload")
        #expect(try reader.read(partition: partition, offset: offset, timeout: .seconds(10)) == .absent(next: nil))
        // And the same reader still reads what is there.
        guard case .message = try reader.read(partition: 0, offset: 9, timeout: .seconds(10)) else {
            Issue.record("nothing at 9")
            return
        }
        reader.close()
    }

    @Test func knowsWhereTheLogBeginsAndEnds() throws {
        let reader = try Reader(settings, topic: "t", header: "userload")
        let marks = try reader.watermarks(partition: 0, timeout: .seconds(10))
        #expect(marks.low == 0 && marks.high == 10)
        #expect(try code(of: { _ = try reader.watermarks(partition: 7, timeout: .seconds(10)) }) == .unknownPartition)
        #expect(
            try code(of: { _ = try reader.watermarks(of: [0, 7], timeout: .seconds(10)) }) == .unknownPartition)
        let all = try reader.watermarks(of: [1, 0], timeout: .seconds(10))
        #expect(all.map(\.low) == [0, 0])
        #expect(all.map(\.high) == [try reader.watermarks(partition: 1, timeout: .seconds(10)).high, marks.high])
        reader.close()
    }

    @Test func withTheBrokerAwayItTimesOutAndSaysWhy() throws {
        let reader = try Reader(settings, topic: "t", header: "userload")
        _ = try reader.read(partition: 0, offset: 1, timeout: .seconds(10))
        broker.setUp(false)
        let error = try #require(throws: KafkaError.self) {
            try reader.read(partition: 0, offset: 2, timeout: .seconds(1))
        }
        #expect(error.isConnection)
        let marks = try #require(throws: KafkaError.self) {
            try reader.watermarks(partition: 0, timeout: .seconds(1))
        }
        #expect(marks.isConnection)
        broker.setUp(true)
        guard case .message = try reader.read(partition: 0, offset: 2, timeout: .seconds(30)) else {
            Issue.record("nothing at 2")
            return
        }
        reader.close()
    }

    @Test func aClosedReaderSaysSo() throws {
        let reader = try Reader(settings, topic: "t", header: "userload")
        reader.close()
        reader.close()
        let closed = KafkaError(code: .state, message: "the reader is closed")
        #expect(throws: closed) { try reader.read(partition: 0, offset: 0, timeout: .seconds(1)) }
        #expect(throws: closed) { try reader.watermarks(partition: 0, timeout: .seconds(1)) }
    }

    @Test func adminKnowsClusterAndTopics() throws {
        let admin = try Admin(settings)
        #expect(try admin.clusterID()?.hasPrefix("mockCluster") == true)
        #expect(try admin.partitions(of: "t") == 2)
        admin.close()
        #expect(throws: KafkaError(code: .state, message: "the admin handle is closed")) { try admin.clusterID() }
    }

    @Test func theMockClusterAnswersNoAdminRequests() throws {
        let admin = try Admin(settings)
        let limit = Duration.milliseconds(300)
        #expect(try code(of: { _ = try admin.configuration(of: "t", timeout: limit) }) == .timedOut)
        #expect(
            try code(of: { try admin.create(topic: "u", partitions: 1, configuration: [], timeout: limit) })
                == .timedOut)
        admin.close()
    }

    @Test func withNoBrokerEveryQuestionEndsInTime() throws {
        let admin = try Admin(ClientSettings(brokers: "127.0.0.1:1"))
        for question in [
            { _ = try admin.clusterID(timeout: .milliseconds(700)) },
            { _ = try admin.partitions(of: "t", timeout: .milliseconds(700)) },
            { _ = try admin.configuration(of: "t", timeout: .milliseconds(700)) },
            { try admin.create(topic: "t", partitions: 1, configuration: [], timeout: .milliseconds(700)) },
        ] {
            let error = try #require(throws: KafkaError.self) { try question() }
            #expect(error.isConnection)
            #expect(error.message.contains("Connection refused"))
        }
        #expect(admin.groupMembers("g", timeout: .milliseconds(300)) == nil)
        admin.close()
    }
}
