// People in the table, and which of them are asked for.

package import Records

package struct UserFilter: Equatable, Sendable {
    /// `.foreign`: what other producers put into the topic.
    package var job: JobID?
    /// Exactly these bytes.
    package var name: String?
    /// Inclusive.
    package var ages: ClosedRange<Int>?
    /// nil: all.
    package var limit: Int?

    package init(job: JobID? = nil, name: String? = nil, ages: ClosedRange<Int>? = nil, limit: Int? = nil) {
        self.job = job
        self.name = name
        self.ages = ages
        self.limit = limit
    }
}

package struct User: Equatable, Sendable {
    package let name: String
    package let age: Int
    package let email: String?
    package let phoneNumber: String?
    /// The slug of the job that brought the row; nil: written by others.
    package let job: String?
    /// One line that `push` takes, and that gives the same row.
    package let json: String
}

/// A group of `userload stats`.
package struct AgeGroup: Equatable, Sendable {
    /// "< 20", "20 to 40", "> 60".
    package let label: String
    package let count: Int64
    /// Of all people, to one decimal.
    package let percent: Double

    package init(label: String, count: Int64, percent: Double) {
        self.label = label
        self.count = count
        self.percent = percent
    }

    /// The same groups of people who are not in the database.
    /// - Parameter people: how many are of each age.
    package static func groups(of people: [UInt64], bounds: [Int] = [20, 40, 60]) -> [AgeGroup] {
        guard let first = bounds.first, let last = bounds.last else { return [] }
        var counts = [UInt64](repeating: 0, count: bounds.count + 1)
        for (age, count) in people.enumerated() {
            // The first bound belongs to the group above it, each other one to the group below.
            counts[age == first ? 1 : bounds.firstIndex { age <= $0 } ?? bounds.count] += count
        }
        let all = counts.reduce(0, +)
        return counts.enumerated().map { place, count in
            let label =
                place == 0
                ? "< \(first)"
                : place < bounds.count
                    ? "\(bounds[place - 1]) to \(bounds[place])" : "\(bounds.count == 1 ? ">=" : ">") \(last)"
            let percent = all == 0 ? 0 : (Double(count) * 1000 / Double(all)).rounded() / 10
            return AgeGroup(label: label, count: Int64(clamping: count), percent: percent)
        }
    }
}
