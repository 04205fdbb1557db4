// What a sender says of the log and of its end, in sentences without a full stop.

import Kafka

struct JobSenderWords {
    let topic: Topic
    let stallTimeout: Duration
    let isOneJob: Bool

    var startingOver: String {
        "topic \(topic.name) was created again, or lost records, meanwhile: everything is sent again"
    }

    /// nil: nothing to say.
    /// - Parameters:
    ///   - isFirst: nothing of the input was read yet: it is the journal that was checked.
    ///   - claims: by job, what the journal says.
    func evidence(
        _ evidence: ProducerSession.LogEvidence, isFirst: Bool, claims: [ProducerSession.Claim]
    ) -> String? {
        switch evidence {
        case .believed: nil
        case .another where isFirst:
            "topic \(topic.name) is not the one \(isOneJob ? "this job" : "these jobs") went to before (created again?): "
                + "everything is sent again"
        case .another: nil
        case .expired(let lanes) where isFirst:
            // Of a job that was pushed whole, its own line tells.
            expired(lanes.filter { claims[$0 / topic.partitions] == .open })
        case .expired:
            "\(topic.name) has dropped records of \(isOneJob ? "this job" : "these jobs") already (retention); `status` "
                + "tells whether all were read"
        case .unreadable where isFirst:
            "topic \(topic.name) may not be read (ACL: READ on the topic), so the journal cannot be checked: everything is "
                + "sent again"
        case .unreadable:
            "topic \(topic.name) may not be read (ACL: READ on the topic): that the "
                + "\(isOneJob ? "job is in it whole" : "jobs are in it whole") was not checked"
        }
    }

    private func expired(_ lanes: [Int]) -> String? {
        let partitions = Set(lanes.map { $0 % topic.partitions })
        guard !partitions.isEmpty else { return nil }
        return "what was sent before has expired from \(partitions.count) of \(topic.partitions) "
            + "partition\(topic.partitions == 1 ? "" : "s") of \(topic.name); "
            + (partitions.count == 1 ? "it is sent from its start" : "these are sent from their start")
    }

    func failure(of stop: ProducerSession.Stop) -> PipelineError {
        switch stop {
        case .failed(let error): fatalFailure(error, topic: topic.name, to: .write) ?? .kafka("\(error)")
        case .stalled(let error):
            gaveUp(
                error,
                "no acknowledgement for \(TopicPreparation.spelled(stallTimeout))" + (error.map { ": \($0)" } ?? ""))
        case .lost(isReadable: true):
            .lost("topic \(topic.name) was created again, or lost records, and the input cannot be read again")
        case .lost(isReadable: false):
            .lost(
                "the connection was lost, and topic \(topic.name) may not be read to see what arrived (ACL: READ on the topic)"
            )
        case .restless: .lost("topic \(topic.name) is created again, or loses records, over and over")
        }
    }
}
