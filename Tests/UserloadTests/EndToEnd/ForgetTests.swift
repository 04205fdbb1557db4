// Forgetting a person, as far as Kafka is concerned: until when it keeps what names the person.

import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct ForgetTests {
    let world: World

    init() throws { world = try World() }

    private func forget(_ changes: [String: String] = [:]) throws -> [String] {
        try world.expect(0, "load", "--again", try world.files.write("a.csv", "name,age\nAnn Lee,30\n"))
        let result = try world.expect(0, "forget", "--name", "Ann Lee", "--age", "30", changes: changes)
        let lines = result.stdout.split(separator: "\n").map(String.init)
        #expect(lines.first == "deleted 1 person and 0 rejects", "\(result)")
        return Array(lines.dropFirst())
    }

    @Test func kafkaIsAskedUntilWhen() throws {
        try world.createTopic("max.message.bytes=1064960", "retention.ms=172800000", "segment.ms=3600000")
        let told = try forget()
        #expect(told.count == 1 && told[0].hasPrefix("Kafka keeps the message until about 20"), "\(told)")
        #expect(
            told[0].hasSuffix(
                ": topic \(world.topic) has retention.ms 2 d, and keeps a segment for up to 1 h more (segment.ms)"),
            "\(told)")
    }

    @Test func aTopicThatKeepsForEver() throws {
        try world.createTopic("max.message.bytes=1064960", "retention.ms=-1")
        #expect(
            try forget() == [
                "Kafka keeps the message for ever: topic \(world.topic) has retention.ms -1; kafka-delete-records.sh deletes "
                    + "what was loaded"
            ])
    }

    @Test func aKafkaThatCannotBeAsked() throws {
        let told = try forget(["KAFKA_BROKER": "127.0.0.1:1"])
        #expect(told.count == 2, "\(told)")
        #expect(
            told.first?.hasPrefix(
                "Kafka could not be asked how long topic \(world.topic) keeps messages (127.0.0.1:1: ") == true,
            "\(told)")
        #expect(
            told.last?.hasPrefix("in a topic that push created the message is kept for 7 d, until about 20") == true,
            "\(told)")
    }
}
