// What a pass over an input finds: how many records, how old people are, what is wrong with which lines.

package struct RecordTally {
    /// Rejects included.
    package let records: UInt64
    package let rejects: UInt64
    /// Of the clean ones: with a field that broke its rule and stays as it came.
    package let spared: UInt64
    /// How many people are of each age, 0 to 150.
    package let ages: [UInt64]
    package let errors: [ErrorTally.Errors]

    /// - Parameter stream: at its end.
    package init(_ stream: RecordStream, _ ages: AgeTally) {
        records = stream.records
        rejects = stream.rejects
        spared = stream.spared
        self.ages = ages.counts
        errors = stream.errorTally.errors
    }
}

/// One thread.
package final class AgeTally {
    /// By age, 0 to 150.
    fileprivate var counts = [UInt64](repeating: 0, count: 151)

    package init() {}

    func add(_ age: Int) { if counts.indices.contains(age) { counts[age] += 1 } }
}
