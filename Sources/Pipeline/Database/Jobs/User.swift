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
}
