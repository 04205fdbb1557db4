// The rows of userload.jobs that a batch needs: written in a short transaction of their own before it, so that nobody
// waits for a COPY because of them.

internal import FoundationEssentials
internal import Postgres
package import Records

/// What a loader knows to stand in userload.jobs. A value. Only saves asking: the statement that makes a progress row
/// looks whether the job's row is there.
struct KnownJobs {
    private struct Entry {
        var version: Int
        var isDescribed: Bool
    }

    /// More jobs at a time are not expected; they would only be written again.
    private static let most = 4_096
    private var entries: [JobID: Entry] = [:]

    func lacks(_ job: JobID, version: Int, description: Bool) -> Bool {
        guard let entry = entries[job] else { return true }
        return entry.version < version || description && !entry.isDescribed
    }

    mutating func add(_ rows: JobRows) {
        if entries.count + rows.versions.count > Self.most { entries = [:] }
        for (job, version) in rows.versions {
            let isDescribed = rows.markers[job] != nil || entries[job]?.isDescribed == true
            entries[job] = Entry(version: max(version, entries[job]?.version ?? 0), isDescribed: isDescribed)
        }
    }

    mutating func forget() { entries = [:] }
}

/// A job whose description the database did not take.
package struct RefusedDescription: Equatable, Sendable {
    package let job: JobID
    /// The server's words.
    package let reason: String

    package init(job: JobID, reason: String) {
        self.job = job
        self.reason = reason
    }
}

struct JobRows {
    /// By job, the highest wire version seen of it.
    private(set) var versions: [JobID: Int] = [:]
    /// The first start marker of each that came with one.
    private(set) var markers: [JobID: StartMarker] = [:]
    private let waiting: Set<JobID>

    /// Postgres takes arrays for short and compares each element with each: thousands at a time took a minute.
    private static let describedAtATime = 200

    /// Those of `batch` that are not known to stand in the database.
    init(_ batch: Batch, known: KnownJobs) {
        waiting = batch.waiting
        for step in batch.progress where step.isNew { need(step.job, 1, nil, known) }
        for marker in batch.starts { need(marker.job, 1, marker, known) }
        for (job, version) in batch.jobVersions { need(job, Int(version), nil, known) }
    }

    private mutating func need(_ job: JobID, _ version: Int, _ marker: StartMarker?, _ known: KnownJobs) {
        guard known.lacks(job, version: version, description: marker != nil) || waiting.contains(job) else { return }
        versions[job] = max(versions[job] ?? 0, version)
        if let marker, markers[job] == nil { markers[job] = marker }
    }

    var isEmpty: Bool { versions.isEmpty }

    /// Writes them and commits. In one order, as every loader has it.
    /// - Parameter guarding: a description that the database refuses costs itself alone: what it says in words first,
    ///   then all of it. Each then needs a savepoint.
    func write(
        on connection: Connection, _ watch: BlockedWatch, _ environment: LoadEnvironment, guarding: Bool
    ) throws -> [RefusedDescription] {
        try SchemaTransaction.run(on: connection, watch) { _ in
            let jobs = versions.keys.sorted()
            let described = jobs.compactMap { markers[$0] }
            var statements = [
                // Lost in a crash of the server, the rows are written again; the batch's own COMMIT waits for the disk.
                Statement("SET LOCAL synchronous_commit = off"),
                Statement(
                    environment.statements.addJobs,
                    [
                        .text(environment.cluster), .text(environment.topic), .array(jobs.map(\.uuid)),
                        .array(jobs.map(\.text)), .array(jobs.map { versions[$0] ?? 0 }),
                        .array(jobs.map { waiting.contains($0) ? "t" : "f" }),
                    ]),
            ]
            if !guarding {
                for start in stride(from: 0, to: described.count, by: Self.describedAtATime) {
                    let some = Array(described[start...].prefix(Self.describedAtATime))
                    statements.append(Statement(environment.statements.describeJobs, some.columns(environment)))
                }
            }
            _ = try connection.lockSchema(as: environment.info, andRun: statements)
            var refused: [RefusedDescription] = []
            for marker in described where guarding {
                guard let error = try describe(marker, on: connection, environment) else { continue }
                refused.append(RefusedDescription(job: marker.job, reason: error.message))
            }
            try connection.commit()
            return refused
        }
    }

    /// Returns why the description could not be kept as it was.
    private func describe(
        _ marker: StartMarker, on connection: Connection, _ environment: LoadEnvironment
    ) throws(PostgresError) -> PostgresError? {
        var refused: PostgresError?
        for withWords in [true, false] {
            try connection.execute("SAVEPOINT description")
            do {
                _ = try connection.query(
                    environment.statements.describeJobs, [marker].columns(environment, withWords: withWords))
                try connection.execute("RELEASE SAVEPOINT description")
                return refused
            } catch  where error.isData && !connection.isBroken {
                try connection.execute("ROLLBACK TO SAVEPOINT description; RELEASE SAVEPOINT description")
                refused = refused ?? error
            }
        }
        return refused
    }
}

extension [StartMarker] {
    /// For loader_describe_jobs.sql. Without words: only what counts, of which the state of the job is made.
    fileprivate func columns(_ environment: LoadEnvironment, withWords: Bool = true) -> [Parameter] {
        func words(_ text: (StartMarker) -> String?) -> Parameter {
            .optionalArray(map { withWords ? text($0) : nil })
        }
        return [
            .text(environment.cluster), .text(environment.topic), .array(map(\.job.uuid)), words(\.label),
            words(\.path), words(\.host), .optionalArray(map(\.size)),
            .optionalArray(map { $0.contentHash?.text }),
            .array(map(\.format.rawValue)), words { $0.delimiter.map { String(UnicodeScalar($0)) } },
            headers(withWords), words { Parameter.arrayText($0.options) },
            .array(map { Parameter.arrayText($0.keyFields.names) }), .array(map(\.onDuplicate.rawValue)),
            .array(map(\.partitions)), .array(map { $0.again ? "t" : "f" }), .array(map(\.runAt.milliseconds)),
            words(\.conclusion),
        ]
    }

    private func headers(_ withWords: Bool) -> Parameter {
        var headers = BinaryArray(of: .bytea)
        for marker in self {
            if withWords, let header = marker.header {
                withBytes(header) { headers.append(value: $0) }
            } else {
                headers.appendNull()
            }
        }
        return headers.parameter()
    }
}

extension Date {
    /// Since 1970, in the years that Postgres and JSON agree on, 1970 to 9999; start markers have whole ones.
    var milliseconds: Int64 {
        let milliseconds = (timeIntervalSince1970 * 1000).rounded()
        return milliseconds.isNaN ? 0 : Int64(min(max(milliseconds, 0), 253_402_300_799_999))
    }
}
