// Jobs of --on-duplicate update that have not ended: what is pushed to the same topic for another number of partitions waits for
// them (Design.md, "A record", order under update).

internal import FileNames
package import Postgres
internal import Records

package struct OpenUpdate: Codable, Equatable, Sendable {
    package let slug: String
    /// As the pusher saw it; nil: not known.
    package let file: String?
    package let state: JobState
    /// It was pushed for so many.
    package let partitions: Int

    package init(slug: String, file: String?, state: JobState, partitions: Int) {
        self.slug = slug
        self.file = file
        self.state = state
        self.partitions = partitions
    }

    /// The file's own name, without its folder.
    package var name: String {
        switch file {
        case nil: "unknown file"
        case "-"?: "stdin"
        case let path?: fileName(of: path)
        }
    }

    /// `2 partitions`.
    package var count: String { partitionCount(partitions) }
}

private func partitionCount(_ count: Int) -> String { "\(count) partition\(count == 1 ? "" : "s")" }

extension JobReader {
    /// More of them say no more.
    private static let updatesListed = 5

    /// The same jobs; of those that wait, what for. Asked apart, for few do: the question about all jobs stays small.
    func knowingWhatHoldsThemUp(_ jobs: [JobStatus]) throws(PostgresError) -> [JobStatus] {
        var jobs = jobs
        var known: [Topic: [OpenUpdate]] = [:]
        for index in jobs.indices where jobs[index].reason == .partitions {
            guard let cluster = jobs[index].cluster, let name = jobs[index].topic, let count = jobs[index].partitions
            else { continue }
            let topic = Topic(name: name, cluster: cluster, partitions: count)
            if known[topic] == nil { known[topic] = try openUpdates(holdingUp: topic) }
            jobs[index].waitsFor = known[topic]
        }
        return jobs
    }

    /// Those that hold up what is pushed now, the oldest first.
    package func openUpdates(holdingUp topic: Topic) throws(PostgresError) -> [OpenUpdate] {
        try connection.queryUncompiled(
            SQL.text(PackageResources.other_updates_sql),
            [.text(topic.cluster), .text(topic.name), .int(topic.partitions), .int(Self.updatesListed)]
        ).map { row in
            OpenUpdate(
                slug: row.string(0) ?? "", file: row.string(1),
                state: row.string(2).flatMap(JobState.init) ?? .processing, partitions: row.int(3) ?? 0)
        }
    }
}

extension Journal {
    /// The same as far as this host knows: pushes that did not come to their end.
    func openUpdates(holdingUp topic: Topic) -> [OpenUpdate] {
        entries(cluster: topic.cluster, topic: topic.name) { entry in
            entry.updates == true && entry.state == .open && entry.partitions.count != topic.partitions
        }.map { entry in
            OpenUpdate(
                slug: entry.job.slug, file: entry.path, state: .processing, partitions: entry.partitions.count)
        }
    }
}

/// What a push says of them before it sends.
/// - Parameter isJournals: nobody but this host's journal was asked.
func warning(of updates: [OpenUpdate], _ topic: Topic, isJournals: Bool) -> String? {
    guard let first = updates.first else { return nil }
    let named = updates.prefix(5).map { "\($0.slug) (\($0.name), \($0.count))" }.joined(separator: ", ")
    let them = updates.count == 1 ? "an --on-duplicate update job" : "--on-duplicate update jobs"
    let abandon = "`userload abandon \(updates.count == 1 ? first.slug : "SLUG")`"
    let has = updates.count == 1 ? "has" : "have"
    let begin = "topic \(topic.name) has \(partitionCount(topic.partitions)) now, and "
    return isJournals
        ? begin
            + "this host's journal knows \(them) pushed for another number that \(updates.count == 1 ? "was" : "were") "
            + "not pushed to the end: \(named). Until \(updates.count == 1 ? "it has" : "they have") ended, what is pushed "
            + "now is passed over (stalled): \(abandon), unless that was done"
        : begin + "\(them) pushed for another number \(has) not ended: \(named). Until "
            + "\(updates.count == 1 ? "it has" : "they have"), what is pushed now is passed over (stalled): wait for "
            + "\(updates.count == 1 ? "it" : "them"), or \(abandon)"
}
