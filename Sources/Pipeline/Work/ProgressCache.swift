// Progress that the database was asked for before its messages came: many jobs come one behind the other, and each comes in
// all partitions at about the same time, so one question serves them all.

import Records

/// What is known of jobs in partitions where nothing of them has come yet. A value; the polling thread's.
///
/// A batch of ours, or somebody else's, may have moved on what is kept here: then the batch built on it loses its swap,
/// and everything is forgotten and asked again.
struct ProgressCache {
    /// Beyond that they are asked for again.
    static let mostJobs = 16_384
    private static let mostPlaces = 262_144

    private struct Entry {
        let known: KnownProgress
        let partitions: Set<Int32>
        /// Partitions for which it was given out.
        var given: Set<Int32> = []
    }

    private var entries: [JobID: Entry] = [:]
    private var places = 0

    /// Given out once: from then on the caller knows better.
    mutating func take(_ job: JobID, _ partition: Int32) -> Progress? {
        guard let entry = entries[job], entry.partitions.contains(partition),
            entries[job]!.given.insert(partition).inserted
        else { return nil }
        return entry.known.progress(partition)
    }

    func has(_ job: JobID) -> Bool { entries[job] != nil }

    /// - Parameter partitions: for which it was asked.
    mutating func keep(_ job: JobID, _ known: KnownProgress, partitions: Set<Int32>) {
        if entries.count >= Self.mostJobs || places >= Self.mostPlaces { forgetAll() }
        places += known.places.count
        entries[job] = Entry(known: known, partitions: partitions)
    }

    /// What was kept of this job may be older than what the database has.
    mutating func forget(_ job: JobID) { places -= entries.removeValue(forKey: job)?.known.places.count ?? 0 }

    mutating func forgetAll() {
        entries = [:]
        places = 0
    }
}
