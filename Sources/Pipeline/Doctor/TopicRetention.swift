// How long a topic keeps its messages: for `forget`, which cannot delete them there.

internal import Foundation
package import Kafka

package enum TopicRetention: Equatable, Sendable {
    /// In milliseconds; negative: for ever. `segment`: how much longer a message may stay, until the file it is in is closed.
    case kept(Int64, segment: Int64?)
    /// librdkafka's mock cluster, which has it in memory.
    case mock
    case noTopic
    /// A sentence.
    case notKnown(String)

    /// Some seconds at most.
    /// - Parameter isCancelled: looked at while it waits.
    package static func ask(
        _ settings: ClientSettings, topic: String, isCancelled: @escaping () -> Bool
    ) -> TopicRetention {
        let end = ContinuousClock.now + .seconds(5)
        do {
            let admin = try Admin(settings, isCancelled: isCancelled)
            defer { admin.close() }
            func timeout() -> Duration { max(.milliseconds(500), end - .now) }
            guard try admin.partitions(of: topic, timeout: timeout()) != nil else { return .noTopic }
            if isMockCluster(try admin.clusterID(timeout: timeout()) ?? noClusterID) { return .mock }
            let found = try admin.configuration(of: topic, timeout: timeout())
            guard let retention = found["retention.ms"].flatMap({ Int64($0) }) else {
                return .notKnown("it does not say retention.ms")
            }
            return .kept(retention, segment: found["segment.ms"].flatMap { Int64($0) })
        } catch {
            return .notKnown(fatalFailure(error, topic: topic, to: .see)?.message ?? sentence(error))
        }
    }
}
