// A push that died, as this host's journal knows it: not all was sent, and nobody is sending.

import Foundation
import Pipeline
import Records

extension Context {
    /// The same jobs; of those without a sign of life for a while, this host's journal is asked.
    func knowingInterrupted(_ jobs: [JobStatus]) -> [JobStatus] {
        guard let journal = Journal.directory(environment: environment).map(Journal.init(directory:)) else {
            return jobs
        }
        return jobs.map { job in
            guard job.state == .pending || job.state == .processing, job.id != .foreign,
                job.lastRecordAge ?? now().timeIntervalSince(job.firstSeenAt) > StatusReport.quietSeconds,
                journal.hasInterrupted(job)
            else { return job }
            var job = job
            job.state = .interrupted
            return job
        }
    }
}
