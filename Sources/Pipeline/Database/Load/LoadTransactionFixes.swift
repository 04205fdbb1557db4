// What became of the records that stand for rejects of earlier jobs, noted on those rejects.

internal import Postgres
internal import Records

extension LoadTransaction {
    /// Nothing is asked of the server unless the batch has such records.
    func writeFixes() throws {
        guard !batch.fixes.isEmpty, !Torture.has(.fixForgotten) else { return }
        let refused = Dictionary(tally.refused.map { ($0.row, $0.errors) }, uniquingKeysWith: { first, _ in first })
        var jobs = BinaryArray(of: .uuid)
        var partitions = BinaryArray(of: .integer)
        var sequences = BinaryArray(of: .bigint)
        var lines = BinaryArray(of: .bigint)
        var fixedBy = BinaryArray(of: .uuid)
        var ownPartitions = BinaryArray(of: .integer)
        var ownSequences = BinaryArray(of: .bigint)
        var errors = BinaryArray(of: .text)
        var count = 0
        for fix in batch.fixes {
            var found: [UInt8]?
            let seq: Int64
            switch fix.record {
            case .row(let number):
                // It is neither in nor refused.
                if tally.swallowed.contains(number) { continue }
                found = refused[number]
                seq = batch.rows[Int(number)].place.seq
            case .reject(let index):
                let reject = batch.rejects[index]
                seq = reject.place.seq
                found = Array(batch.rejectBytes.slice(reject.bytes + reject.byteCount, reject.errorCount))
            }
            jobs.append(job: fix.reject.job)
            partitions.append(value: fix.reject.partition)
            sequences.append(value: Int64(clamping: fix.reject.seq))
            lines.append(value: Int64(clamping: fix.reject.line))
            let step = batch.progress[Int(fix.progressIndex)]
            fixedBy.append(job: step.job)
            ownPartitions.append(value: step.partition)
            ownSequences.append(value: seq)
            if let found { withBytes(found) { errors.append(value: $0) } } else { errors.appendNull() }
            count += 1
        }
        guard count > 0 else { return }
        _ = try connection.query(
            statements.fixRejects,
            [
                jobs.parameter(), partitions.parameter(), sequences.parameter(), lines.parameter(),
                fixedBy.parameter(), ownPartitions.parameter(), ownSequences.parameter(), errors.parameter(),
            ])
    }
}

extension BinaryArray {
    mutating func append(job: JobID) {
        withUnsafeBytes(of: (job.high.bigEndian, job.low.bigEndian)) {
            append(value: $0.bindMemory(to: UInt8.self))
        }
    }
}
