// Until when Kafka keeps what names a person who was forgotten: the words.

import Foundation
import Pipeline
import Testing

@testable import userload

@Suite struct KeptReportTests {
    private func report(_ retention: TopicRetention, topic: String? = "users", latest: Date? = sampleNow) -> [String] {
        keptReport(retention, topic: topic, brokers: topic == nil ? nil : "k:9092", latest: latest, times: utc)
    }

    @Test func whatTheTopicSays() {
        #expect(
            report(.kept(604_800_000, segment: 86_400_000)) == [
                "Kafka keeps the message until about 2026-11-30 09:00: topic users has retention.ms 7 d, and keeps a segment "
                    + "for up to 24 h more (segment.ms)"
            ])
        #expect(
            report(.kept(3_600_000, segment: nil), latest: nil)
                == ["Kafka keeps a message for 1 h after it was sent: topic users has retention.ms 1 h"])
        #expect(
            report(.kept(-1, segment: nil)) == [
                "Kafka keeps the message for ever: topic users has retention.ms -1; kafka-delete-records.sh deletes what was "
                    + "loaded"
            ])
        #expect(report(.mock) == ["Kafka keeps the message until the dev-broker stops, or has no room for it"])
        #expect(report(.noTopic) == ["Kafka keeps nothing: topic users does not exist on k:9092"])
    }

    @Test func whatCannotBeAsked() {
        #expect(
            report(.notKnown("no answer \u{1B}[1m")) == [
                "Kafka could not be asked how long topic users keeps messages (k:9092: no answer \\x1B[1m)",
                "in a topic that push created the message is kept for 7 d, until about 2026-11-30 09:00",
            ])
        #expect(
            report(.notKnown("no topic is named"), topic: nil, latest: nil) == [
                "Kafka could not be asked how long its topic keeps messages (no topic is named)",
                "in a topic that push created a message is kept for 7 d",
            ])
    }
}
