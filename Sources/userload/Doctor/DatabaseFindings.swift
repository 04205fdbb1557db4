// What `doctor` makes of what it found out about the database.

import CommandLineOptions
import Foundation
import Pipeline
import Records

/// - Parameter wantedKey: what USERLOAD_UNIQUE_KEY says; nil: nothing.
func databaseFindings(_ facts: DatabaseFacts, libpq: String, wantedKey: KeyFields?) -> [Finding] {
    let library = Finding.ok("libpq", libpq)
    guard let place = facts.place, facts.serverVersion != "" else {
        return [library, connection(facts), .notTested("schema", "no database answered")]
    }
    var findings = [library]
    findings.append(server(facts, place))
    findings.append(pooler(facts))
    findings.append(clock(facts))
    findings.append(schema(facts, place))
    if let problem = facts.problem {
        findings.append(.fail("database", problem.message, problem.hint ?? "see the log of Postgres"))
    }
    guard let info = facts.info else { return findings }
    findings.append(rights(facts))
    findings += table(facts, info)
    if let wantedKey, wantedKey != info.keyFields {
        findings.append(
            .fail(
                "unique key",
                "USERLOAD_UNIQUE_KEY is \(wantedKey.text), that of \(info.tableName) is \(info.keyFields.text)",
                "USERLOAD_UNIQUE_KEY=\(info.keyFields.text), or `userload migrate` to change the table's"))
    } else {
        findings.append(.ok("unique key", info.keyFields.text))
    }
    return findings
}

private func connection(_ facts: DatabaseFacts) -> Finding {
    let advice =
        "DATABASE_URL, or DB_HOST, DB_PORT, DB_NAME and DB_USER, name yours; is it up, and reachable from here?"
    guard let problem = facts.problem else { return .notTested("database", "not asked") }
    return .fail("database", problem.message, problem.hint ?? advice)
}

private func server(_ facts: DatabaseFacts, _ place: String) -> Finding {
    if isOlder(facts.serverVersion, than: [15]) {
        return .fail("database", "\(place) runs Postgres \(facts.serverVersion)", "userload needs Postgres 15 or newer")
    }
    if facts.encoding != "UTF8" {
        return .fail(
            "database", "\(place) is encoded in \(facts.encoding)",
            "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0")
    }
    if facts.isStandby {
        return .fail("database", "\(place) is a standby, which takes no writes", "name the primary in DATABASE_URL")
    }
    return .ok("database", "\(place), Postgres \(facts.serverVersion)")
}

private func pooler(_ facts: DatabaseFacts) -> Finding {
    facts.hasPooler
        ? .ok("pooler", "one is in between, like PgBouncer, and it lets transactions through")
        : .ok("pooler", "none in between")
}

private func clock(_ facts: DatabaseFacts) -> Finding {
    guard let skew = facts.skew else { return .notTested("clock of Postgres", "it did not say") }
    guard abs(skew) - facts.skewError > 5 else {
        return .ok("clock of Postgres", "within 5 s of this host's")
    }
    return .warn(
        "clock of Postgres", "\(skew > 0 ? "ahead of" : "behind") this host's by \(ageText(seconds: abs(skew)))",
        "let NTP set the clocks of both (timedatectl status)")
}

private func schema(_ facts: DatabaseFacts, _ place: String) -> Finding {
    let known = DatabaseFacts.knownSchemaVersion
    switch facts.schemaVersion {
    case nil where facts.problem != nil: return .notTested("schema", "it could not be read")
    case nil:
        return .warn(
            "schema", "there is no schema userload yet",
            "`userload load` and `userload work` create it; or `userload migrate`, as a role that may")
    case let version? where version < known:
        return .fail("schema", "version \(version), this userload needs \(known)", "userload migrate")
    case let version? where version > known:
        return .fail("schema", "version \(version), this userload knows \(known)", "upgrade userload")
    case let version?: return .ok("schema", "version \(version)")
    }
}

private func rights(_ facts: DatabaseFacts) -> Finding {
    guard let problem = facts.rightsProblem else { return .ok("rights in Postgres", "all that loading takes") }
    return .fail("rights in Postgres", problem.message, problem.hint ?? "samples/grants.sql has them all")
}

private func table(_ facts: DatabaseFacts, _ info: DatabaseInfo) -> [Finding] {
    var findings: [Finding] = []
    if let problem = facts.tableProblem {
        findings.append(.fail("table", problem.message, problem.hint ?? "userload migrate"))
    } else if facts.rightsProblem == nil {
        findings.append(.ok("table", "\(info.tableName): columns and unique index are as they must be"))
    }
    if facts.hasRowSecurity {
        findings.append(
            .fail(
                "row security", "it applies to this role on \(info.tableName): COPY is refused",
                "let a role load that has BYPASSRLS, or that owns the table"))
    }
    if facts.needsInsert {
        findings.append(
            .warn(
                "triggers",
                "\(facts.triggers ?? "one") on \(info.tableName): rows are loaded by INSERT in place of COPY",
                "an AFTER trigger, or one FOR EACH STATEMENT, does not slow loading down"))
    } else if let triggers = facts.triggers {
        findings.append(.ok("triggers", triggers))
    }
    return findings
}

/// The newest run of each label and host.
/// - Parameter others: those that were not looked at.
func labelFindings(_ runs: [NewestRun], others: Int = 0, times: Times) -> [Finding] {
    let findings = runs.map { run -> Finding in
        let name = "label \(run.label)"
        let host = run.host.map { " by \($0)" } ?? ""
        let when = "\(times.dayAndTime(run.at))\(host) (\(times.ago(run.at)))"
        let rejects = run.rejected > 0 ? ", \(counted(run.rejected, "reject"))\(fixedSince(Int64(run.fixed)))" : ""
        guard run.completed < run.files else {
            return .ok(name, "\(when): \(counted(run.files, "file")) completed\(rejects)")
        }
        var reasons = run.otherStates.map { [$0] } ?? []
        if run.jobs < run.files { reasons.append("\(run.files - run.jobs) not in the database") }
        return .warn(
            name,
            "\(when): \(run.completed) of \(counted(run.files, "file")) completed (\(reasons.joined(separator: "; ")))"
                + rejects, "userload status \(shellQuoted(run.label))")
    }
    guard others > 0 else { return findings }
    let (whose, verb) = others == 1 ? ("its", "was") : ("their", "were")
    return findings + [
        .notTested(
            "labels", "\(counted(others, "more run")), the latest of \(whose) label and host, \(verb) not looked at")
    ]
}
