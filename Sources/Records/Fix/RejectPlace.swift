// Which reject of an earlier job a record of a fix file stands for: read from the file, carried in the wire header.

/// A reject of a job that push sent; never one of the job "-". Anybody may write anything into a file, so the database is
/// asked whether there is such a reject.
package struct RejectPlace: Hashable, Sendable {
    package let job: JobID
    package let partition: Int32
    package let seq: UInt64
    /// Of the rejected record; 0: not known. Spreadsheets make 3.1 of 3.10: the line tells which one is meant.
    package let line: UInt64

    package init(job: JobID, partition: Int32, seq: UInt64, line: UInt64 = 0) {
        self.job = job
        self.partition = partition
        self.seq = seq
        self.line = line
    }

    /// Cells of a fix file; nil: they name no reject. What stands for the line is not needed.
    package init?(job: Bytes, reject: Bytes, line: Bytes) {
        let job = trimmed(job)
        guard job.count == 26, let id = JobID(text: String(decoding: job, as: UTF8.self)), id != .foreign else {
            return nil
        }
        let parts = trimmed(reject).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let partition = Self.number(Bytes(rebasing: parts[0])),
            let seq = Self.number(Bytes(rebasing: parts[1])), partition <= UInt64(Int32.max), seq > 0
        else { return nil }
        self.init(
            job: id, partition: Int32(truncatingIfNeeded: partition), seq: seq,
            line: Self.number(trimmed(line)) ?? 0)
    }

    /// Decimal digits, at most `Limits.wireNumber`.
    private static func number(_ digits: Bytes) -> UInt64? {
        guard digits.count > 0, digits.count <= 16 else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard isDigit(digit) else { return nil }
            value = value * 10 + UInt64(digit & 0xF)
        }
        return value <= Limits.wireNumber ? value : nil
    }

    /// `3.17`
    package var rejectText: String { "\(partition).\(seq)" }
}
