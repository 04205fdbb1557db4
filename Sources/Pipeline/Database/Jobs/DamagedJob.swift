// Jobs whose rows say what userload never writes: somebody changed the bookkeeping by hand. The others are told all the same.

package import Records

package struct DamagedJob: Equatable, Sendable {
    package let id: JobID
    /// A sentence's end.
    package let reason: String

    /// Without its end; it may quote the server.
    package var sentence: String { "job \(id.slug): \(reason)" }

    init(id: JobID, reason: String) {
        self.id = id
        self.reason = reason
    }

    init(id: JobID, in table: String, column: String, isNot: String) {
        self.init(id: id, reason: "its row in userload.\(table) cannot be read: \(column) is not \(isNot)")
    }

    /// - Parameter error: of decoding a row of job_status.sql.
    init(id: JobID, _ error: any Error) {
        guard let path = (error as? DecodingError)?.path, let name = path.first else {
            self.init(id: id, reason: "its rows in the schema userload cannot be read")
            return
        }
        if name == "firstRejects" {
            let column = path.last == "errors" || path.count > 3 ? "errors" : Self.column(path.last ?? "")
            self.init(
                id: id, in: "rejects", column: column, isNot: column == "errors" ? "a list of errors" : "a number")
        } else if let place = Self.elsewhere[name] {
            self.init(id: id, in: place.table, column: place.column, isNot: place.isNot)
        } else {
            self.init(
                id: id, in: "jobs", column: Self.column(name),
                isNot: name.hasSuffix("At") ? "a time" : "what it must be")
        }
    }

    /// What is not called so in userload.jobs.
    private static let elsewhere: [String: (table: String, column: String, isNot: String)] = [
        "id": ("jobs", "id_text", "the text of its id"),
        "pushedAt": ("jobs", "run_at", "a time"),
        "completedAt": ("progress", "ended_at", "a time"),
        "lastRecordAt": ("progress", "updated_at", "a time"),
        "lastRecordAge": ("progress", "updated_at", "a time"),
        "databaseKeyFields": ("settings", "key_fields", "a list of names"),
    ]

    /// `pushedAgainAt` is the column pushed_again_at.
    private static func column(_ name: String) -> String {
        name.reduce(into: "") { text, letter in text += letter.isUppercase ? "_\(letter.lowercased())" : "\(letter)" }
    }
}

/// Those that a reader met, each once. One thread at a time.
package final class DamagedJobs {
    package private(set) var jobs: [DamagedJob] = []
    private var ids: Set<JobID> = []

    func add(_ job: DamagedJob) {
        if ids.insert(job.id).inserted { jobs.append(job) }
    }
}

extension DecodingError {
    /// From the row's column to the value that does not decode.
    fileprivate var path: [String] {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            context.codingPath.map(\.stringValue)
        case .keyNotFound(let key, let context): (context.codingPath + [key]).map(\.stringValue)
        @unknown default: []
        }
    }
}
