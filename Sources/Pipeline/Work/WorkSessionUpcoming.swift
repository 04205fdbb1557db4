// What a session sees of messages before it takes them.

import Kafka
import Records

extension WorkSession {
    /// Of the messages polled with the one in hand: jobs of which nothing is known in their partitions.
    func upcomingJobs() -> Set<JobID> {
        var found: Set<JobID> = []
        consumer.forEachUpcoming { message in
            guard let header = message.header(WireHeader.name) else { return }
            let job: JobID
            switch WireHeader.decode(header) {
            case .header(let header): job = header.job
            case .newer(_, let newer, _): job = newer
            case .malformed: return
            }
            if state(of: message.partition)?.knows(job) == false { found.insert(job) }
        }
        return found
    }
}
