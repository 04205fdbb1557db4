// The bookkeeping of a batch: positions, progress and counts.

internal import Postgres
internal import Records

extension LoadTransaction {
    /// Moves positions and progress, all of them or none, in one round trip with the lock: a far server is asked once.
    func swap() throws {
        let new = batch.progress.filter(\.isNew)
        var statements = [swapPositions()]
        if !new.isEmpty {
            statements.append(
                Statement(
                    self.statements.newProgress,
                    [.array(new.map { $0.job.uuid }), .array(new.map(\.partition))]))
        }
        if !batch.progress.isEmpty { statements.append(swapProgress()) }
        let rows = try connection.lockSchema(as: environment.info, andRun: statements)
        // The revision was compared when the lock was there, and stays; no row of another one is changed all the same.
        if Torture.has(.swapDropped) { return }
        guard rows.first?.affected == batch.partitions.count else {
            throw LoadObstacle.lostSwap(table: "userload.positions")
        }
        if Torture.has(.progressNotSwapped) { return }
        guard batch.progress.isEmpty || rows.last?.affected == batch.progress.count else {
            let missing = try connection.query(self.statements.missingJobs, [.array(new.map { $0.job.uuid })])
            throw missing.isEmpty ? LoadObstacle.lostSwap(table: "userload.progress") : LoadObstacle.missingJob
        }
    }

    private func swapPositions() -> Statement {
        let steps = batch.partitions.sorted { $0.partition < $1.partition }
        return Statement(
            statements.swapPositions,
            [
                .text(environment.cluster), .text(environment.topic), .int(environment.info.revision),
                .array(steps.map(\.partition)), .array(steps.map(\.generation)), .array(steps.map(\.expectedOffset)),
                .array(steps.map(\.nextOffset)), .optionalArray(steps.map { $0.anchor?.offset }),
                .optionalArray(steps.map { ($0.anchor?.hash).map(Int64.init(bitPattern:)) }),
            ])
    }

    private func swapProgress() -> Statement {
        let steps = batch.progress
        let ends = steps.map(\.end)
        return Statement(
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
    }

    /// Writes how many records were inserted, duplicates and rejected, and which jobs were pushed again. Behind COPY, so
    /// that nobody waits for it because of them.
    func writeCounts() throws {
        var statements: [Statement] = []
        let steps = batch.progress
        let counted = steps.indices.filter { steps[$0].records > 0 }
        if !counted.isEmpty {
            statements.append(
                Statement(
                    self.statements.count,
                    [
                        .array(counted.map { steps[$0].job.uuid }), .array(counted.map { steps[$0].partition }),
                        .array(counted.map { tally.inserted[$0] }), .array(counted.map { tally.duplicates[$0] }),
                        .array(counted.map { tally.rejected[$0] }), .array(counted.map { tally.updated[$0] }),
                    ]))
            statements += ages()
        }
        if !batch.starts.isEmpty { statements.append(pushedAgain()) }
        statements += runs()
        _ = try connection.pipeline(statements)
    }

    /// The rows' ages go to the batch's first partition, which the swap has locked.
    private func ages() -> [Statement] {
        guard environment.info.countsAges else { return [] }
        var statements: [Statement] = []
        if Torture.has(.agesNotCounted) { return [] }
        if tally.ages.contains(where: { $0 != 0 }), let first = batch.partitions.map(\.partition).min() {
            statements.append(
                Statement(
                    self.statements.countAges,
                    [.text(environment.cluster), .text(environment.topic), .int(first), .array(tally.ages)]))
        }
        if !tally.otherAges.isEmpty {
            let others = tally.otherAges.sorted { $0.key < $1.key }
            statements.append(
                Statement(
                    self.statements.countOtherAges, [.array(others.map(\.key)), .array(others.map(\.value))]))
        }
        return statements
    }

    /// Later runs of push with the same content.
    private func pushedAgain() -> Statement {
        let runs = Dictionary(batch.starts.map { ($0.job, $0.runAt.milliseconds) }, uniquingKeysWith: max)
        let jobs = runs.keys.sorted()
        return Statement(statements.pushedAgain, [.array(jobs.map(\.uuid)), .array(jobs.map { runs[$0] ?? 0 })])
    }
}
