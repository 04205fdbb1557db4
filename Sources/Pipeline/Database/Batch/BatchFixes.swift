// The records of a batch that stand for rejects of earlier jobs.

package import Records

/// Which reject a record stands for, and which record that is.
struct BatchFix {
    let reject: RejectPlace
    /// Of the record itself.
    let progressIndex: Int32
    let record: Record

    enum Record {
        case row(UInt32)
        /// An index of `Batch.rejects`.
        case reject(Int)
    }
}

extension Batch {
    /// The row added last stands for a reject.
    package func addFixOfRow(_ reject: RejectPlace, progressIndex: Int) {
        fixes.append(
            BatchFix(
                reject: reject, progressIndex: Int32(truncatingIfNeeded: progressIndex),
                record: .row(UInt32(truncatingIfNeeded: rows.count - 1))))
    }

    /// The reject added last stands for an earlier one.
    package func addFixOfReject(_ reject: RejectPlace, progressIndex: Int) {
        fixes.append(
            BatchFix(
                reject: reject, progressIndex: Int32(truncatingIfNeeded: progressIndex),
                record: .reject(rejects.count - 1)))
    }
}
