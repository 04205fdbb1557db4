// The bookkeeping of a batch: positions, progress and counts.

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
        // The revision was compared when the lock was there, and stays; no row of another one is changed all the same.
        guard changed.affected == steps.count else { throw LoadObstacle.lostSwap }
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
        guard changed.affected == steps.count else {
            let missing = try connection.query(statements.missingJobs, [.array(new.map { $0.job.uuid })])
            throw missing.isEmpty ? LoadObstacle.lostSwap : LoadObstacle.missingJob
        }
    }

    /// Later runs of push with the same content; behind COPY, so that nobody waits for it because of them.
    func notePushedAgain() throws {
        guard !batch.starts.isEmpty else { return }
        let runs = Dictionary(batch.starts.map { ($0.job, $0.runAt.milliseconds) }, uniquingKeysWith: max)
        let jobs = runs.keys.sorted()
        _ = try connection.query(
            statements.pushedAgain, [.array(jobs.map(\.uuid)), .array(jobs.map { runs[$0] ?? 0 })])
    }

    /// Writes how many records were inserted, duplicates and rejected. The rows' ages go to the batch's first partition, which the swap has locked.
    func writeCounts() throws {
        let steps = batch.progress
        let counted = steps.indices.filter { steps[$0].records > 0 }
        guard !counted.isEmpty else { return }
        _ = try connection.query(
            statements.count,
            [
                .array(counted.map { steps[$0].job.uuid }), .array(counted.map { steps[$0].partition }),
                .array(counted.map { tally.inserted[$0] }), .array(counted.map { tally.duplicates[$0] }),
                .array(counted.map { tally.rejected[$0] }), .array(counted.map { tally.updated[$0] }),
            ])
        try countAges()
    }

    private func countAges() throws {
        if tally.ages.contains(where: { $0 != 0 }), let first = batch.partitions.map(\.partition).min() {
            _ = try connection.query(
                statements.countAges,
                [.text(environment.cluster), .text(environment.topic), .int(first), .array(tally.ages)])
        }
        if !tally.otherAges.isEmpty {
            let others = tally.otherAges.sorted { $0.key < $1.key }
            _ = try connection.query(
                statements.countOtherAges, [.array(others.map(\.key)), .array(others.map(\.value))])
        }
    }
}

extension Parameter {
    fileprivate static func optionalArray(_ values: [Int64?]) -> Parameter {
        .array(values.map { value in value.map { String($0) } })
    }
}
