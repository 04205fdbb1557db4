// `--max-rejects` and `--min-records`: what a file must keep to be sent at all.

import Foundation
package import Records

package struct RecordLimits: Equatable, Sendable {
    package enum Rejects: Equatable, Sendable {
        case count(UInt64)
        /// Of the records, in percent.
        case percent(Double)

        /// Reads "10" and "0.5%". nil: neither a count nor 0 to 100 percent.
        package init?(argument: String) {
            if argument.hasSuffix("%") {
                let digits = argument.dropLast()
                guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let value = Double(digits),
                    (0...100).contains(value)
                else { return nil }
                self = .percent(value)
            } else {
                guard argument.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                    let value = UInt64(argument)
                else { return nil }
                self = .count(value)
            }
        }

        package func allows(_ rejects: UInt64, of records: UInt64) -> Bool {
            switch self {
            case .count(let most): rejects <= most
            case .percent(let most): Double(rejects) <= Double(records) * most / 100
            }
        }

        /// What `init(argument:)` reads.
        package var text: String {
            switch self {
            case .count(let most): return "\(most)"
            case .percent(let most) where most == most.rounded(): return "\(Int(most))%"
            case .percent(let most):
                let text = "\(most)"
                // As small as that it is written with an exponent.
                return (text.contains("e") ? String(format: "%.20f", most) : text) + "%"
            }
        }
    }

    package var maxRejects: Rejects?
    package var minRecords: UInt64?

    package init() {}

    /// The same as words of a command line.
    package var words: [String] {
        (maxRejects.map { ["--max-rejects", $0.text] } ?? []) + (minRecords.map { ["--min-records", "\($0)"] } ?? [])
    }

    /// - Throws: `refused` if there are too many rejects or too few records.
    package func check(_ tally: RecordTally) throws(PipelineError) {
        if let minRecords, tally.records < minRecords {
            throw .refused(
                "has \(tally.records) record\(tally.records == 1 ? "" : "s"): --min-records is \(minRecords)")
        }
        if let maxRejects, !maxRejects.allows(tally.rejects, of: tally.records) {
            throw .refused(
                "\(tally.rejects) of \(tally.records) record\(tally.records == 1 ? "" : "s") would be rejected: "
                    + "--max-rejects is \(maxRejects.text)")
        }
    }
}
