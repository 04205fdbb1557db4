// What the database knows about jobs: looked up by name, label or content; listed; abandoned; their rejects.

internal import FoundationEssentials
package import Postgres
package import Records

/// What a name means.
package enum JobMatch: Equatable, Sendable {
    /// `others`: earlier jobs of the same label, the latest first.
    case found(JobStatus, others: [JobStatus])
    /// The beginning of several ids; the first ten of them.
    case ambiguous([JobStatus])
    case none
}

/// One thread at a time, on the connection it was given, to a migrated database (`DatabaseInfo.read`).
package struct JobReader {
    let connection: Connection
    /// Jobs that were asked for and could not be read; they are left out of the answers.
    package let damaged = DamagedJobs()

    package init(_ connection: Connection) { self.connection = connection }

    /// The job that `name` means: the latest of that label, byte for byte; else the one whose id begins so (six
    /// characters or more, in Crockford's base32: either case, o for 0, i and l for 1). "-" is that of other producers.
    /// - Throws: `PipelineError` if all that it means cannot be read.
    package func find(_ name: String) throws -> JobMatch {
        let labelled = try readable(query(PackageResources.jobs_by_label_sql, [.text(name)]))
        if let latest = labelled.first { return .found(latest, others: Array(labelled.dropFirst())) }
        guard let prefix = Self.idPrefix(name) else { return .none }
        let matches = try readable(query(PackageResources.jobs_by_prefix_sql, [.text(prefix), .int(10)]))
        return matches.count > 1 ? .ambiguous(matches) : matches.first.map { .found($0, others: []) } ?? .none
    }

    /// All jobs with these bytes, the latest push first.
    package func find(content: ContentHash, size: Int64) throws -> [JobStatus] {
        try readable(query(PackageResources.jobs_by_content_sql, [.text(content.text), .int(size)]))
    }

    /// - Throws: if there are some, but none of them can be read.
    private func readable(_ ids: [JobID]) throws -> [JobStatus] {
        let statuses = try statuses(ids)
        if statuses.isEmpty, let damaged = damaged.jobs.first(where: { ids.contains($0.id) }) {
            throw PipelineError.configuration(damaged.sentence)
        }
        return statuses
    }

    /// Jobs with a sign of life in the last `seconds`, the latest push first; nil: all.
    package func jobs(since seconds: Double?, label: String? = nil) throws -> [JobStatus] {
        try statuses(
            query(PackageResources.jobs_since_sql, [.optional(seconds.map { String($0) }), .optional(label)]))
    }

    /// In the order of `ids`, all in one snapshot; those that the database does not know are left out, and those that are
    /// `damaged`.
    package func statuses(_ ids: [JobID]) throws -> [JobStatus] {
        guard !ids.isEmpty else { return [] }
        return try knowingWhatHoldsThemUp(read(ids[...]))
    }

    private func read(_ ids: ArraySlice<JobID>) throws -> [JobStatus] {
        let answer = Result { () throws(PostgresError) in
            try connection.queryUncompiled(SQL.text(PackageResources.job_status_sql), [.array(ids.map(\.uuid))])
        }
        // A value of one of them is not to take the others away.
        if case .failure(let error) = answer, canAskAgain(error) {
            if ids.count == 1, let id = ids.first {
                damaged.add(
                    DamagedJob(id: id, reason: "its rows in the schema userload cannot be read: \(error.firstLine)"))
                return []
            }
            let middle = ids.startIndex + ids.count / 2
            return try read(ids[..<middle]) + read(ids[middle...])
        }
        let rows = try answer.get()
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .millisecondsSince1970
        return rows.compactMap { row in
            guard let id = row.string(0).flatMap(JobID.init(uuid:)) else { return nil }
            do {
                let json = Data(row.bytes(1) ?? .init(start: nil, count: 0))
                let status = try decoder.decode(JobStatus.self, from: json)
                if status.id == id { return status }
                damaged.add(DamagedJob(id: id, in: "jobs", column: "id_text", isNot: "the text of its id"))
            } catch {
                damaged.add(DamagedJob(id: id, error))
            }
            return nil
        }
    }

    /// Takes a job off the list of open ones until more of it comes; the job "-" has no end to give up.
    /// - Returns: false if there is no such job.
    package func abandon(_ id: JobID) throws(PostgresError) -> Bool {
        try connection.query(SQL.text(PackageResources.abandon_sql), [.text(id.uuid)]).affected == 1
    }

    /// A person was told of their rejects, as many as they have here.
    package func noteTold(_ jobs: [JobStatus]) throws(PostgresError) {
        let news = jobs.filter { $0.rejected > $0.toldRejects }
        guard !news.isEmpty else { return }
        _ = try connection.query(
            SQL.text(PackageResources.jobs_told_sql), [.array(news.map(\.id.uuid)), .array(news.map(\.rejected))])
    }

    /// All rejects of a job, one by one, in the order of the file; those of the job "-" in the order of Kafka.
    /// - Parameter all: also those that were fixed since.
    package func rejects(of id: JobID, all: Bool = false, _ body: (Reject) throws -> Void) throws {
        let decoder = JSONDecoder()
        try connection.stream(SQL.text(PackageResources.rejects_sql), [.text(id.uuid), .bool(all)]) { row in
            let errors = row.bytes(5).flatMap { try? decoder.decode([FieldError].self, from: Data($0)) }
            try body(
                Reject(
                    line: Int64(row.int(0) ?? 0), byteOffset: Int64(row.int(1) ?? 0), length: Int64(row.int(2) ?? 0),
                    form: row.string(3).flatMap(Reject.Form.init) ?? .raw, bytes: row.bytea(4) ?? [],
                    errors: errors ?? [], partition: Int32(clamping: row.int(6) ?? 0),
                    kafkaOffset: Int64(row.int(7) ?? 0), seq: Int64(row.int(8) ?? 0),
                    isFixed: row.bool(9) ?? false))
        }
    }

    /// All rejects of a job, counted by code.
    /// - Parameter all: also those that were fixed since.
    package func rejectCodes(of id: JobID, all: Bool = false) throws(PostgresError) -> RejectCodes {
        let job = [Parameter.text(id.uuid), .bool(all)]
        var codes = RejectCodes()
        let count = try connection.query(SQL.text(PackageResources.reject_counts_sql), job)
        codes.rejects = Int64(count.first?.int(0) ?? 0)
        codes.codes = try connection.query(SQL.text(PackageResources.reject_codes_sql), job).map {
            RejectCodes.Code(code: $0.string(0) ?? "", count: Int64($0.int(1) ?? 0))
        }
        let truncated = try connection.query(
            SQL.text(PackageResources.reject_truncated_sql), job + [.int(RejectCodes.truncatedListed)])
        codes.truncated = Int64(truncated.first?.int(5) ?? 0)
        codes.firstTruncated = truncated.map {
            RejectCodes.Place(
                line: Int64($0.int(0) ?? 0), byteOffset: Int64($0.int(1) ?? 0), length: Int64($0.int(2) ?? 0),
                partition: Int32(clamping: $0.int(3) ?? 0), kafkaOffset: Int64($0.int(4) ?? 0))
        }
        return codes
    }

    /// What is wrong with the first rejects of a job.
    package func errors(of ids: [JobID]) throws(PostgresError) -> [JobID: JobErrors] {
        var errors: [JobID: JobErrors] = [:]
        var rest = ids[...]
        while !rest.isEmpty {
            try addErrors(of: rest.prefix(JobErrors.jobsOfAQuestion), to: &errors)
            rest = rest.dropFirst(JobErrors.jobsOfAQuestion)
        }
        return errors
    }

    private func addErrors(of ids: ArraySlice<JobID>, to found: inout [JobID: JobErrors]) throws(PostgresError) {
        let question: [Parameter] = [
            .array(ids.map(\.uuid)), .int(JobErrors.rejectsLookedAt), .int(JobErrors.codesTold),
            .int(ErrorTally.exampleCount), .int(JobErrors.recordBytes), .int(JobErrors.recordErrors),
        ]
        let answer = Result { () throws(PostgresError) in
            try connection.query(SQL.text(PackageResources.job_errors_sql), question)
        }
        if case .failure(let error) = answer, canAskAgain(error) {
            if ids.count == 1, let id = ids.first {
                damaged.add(
                    DamagedJob(id: id, reason: "its rows in userload.rejects cannot be read: \(error.firstLine)"))
                return
            }
            let middle = ids.startIndex + ids.count / 2
            try addErrors(of: ids[..<middle], to: &found)
            return try addErrors(of: ids[middle...], to: &found)
        }
        let rows = try answer.get()
        for row in rows {
            guard let id = row.string(0).flatMap(JobID.init(uuid:)) else { continue }
            found[id, default: JobErrors()].add(row)
        }
    }

    /// A value in the tables is at fault, and the connection can be used on.
    private func canAskAgain(_ error: PostgresError) -> Bool {
        error.isData && !connection.isBroken && connection.transactionStatus == .idle
    }

    private func query(_ file: [UInt8], _ parameters: [Parameter]) throws -> [JobID] {
        try connection.query(SQL.text(file), parameters).compactMap { $0.string(0).flatMap(JobID.init(uuid:)) }
    }

    /// As `JobID.text` has it; nil if no id begins so.
    static func idPrefix(_ name: String) -> String? {
        if name == "-" { return name }
        return (6...26).contains(name.utf8.count) ? Crockford.folded(name) : nil
    }
}

extension JobErrors {
    /// A row of job_errors.sql.
    fileprivate mutating func add(_ row: Row) {
        let code = row.string(1) ?? ""
        if codes.last?.code != code {
            codes.append(Code(code: code, count: Int64(row.int(2) ?? 0), first: []))
            rejects = Int64(row.int(3) ?? 0)
            others = max(0, (row.int(4) ?? 0) - Self.codesTold)
        }
        codes[codes.count - 1].first.append(
            Example(
                line: Int64(row.int(5) ?? 0), partition: Int32(clamping: row.int(6) ?? 0),
                kafkaOffset: Int64(row.int(7) ?? 0),
                error: FieldError(field: row.string(8) ?? "", code: code, message: row.string(9) ?? ""),
                form: row.string(10).flatMap(Reject.Form.init) ?? .raw, bytes: row.bytea(11) ?? []))
    }
}
