// What following sees of jobs: their states, and whether what this run sent was taken.

import Pipeline
import Records

/// What one look sees.
struct FollowLook: Equatable {
    /// Those jobs that the database knows.
    var jobs: [JobStatus]
    /// Jobs whose end markers of this run were passed, in every partition.
    var passed: Set<JobID> = []
    /// Jobs of which it is not known where their end markers lie, or whose topic was created again since.
    var unplaced: Set<JobID> = []
    /// Jobs of which it is known where their end markers lie.
    var sent: Set<JobID> = []
    /// Of the topic's positions: it moves when anything was read.
    var movement: Int64 = 0
    /// Jobs that were not known when the following began.
    var more = 0
    /// Files of the runs that have no job yet.
    var missing = 0
}

/// The jobs that are followed. One that is completed stays so: it is not asked for again.
struct FollowedJobs {
    private(set) var ids: [JobID]
    private var completed: [JobID: JobStatus] = [:]

    init(_ ids: [JobID]) { self.ids = ids }

    mutating func add(_ found: [JobID]) { ids += found.filter { !ids.contains($0) } }

    var open: [JobID] { ids.filter { completed[$0] == nil } }

    /// Those that the database knows, in the order of `ids`.
    mutating func look(_ read: ([JobID]) throws -> [JobStatus]) rethrows -> [JobStatus] {
        let found = Dictionary(try read(open).map { ($0.id, $0) }) { $1 }
        for (id, status) in found where status.state == .completed { completed[id] = status }
        return ids.compactMap { completed[$0] ?? found[$0] }
    }
}

/// Where the end markers of jobs lie, and whether the positions have passed them.
struct EndMarkerWatch {
    let ends: [JobID: EndOffsets]
    private struct Topic: Hashable {
        let cluster: String
        let name: String
        let partitions: Int
    }

    private struct Log {
        /// By partition.
        var nextOffsets: [Int64]
        /// No generation is another one than at the first look.
        var isSame = true
    }

    /// At the first look, by partition.
    private var generations: [Topic: [Int32: Int32]] = [:]

    init(_ ends: [JobID: EndOffsets]) { self.ends = ends }

    /// - Parameters:
    ///   - ids: those that may not have ended.
    ///   - read: the positions of a topic's partitions that the database knows.
    mutating func look(
        _ jobs: [JobStatus], _ ids: [JobID], read: (EndOffsets) throws -> [Position]
    ) rethrows -> FollowLook {
        var seen = FollowLook(jobs: jobs)
        // Asked once for all jobs of a topic.
        var logs: [Topic: Log] = [:]
        for id in ids {
            guard let end = ends[id] else {
                seen.unplaced.insert(id)
                continue
            }
            seen.sent.insert(id)
            let topic = Topic(cluster: end.cluster, name: end.topic, partitions: end.offsets.count)
            if logs[topic] == nil { logs[topic] = log(topic, try read(end), &seen.movement) }
            guard let log = logs[topic] else { continue }
            if !log.isSame {
                seen.unplaced.insert(id)
                seen.sent.remove(id)
            } else if zip(log.nextOffsets, end.offsets).allSatisfy({ $0 > $1 }) {
                seen.passed.insert(id)
            }
        }
        return seen
    }

    private mutating func log(_ topic: Topic, _ positions: [Position], _ movement: inout Int64) -> Log {
        var log = Log(nextOffsets: Array(repeating: -1, count: topic.partitions))
        var first = generations[topic] ?? [:]
        for position in positions {
            movement &+= position.nextOffset &+ Int64(position.generation) &* 1_000_003
            guard log.nextOffsets.indices.contains(Int(position.partition)) else { continue }
            log.nextOffsets[Int(position.partition)] = position.nextOffset
            if first[position.partition] == nil { first[position.partition] = position.generation }
            if first[position.partition] != position.generation { log.isSame = false }
        }
        generations[topic] = first
        return log
    }
}
