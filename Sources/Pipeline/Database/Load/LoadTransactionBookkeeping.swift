// The bookkeeping of a batch: positions, progress, jobs and counts.

internal import FoundationEssentials
internal import Postgres
internal import Records

extension LoadTransaction {
    func swapPositions() throws {
        let steps = batch.partitions.sorted { $0.partition < $1.partition }
        let changed = try connection.query(
            statements.swapPositions,
            [
                .text(environment.cluster), .text(environment.topic), .int(environment.info.revision),
                .array(steps.map(\.partition)), .array(steps.map(\.generation)), .array(steps.map(\.expectedOffset)),
                .array(steps.map(\.nextOffset)), .optionalArray(steps.map { $0.anchor?.offset }),
                .optionalArray(steps.map { ($0.anchor?.hash).map(Int64.init(bitPattern:)) }),
            ])
        guard changed.affected == steps.count else {
            let revision = try connection.query(SQL.text(PackageResources.revision_sql)).first?.int(0)
            throw revision == environment.info.revision ? LoadObstacle.lostSwap : LoadObstacle.schemaChanged
        }
    }

    func swapProgress() throws {
        let steps = batch.progress
        guard !steps.isEmpty else { return }
        let new = steps.filter(\.isNew)
        if !new.isEmpty {
            _ = try connection.query(
                statements.newProgress, [.array(new.map { $0.job.uuid }), .array(new.map(\.partition))])
        }
        let ends = steps.map(\.end)
        let changed = try connection.query(
            statements.swapProgress,
            [
                .array(steps.map { $0.job.uuid }), .array(steps.map(\.partition)), .array(steps.map(\.expectedLast)),
                .array(steps.map(\.last)), .array(steps.map { Int64(bitPattern: $0.digest) }),
                .array(steps.map(\.passedOver)), .array(steps.map(\.records)), .array(steps.map(\.bytes)),
                .optionalArray(ends.map { ($0?.lastSeq).map { Int64(clamping: $0) } }),
                .optionalArray(ends.map { ($0?.records).map { Int64(clamping: $0) } }),
                .optionalArray(ends.map { ($0?.digest).map { Int64(bitPattern: $0) } }),
                .array(steps.map { $0.broken ? "t" : "f" }),
            ])
        guard changed.affected == steps.count else { throw LoadObstacle.lostSwap }
    }

    /// The views take a job of a version above 1 for one that was passed over; what this program reads counts as 1.
    private static let readableVersion = 1

    /// Jobs by their ids, then what the start markers say of them. In one order, as every loader has it.
    func writeJobs() throws {
        var versions: [JobID: Int] = [:]
        for step in batch.progress where step.isNew { versions[step.job] = Self.readableVersion }
        for marker in batch.starts { versions[marker.job] = Self.readableVersion }
        for (job, version) in batch.newerJobs { versions[job] = max(versions[job] ?? 0, Int(version)) }
        guard !versions.isEmpty else { return }
        let jobs = versions.keys.sorted()
        _ = try connection.query(
            statements.addJobs,
            [
                .text(environment.cluster), .text(environment.topic), .array(jobs.map(\.uuid)),
                .array(jobs.map(\.text)), .array(jobs.map { versions[$0]! }),
            ])
        let markers = Dictionary(grouping: batch.starts, by: \.job)
        for job in jobs {
            guard let first = markers[job]?.first, let latest = markers[job]?.map(\.runAt).max() else { continue }
            _ = try connection.query(statements.describeJob, parameters(first))
            _ = try connection.query(
                statements.pushedAgain, [.text(job.uuid), .int(latest.milliseconds)])
        }
    }

    private func parameters(_ marker: StartMarker) -> [Parameter] {
        [
            .text(marker.job.uuid), .optional(marker.label), .text(marker.path), .text(marker.host),
            .optional(marker.size.map { String($0) }), .optional(marker.contentHash?.text),
            .text(marker.format.rawValue),
            .optional(marker.delimiter.map { String(UnicodeScalar($0)) }), marker.header.map(Parameter.binary) ?? .null,
            .array(marker.options), .array(marker.keyFields.names), .text(marker.onDuplicate.rawValue),
            .int(marker.partitions), .bool(marker.again), .text(environment.cluster), .text(environment.topic),
            .int(marker.runAt.milliseconds),
        ]
    }

    /// What became of the records. The rows' ages go to the batch's first partition, which the swap has locked.
    func writeCounts() throws {
        let steps = batch.progress
        guard steps.contains(where: { $0.records > 0 }) else { return }
        _ = try connection.query(
            statements.count,
            [
                .array(steps.map { $0.job.uuid }), .array(steps.map(\.partition)), .array(tally.inserted),
                .array(tally.duplicates), .array(tally.rejected),
            ])
        guard tally.ages.contains(where: { $0 != 0 }), let first = batch.partitions.map(\.partition).min() else {
            return
        }
        _ = try connection.query(
            statements.countAges,
            [.text(environment.cluster), .text(environment.topic), .int(first), .array(tally.ages)])
    }
}

extension Date {
    /// Since 1970; start markers have whole ones.
    fileprivate var milliseconds: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }
}

extension Parameter {
    fileprivate static func optionalArray(_ values: [Int64?]) -> Parameter {
        .array(values.map { value in value.map { String($0) } })
    }
}
