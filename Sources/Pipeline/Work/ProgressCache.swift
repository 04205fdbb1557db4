// Progress that the database was asked for before its messages came: a job comes in all partitions at about the same time,
// so one question serves them all.

import Records

/// What is known of jobs in partitions where nothing of them has come yet. A value; the polling thread's.
///
/// A batch of ours, or somebody else's, may have moved on what is kept here: then the batch built on it loses its swap,
/// and everything is forgotten and asked again.
struct ProgressCache {
    /// Jobs at the same time; beyond that they are asked for again.
    private static let jobs = 64

    private var known: [JobID: [Int32: Progress]] = [:]

    /// Given out once: from then on the caller knows better.
    mutating func take(_ job: JobID, _ partition: Int32) -> Progress? { known[job]?.removeValue(forKey: partition) }

    /// - Parameter found: by partition, those included where nothing of the job has come.
    mutating func keep(_ job: JobID, _ found: [Int32: Progress]) {
        if known.count >= Self.jobs { known = [:] }
        known[job] = found
    }

    /// What was kept of this job may be older than what the database has.
    mutating func forget(_ job: JobID) { known[job] = nil }

    mutating func forgetAll() { known = [:] }
}
