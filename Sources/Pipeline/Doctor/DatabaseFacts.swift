// What `doctor` finds out about the database; it changes nothing there.

package import Foundation
internal import Postgres
internal import Records

package struct DatabaseFacts: Sendable {
    /// "crm on db1 as etl"; nil: no connection came about.
    package var place: String?
    /// Why not, or why a later question was not answered.
    package var problem: PipelineError?
    /// "15.8".
    package var serverVersion = ""
    package var encoding = ""
    /// A standby takes no writes.
    package var isStandby = false
    /// What answers is not what we are connected with.
    package var hasPooler = false
    /// The server's clock less this host's, in seconds, and how far that may be off.
    package var skew: Double?
    package var skewError = 0.0

    /// nil: the schema was never made.
    package var schemaVersion: Int?
    package static let knownSchemaVersion = Migration.latest
    /// Of a schema that is as it must be.
    package var info: DatabaseInfo?
    /// Why batches could not be loaded into the table.
    package var tableProblem: PipelineError?
    /// Rows go in by INSERT in place of COPY, because of triggers.
    package var needsInsert = false
    /// Names of triggers that are not ours.
    package var triggers: String?
    package var hasRowSecurity = false
    /// A right that is missing, with the GRANT in the hint.
    package var rightsProblem: PipelineError?
    package var labels: [NewestRun] = []
    /// How many there are beside those in `labels`.
    package var otherRuns = 0

    package init() {}
}

/// The newest run of a label on one host.
package struct NewestRun: Equatable, Sendable {
    package var label: String
    package var host: String?
    package var at: Date
    package var files: Int
    /// Of those files: jobs that the database knows, and those completed.
    package var jobs: Int
    package var completed: Int
    /// Of jobs of whose rejects a person was not told of all, and those of them fixed since.
    package var rejected: Int
    package var fixed: Int
    /// States of the jobs that are not completed.
    package var otherStates: String?

    package init(
        label: String, host: String?, at: Date, files: Int, jobs: Int, completed: Int, rejected: Int = 0,
        fixed: Int = 0, otherStates: String? = nil
    ) {
        self.label = label
        self.host = host
        self.at = at
        self.files = files
        self.jobs = jobs
        self.completed = completed
        self.rejected = rejected
        self.fixed = fixed
        self.otherStates = otherStates
    }
}

extension DatabaseFacts {
    /// More are not looked at.
    package static let runLimit = 50
    package static let runLimitOfALabel = 20

    /// - Parameter isCancelled: asked in every step of a wait. A server that does not answer ends it after seconds.
    package static func ask(
        _ target: DatabaseTarget, now: @escaping () -> Date = { Date() },
        isCancelled: @escaping @Sendable () -> Bool
    ) -> DatabaseFacts {
        var facts = DatabaseFacts()
        do {
            let connection = try Connection(target.settings, timeout: .seconds(5), interrupt: isCancelled)
            defer { connection.close() }
            // A server that accepts connections and answers nothing is away.
            connection.deadline = .now + .seconds(10)
            facts.place = "\(connection.place) as \(connection.user)"
            try facts.ask(connection, now)
        } catch let error as PostgresError where error.kind == .interrupted && !isCancelled() {
            facts.problem = .postgres("Postgres does not answer: no answer in 10 s")
        } catch {
            facts.problem = fatalFailure(error) ?? .postgres("no answer from Postgres: \(sentence(error))")
        }
        return facts
    }

    private mutating func ask(_ connection: Connection, _ now: () -> Date) throws {
        encoding = connection.serverEncoding
        let before = now()
        let server = try connection.query(SQL.text(PackageResources.doctor_server_sql))[0]
        let after = now()
        hasPooler = server.int(0).map { $0 != connection.serverProcess } ?? false
        isStandby = server.bool(1) ?? false
        skewError = after.timeIntervalSince(before) / 2
        skew = server.double(2).map { $0 / 1000 - (before.timeIntervalSince1970 + skewError) }
        serverVersion = server.string(3) ?? ""
        // A pooler that pools statements refuses this.
        try connection.execute("BEGIN READ ONLY")
        try connection.execute("COMMIT")
        guard let found = try DatabaseInfo.readIfMade(connection) else { return }
        schemaVersion = found.schemaVersion
        guard found.schemaVersion == Migration.latest else { return }
        info = found
        try askTable(connection, found)
        try askLabels(connection)
    }

    private mutating func askTable(_ connection: Connection, _ info: DatabaseInfo) throws {
        do {
            try Rights.check(connection, info, updating: false)
            _ = try info.identity(connection)
        } catch let error as PipelineError {
            rightsProblem = error
        }
        let name: [Parameter] = [.optional(info.name.schema), .text(info.name.table)]
        guard let row = try connection.query(SQL.text(PackageResources.doctor_table_sql), name).first else {
            tableProblem = .configuration("table \(info.tableName) is gone from \(connection.place)")
            return
        }
        hasRowSecurity = row.bool(0) ?? false
        triggers = row.string(1)
        do {
            needsInsert = try TableFacts(connection, info, look: LoaderStatements.table(info)).needsInsert
        } catch let error as PipelineError {
            tableProblem = error
        } catch SQLState.insufficientPrivilege {
            // Said with the rights.
        }
    }

    private mutating func askLabels(_ connection: Connection) throws {
        do {
            let rows = try connection.queryUncompiled(
                SQL.text(PackageResources.doctor_labels_sql), [.int(Self.runLimit), .int(Self.runLimitOfALabel)])
            labels = rows.map(NewestRun.init)
            otherRuns = max(0, (rows.first?.int(9) ?? 0) - labels.count)
        } catch {
            // A role that only loads need not read them.
            guard error.sqlstate == .insufficientPrivilege else { throw error }
        }
    }
}

extension NewestRun {
    /// A row of doctor_labels.sql.
    fileprivate init(_ row: Row) {
        self.init(
            label: row.string(0) ?? "", host: row.string(1),
            at: Date(timeIntervalSince1970: (row.double(2) ?? 0) / 1000), files: row.int(3) ?? 0,
            jobs: row.int(4) ?? 0, completed: row.int(5) ?? 0, rejected: row.int(6) ?? 0, fixed: row.int(7) ?? 0,
            otherStates: row.string(8))
    }
}
